-- Second factors: time codes, recovery codes, passkeys.

CREATE TABLE account_totp (
    account TEXT NOT NULL PRIMARY KEY REFERENCES account (id), -- class: internal; purpose: whose; retention: until switched off
    secret BYTEA NOT NULL,            -- class: secret; purpose: key of the codes, sealed under the pepper; retention: until switched off
    last_step BIGINT NOT NULL,        -- class: internal; purpose: a code works once: last time step used; retention: until switched off
    created BIGINT NOT NULL           -- class: personal; purpose: shown to its owner, ms UTC; retention: until switched off
);

-- Unused codes only: use removes the row.
CREATE TABLE account_recovery (
    account TEXT NOT NULL REFERENCES account (id), -- class: internal; purpose: whose; retention: one use, or until made anew
    code_hash BYTEA NOT NULL,         -- class: secret; purpose: SHA-256 of account and code (80 random bits); retention: one use, or until made anew
    created BIGINT NOT NULL,          -- class: personal; purpose: shown to its owner, ms UTC; retention: one use, or until made anew
    PRIMARY KEY (account, code_hash)
);

CREATE TABLE account_passkey (
    id TEXT NOT NULL PRIMARY KEY,     -- class: internal; purpose: names the passkey in lists; retention: until removed
    account TEXT NOT NULL REFERENCES account (id), -- class: internal; purpose: whose; retention: until removed
    credential BYTEA NOT NULL UNIQUE, -- class: internal; purpose: the authenticator's own id of it; retention: until removed
    public_key BYTEA NOT NULL,        -- class: internal; purpose: COSE_Key that its signatures are checked with; retention: until removed
    sign_count BIGINT NOT NULL,       -- class: internal; purpose: a copy shows when it falls back; retention: until removed
    backed_up BIGINT NOT NULL,        -- class: personal; purpose: 1 = kept by a service of its owner's; retention: until removed
    name TEXT NOT NULL,               -- class: personal; purpose: as its owner calls it; retention: until removed
    created BIGINT NOT NULL,          -- class: personal; purpose: shown to its owner, ms UTC; retention: until removed
    last_used BIGINT NOT NULL         -- class: personal; purpose: shown to its owner, ms UTC, 0 = never; retention: until removed
);
CREATE INDEX account_passkey_by_account ON account_passkey (account);
