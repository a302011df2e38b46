-- People of this box (today: its owner), their login sessions, the browsers they came with, the
-- one-time setup link, and what happened to accounts.

CREATE TABLE account (
    id TEXT NOT NULL PRIMARY KEY,     -- class: internal; purpose: names the account everywhere; retention: until the account is closed
    name TEXT NOT NULL UNIQUE,        -- class: personal; purpose: login and display; retention: until the account is closed
    role TEXT NOT NULL,               -- class: internal; purpose: rights ('owner'); retention: until the account is closed
    password TEXT NOT NULL,           -- class: secret; purpose: argon2id PHC string, '' = void; retention: until changed
    lang TEXT NOT NULL,               -- class: personal; purpose: language of the console; retention: until the account is closed
    theme TEXT NOT NULL,              -- class: personal; purpose: look of the console; retention: until the account is closed
    created BIGINT NOT NULL,          -- class: personal; purpose: when it was made, ms UTC; retention: until the account is closed
    password_set BIGINT NOT NULL      -- class: personal; purpose: age of the password, ms UTC; retention: until the account is closed
);

CREATE TABLE account_session (
    id TEXT NOT NULL PRIMARY KEY,     -- class: internal; purpose: names the session in lists; retention: until it ends
    account TEXT NOT NULL REFERENCES account (id), -- class: internal; purpose: whose session; retention: until it ends
    token_hash BYTEA NOT NULL UNIQUE, -- class: secret; purpose: SHA-256 of the token; retention: until it ends
    csrf_secret BYTEA NOT NULL,       -- class: secret; purpose: key of the page's token; retention: until it ends
    bearer BIGINT NOT NULL,           -- class: internal; purpose: 1 = native client, 0 = cookie; retention: until it ends
    created BIGINT NOT NULL,          -- class: personal; purpose: session list, ms UTC; retention: until it ends
    last_seen BIGINT NOT NULL,        -- class: personal; purpose: idle limit and session list, ms UTC; retention: until it ends
    expires BIGINT NOT NULL,          -- class: internal; purpose: absolute limit, ms UTC; retention: until it ends
    source TEXT NOT NULL,             -- class: personal; purpose: address at login, for the session list; retention: until it ends
    client TEXT NOT NULL              -- class: personal; purpose: user agent at login, for the session list; retention: until it ends
);

-- At most one row of each kind: 'start' is replaced by every start while it is unused, 'reset' was
-- printed by `skep owner reset` and outlives a start. Use of either removes both.
CREATE TABLE account_setup_token (
    token_hash BYTEA NOT NULL PRIMARY KEY, -- class: secret; purpose: SHA-256 of the link's token; retention: 24 hours or one use
    kind TEXT NOT NULL,               -- class: internal; purpose: 'start' or 'reset'; retention: 24 hours or one use
    created BIGINT NOT NULL,          -- class: internal; purpose: when it was made, ms UTC; retention: 24 hours or one use
    expires BIGINT NOT NULL           -- class: internal; purpose: when it ends, ms UTC; retention: 24 hours or one use
);

CREATE TABLE account_browser (
    id TEXT NOT NULL PRIMARY KEY,     -- class: internal; purpose: known browser, for the login throttle; retention: 400 days after its last login
    account TEXT NOT NULL REFERENCES account (id), -- class: internal; purpose: whose browser; retention: 400 days after its last login
    token_hash BYTEA NOT NULL UNIQUE, -- class: secret; purpose: SHA-256 of its cookie; retention: 400 days after its last login
    last_login BIGINT NOT NULL        -- class: personal; purpose: age of the mark, ms UTC; retention: 400 days after its last login
);

CREATE TABLE account_event (
    id TEXT NOT NULL PRIMARY KEY,     -- class: internal; purpose: row identity; retention: 400 days
    at BIGINT NOT NULL,               -- class: personal; purpose: when, ms UTC; retention: 400 days
    kind TEXT NOT NULL,               -- class: internal; purpose: what ('setup', 'login', 'owner-reset', ...); retention: 400 days
    account TEXT NOT NULL,            -- class: internal; purpose: whose account, '' = none yet; retention: 400 days
    source TEXT NOT NULL,             -- class: personal; purpose: from where, '' = the box itself; retention: 400 days
    detail TEXT NOT NULL              -- class: internal; purpose: session id or what the kind says; retention: 400 days
);
CREATE INDEX account_event_by_time ON account_event (at);
