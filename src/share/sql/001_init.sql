-- Cameras that are shared with another account by viewer keys: what guests ask, what was given, and
-- signed lists that wait for an absent camera. Public keys only; secrets of links never come here.

CREATE TABLE share_key (
    account TEXT NOT NULL,             -- class: personal; purpose: whose browser or client it is; retention: until removed or the account leaves
    id TEXT NOT NULL,                  -- class: internal; purpose: key id, names the key; retention: as account
    public_key BYTEA NOT NULL,        -- class: internal; purpose: viewer key that a list can name; retention: as account
    name TEXT NOT NULL,                -- class: personal; purpose: what its owner calls it; retention: as account
    added BIGINT NOT NULL,             -- class: internal; purpose: when, ms UTC; retention: as account
    PRIMARY KEY (account, id)
);

CREATE TABLE share_claim (
    id TEXT NOT NULL PRIMARY KEY,      -- class: internal; purpose: names the claim; retention: 24 h
    device TEXT NOT NULL,              -- class: internal; purpose: camera that is asked for; retention: 24 h
    account TEXT NOT NULL,             -- class: personal; purpose: who asks; retention: 24 h
    key TEXT NOT NULL,                 -- class: internal; purpose: key id of the viewer key; retention: 24 h
    public_key BYTEA NOT NULL,        -- class: internal; purpose: the viewer key; retention: 24 h
    claim BYTEA NOT NULL,             -- class: internal; purpose: HMAC under the link's secret, checked by owners; retention: 24 h
    state TEXT NOT NULL,               -- class: internal; purpose: 'waiting', 'accepted', 'refused'; retention: 24 h
    created BIGINT NOT NULL,           -- class: internal; purpose: when, ms UTC; retention: 24 h
    expires BIGINT NOT NULL,           -- class: internal; purpose: when it ends, ms UTC; retention: 24 h
    UNIQUE (device, account, key)
);

CREATE TABLE share_given (
    id TEXT NOT NULL PRIMARY KEY,      -- class: internal; purpose: names the share; retention: until it ends
    device TEXT NOT NULL,              -- class: internal; purpose: camera that is shared; retention: until it ends
    account TEXT NOT NULL,             -- class: personal; purpose: the guest; retention: until it ends
    key TEXT NOT NULL,                 -- class: internal; purpose: key id of the guest's viewer key; retention: until it ends
    public_key BYTEA NOT NULL,        -- class: internal; purpose: the key that owners put on the list; retention: until it ends
    grant_id TEXT NOT NULL,            -- class: internal; purpose: the box's half of the share; retention: until it ends
    created BIGINT NOT NULL,           -- class: internal; purpose: when, ms UTC; retention: until it ends
    created_by TEXT NOT NULL           -- class: personal; purpose: the owner who accepted; retention: until it ends
);

CREATE INDEX share_given_by_device ON share_given (device);
CREATE INDEX share_given_by_account ON share_given (account);

CREATE TABLE share_list (
    device TEXT NOT NULL PRIMARY KEY,  -- class: internal; purpose: camera it is for; retention: until deleted or replaced
    list BYTEA NOT NULL,              -- class: personal; purpose: signed access list for an absent camera: keys, account tags, rights; retention: until deleted or replaced
    account TEXT NOT NULL,             -- class: personal; purpose: the owner who left it; retention: until deleted or replaced
    left_at BIGINT NOT NULL,           -- class: internal; purpose: when, ms UTC; retention: until deleted or replaced
    sent_at BIGINT NOT NULL            -- class: internal; purpose: when it last went to the camera, ms UTC, 0 = not yet; retention: until deleted or replaced
);
