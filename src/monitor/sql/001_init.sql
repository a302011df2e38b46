-- Hosts that are monitored, and the tokens by which they come. Their numbers are in metrics.db.

CREATE TABLE monitor_host (
    id TEXT NOT NULL PRIMARY KEY,      -- class: internal; purpose: name in the API and in its certificate; retention: until removed
    number BIGINT NOT NULL UNIQUE,     -- class: internal; purpose: key of its rows in metrics.db; retention: until removed
    name TEXT NOT NULL,                -- class: internal; purpose: shown to people; retention: until removed
    region TEXT NOT NULL,              -- class: internal; purpose: country or region, as told by who enrolled it; retention: until removed
    cert_serial BYTEA NOT NULL,         -- class: internal; purpose: the one certificate that may link; retention: until removed
    simulated BIGINT NOT NULL,         -- class: internal; purpose: 1 = of the simulation; retention: until removed
    enrolled BIGINT NOT NULL           -- class: internal; purpose: when it came, ms UTC; retention: until removed
);

CREATE TABLE monitor_token (
    id TEXT NOT NULL PRIMARY KEY,      -- class: internal; purpose: name of the token; retention: a day after it ended
    token_hash BYTEA NOT NULL UNIQUE,   -- class: secret; purpose: SHA-256 of the token; retention: a day after it ended
    name TEXT NOT NULL,                -- class: internal; purpose: name that the host gets; retention: a day after it ended
    region TEXT NOT NULL,              -- class: internal; purpose: region that the host gets; retention: a day after it ended
    account TEXT NOT NULL,             -- class: personal; purpose: who made it; retention: a day after it ended
    expires BIGINT NOT NULL,           -- class: internal; purpose: when it ends, ms UTC; retention: a day after it ended
    count BIGINT NOT NULL,             -- class: internal; purpose: hosts that may come by it; retention: a day after it ended
    used BIGINT NOT NULL,              -- class: internal; purpose: hosts that came; retention: a day after it ended
    simulated BIGINT NOT NULL          -- class: internal; purpose: 1 = for simulated hosts; retention: a day after it ended
);
