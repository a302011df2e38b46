-- Client applications: what they may, and what they sign with.

CREATE TABLE app (
    id TEXT NOT NULL PRIMARY KEY,     -- class: internal; purpose: the AppKey, names the app everywhere; retention: until it is removed
    account TEXT NOT NULL,            -- class: internal; purpose: whose rights it acts with; retention: until it is removed
    name TEXT NOT NULL,               -- class: personal; purpose: what its maker calls it; retention: until it is removed
    scopes TEXT NOT NULL,             -- class: internal; purpose: actions it may ask for, blank between; retention: until it is removed
    rate BIGINT NOT NULL,             -- class: internal; purpose: requests a second; retention: until it is removed
    burst BIGINT NOT NULL,            -- class: internal; purpose: requests at once; retention: until it is removed
    quota BIGINT NOT NULL,            -- class: internal; purpose: requests a day (UTC), 0 = no limit; retention: until it is removed
    sources TEXT NOT NULL,            -- class: personal; purpose: networks it may come from, blank between, '' = any; retention: until it is removed
    state TEXT NOT NULL,              -- class: internal; purpose: 'active' or 'killed'; retention: until it is removed
    created BIGINT NOT NULL,          -- class: internal; purpose: when it was made, ms UTC; retention: until it is removed
    killed BIGINT NOT NULL,           -- class: internal; purpose: when it was killed, ms UTC, 0 = never; retention: until it is removed
    effect_ms BIGINT NOT NULL,        -- class: internal; purpose: how long the last kill took to act, -1 = none; retention: until it is removed
    last_used BIGINT NOT NULL,        -- class: personal; purpose: last request, ms UTC, 0 = never; retention: until it is removed
    last_source TEXT NOT NULL,        -- class: personal; purpose: address of the last request; retention: until it is removed
    used_day BIGINT NOT NULL,         -- class: internal; purpose: day that used_count is of, days since 1970; retention: until it is removed
    used_count BIGINT NOT NULL        -- class: internal; purpose: requests of that day, for the quota; retention: until it is removed
);
CREATE INDEX app_by_account ON app (account);

-- One, or two while a rotation overlaps.
CREATE TABLE app_credential (
    id TEXT NOT NULL PRIMARY KEY,     -- class: internal; purpose: names the credential in the log; retention: until it ends
    app TEXT NOT NULL REFERENCES app (id) ON DELETE CASCADE, -- class: internal; purpose: whose credential; retention: until it ends
    kind TEXT NOT NULL,               -- class: internal; purpose: 'hmac-sha256' or 'ecdsa-p256-sha256'; retention: until it ends
    material BYTEA NOT NULL,          -- class: secret; purpose: the secret, sealed under keys/app, or the public key; retention: until it ends
    created BIGINT NOT NULL,          -- class: internal; purpose: when it was made, ms UTC; retention: until it ends
    ends BIGINT NOT NULL              -- class: internal; purpose: end of the overlap, ms UTC, 0 = open; retention: until it ends
);
CREATE INDEX app_credential_by_app ON app_credential (app);
