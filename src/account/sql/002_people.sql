-- More people than the owner: invitations, grants, and accounts that are switched off.

ALTER TABLE account ADD COLUMN disabled BIGINT NOT NULL DEFAULT 0; -- class: internal; purpose: 1 = may not enter; retention: until the account is closed

-- Open invitations only: use, end and expiry remove the row.
CREATE TABLE account_invitation (
    id TEXT NOT NULL PRIMARY KEY,     -- class: internal; purpose: names the invitation in lists; retention: 7 days or one use
    token_hash BYTEA NOT NULL UNIQUE, -- class: secret; purpose: SHA-256 of the link's token; retention: 7 days or one use
    role TEXT NOT NULL,               -- class: internal; purpose: role of who joins; retention: 7 days or one use
    note TEXT NOT NULL,               -- class: personal; purpose: whom it is for, as its maker wrote; retention: 7 days or one use
    grants TEXT NOT NULL,             -- class: internal; purpose: terms of the grants that come with it, JSON; retention: 7 days or one use
    created BIGINT NOT NULL,          -- class: internal; purpose: when it was made, ms UTC; retention: 7 days or one use
    expires BIGINT NOT NULL,          -- class: internal; purpose: when it ends, ms UTC; retention: 7 days or one use
    created_by TEXT NOT NULL          -- class: internal; purpose: account that made it; retention: 7 days or one use
);

-- Who may do what with which camera, and when. Rights only ever come from rows that are there.
CREATE TABLE account_grant (
    id TEXT NOT NULL PRIMARY KEY,     -- class: internal; purpose: names the grant; retention: until revoked
    account TEXT NOT NULL,            -- class: internal; purpose: who may, '' = a role; retention: until revoked
    role TEXT NOT NULL,               -- class: internal; purpose: role that may, '' = an account; retention: until revoked
    object_kind TEXT NOT NULL,        -- class: internal; purpose: 'device', 'tag' or 'all'; retention: until revoked
    object TEXT NOT NULL,             -- class: personal; purpose: camera id or tag; retention: until revoked
    actions TEXT NOT NULL,            -- class: internal; purpose: names of what is allowed, blank between; retention: until revoked
    not_before BIGINT NOT NULL,       -- class: internal; purpose: from when, ms UTC, 0 = always; retention: until revoked
    not_after BIGINT NOT NULL,        -- class: internal; purpose: until when, ms UTC, 0 = always; retention: until revoked
    schedule TEXT NOT NULL,           -- class: internal; purpose: hours of the week, JSON, '' = always; retention: until revoked
    reason TEXT NOT NULL,             -- class: personal; purpose: why, as its maker wrote; retention: until revoked
    created BIGINT NOT NULL,          -- class: internal; purpose: when it was made, ms UTC; retention: until revoked
    created_by TEXT NOT NULL          -- class: internal; purpose: account that made it; retention: until revoked
);
CREATE INDEX account_grant_by_account ON account_grant (account);
