-- The numbers of hosts: metrics.db, a file of its own (monitor.md).

CREATE TABLE metrics_hot (
    slot BIGINT NOT NULL,              -- class: internal; purpose: wall time / 10 s; retention: until sealed, about 3 h
    host BIGINT NOT NULL,              -- class: internal; purpose: number of the host; retention: until sealed, about 3 h
    data BYTEA NOT NULL,                -- class: internal; purpose: mask and values of one tick; retention: until sealed, about 3 h
    PRIMARY KEY (slot, host)
);

CREATE TABLE metrics_chunk (
    host BIGINT NOT NULL,              -- class: internal; purpose: number of the host; retention: by tier
    tier BIGINT NOT NULL,              -- class: internal; purpose: 0 = 10 s, 1 = a minute, 2 = an hour; retention: by tier
    t0 BIGINT NOT NULL,                -- class: internal; purpose: begin of its window, ms UTC; retention: by tier
    data BYTEA NOT NULL,                -- class: internal; purpose: sealed series, see chunk.h; retention: 72 h, 30 days, 1 year
    PRIMARY KEY (host, tier, t0)
);
