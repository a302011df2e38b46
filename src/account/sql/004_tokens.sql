-- Refresh tokens of native clients, mail addresses, and the one-time links that are sent by mail.

-- A session that is kept by a device key. Its tokens are the rows of account_refresh.
CREATE TABLE account_refresh_device (
    session TEXT NOT NULL PRIMARY KEY REFERENCES account_session (id) ON DELETE CASCADE, -- class: internal; purpose: the session, which is the family of tokens; retention: until it ends
    device_key BYTEA NOT NULL         -- class: internal; purpose: public key that must sign for each new token; retention: until the session ends
);

-- One row a token, used ones included: a used one that comes again is how theft shows.
CREATE TABLE account_refresh (
    token_hash BYTEA NOT NULL PRIMARY KEY, -- class: secret; purpose: SHA-256 of the refresh token; retention: 7 days after its use
    session TEXT NOT NULL REFERENCES account_refresh_device (session) ON DELETE CASCADE, -- class: internal; purpose: family; retention: 7 days after its use
    parent BYTEA,                     -- class: secret; purpose: hash of the token before it; retention: 7 days after its use
    successor BYTEA,                  -- class: secret; purpose: the pair that followed, sealed under this token, for a lost answer; retention: until the successor is used
    access_hash BYTEA NOT NULL,       -- class: secret; purpose: SHA-256 of the access token given with it; retention: 7 days after its use
    access_expires BIGINT NOT NULL,   -- class: internal; purpose: end of that access token, ms UTC; retention: 7 days after its use
    consumed BIGINT NOT NULL          -- class: internal; purpose: when it was first used, ms UTC, 0 = not yet; retention: 7 days after its use
);
CREATE INDEX account_refresh_by_session ON account_refresh (session);
CREATE INDEX account_refresh_by_access ON account_refresh (access_expires);

-- The confirmed address of a person.
CREATE TABLE account_mail (
    account TEXT NOT NULL PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE, -- class: internal; purpose: whose address; retention: until changed
    address TEXT NOT NULL UNIQUE,     -- class: personal; purpose: recovery of the password, news about the account; retention: until changed
    verified BIGINT NOT NULL          -- class: personal; purpose: when it was confirmed, ms UTC; retention: until changed
);

-- Links that were mailed and are still open: use, replacement and expiry remove the row.
CREATE TABLE account_mail_link (
    token_hash BYTEA NOT NULL PRIMARY KEY, -- class: secret; purpose: SHA-256 of the link's token; retention: 30 minutes or one use
    kind TEXT NOT NULL,               -- class: internal; purpose: 'verify', 'recover' or 'register'; retention: 30 minutes or one use
    account TEXT REFERENCES account (id) ON DELETE CASCADE, -- class: internal; purpose: whose link, NULL = nobody yet; retention: 30 minutes or one use
    address TEXT NOT NULL,            -- class: personal; purpose: where it was sent, what it confirms; retention: 30 minutes or one use
    expires BIGINT NOT NULL           -- class: internal; purpose: when it ends, ms UTC; retention: 30 minutes or one use
);
CREATE INDEX account_mail_link_by_address ON account_mail_link (address);
