-- Sources that are treated otherwise than the rest, and those that never are.

CREATE TABLE guard_entry (
    id TEXT NOT NULL PRIMARY KEY,      -- class: internal; purpose: name of the row; retention: until it ends
    prefix TEXT NOT NULL,              -- class: personal; purpose: address or network that is treated; retention: until it ends
    stage TEXT NOT NULL,               -- class: internal; purpose: 'slow', 'challenge', 'refuse'; retention: until it ends
    reason TEXT NOT NULL,              -- class: internal; purpose: the sign that brought it here, or 'manual'; retention: until it ends
    score BIGINT NOT NULL,             -- class: internal; purpose: score when it was entered; retention: until it ends
    strikes BIGINT NOT NULL,           -- class: internal; purpose: how often it was refused; retention: until it ends
    since BIGINT NOT NULL,             -- class: internal; purpose: when it began, ms UTC; retention: until it ends
    until BIGINT NOT NULL,             -- class: internal; purpose: when it ends, ms UTC; retention: until it ends
    actor TEXT NOT NULL,               -- class: personal; purpose: account that entered it, '' = the guard; retention: until it ends
    note TEXT NOT NULL                 -- class: internal; purpose: why, in that person's words; retention: until it ends
);

CREATE TABLE guard_allow (
    id TEXT NOT NULL PRIMARY KEY,      -- class: internal; purpose: name of the row; retention: until removed
    prefix TEXT NOT NULL UNIQUE,       -- class: personal; purpose: address or network that is never treated; retention: until removed
    note TEXT NOT NULL,                -- class: internal; purpose: whose it is; retention: until removed
    actor TEXT NOT NULL,               -- class: personal; purpose: account that entered it; retention: until removed
    at BIGINT NOT NULL                 -- class: internal; purpose: when, ms UTC; retention: until removed
);

CREATE TABLE guard_switch (
    id BIGINT NOT NULL PRIMARY KEY,    -- class: internal; purpose: always 1; retention: for good
    dry_run BIGINT NOT NULL            -- class: internal; purpose: 1 = judge and show, do nothing; retention: for good
);
