-- Whose people, grants and cameras are: organizations; and who may run the box.

CREATE TABLE organization (
    id TEXT NOT NULL PRIMARY KEY,     -- class: internal; purpose: names the organization everywhere ('home': whose box it is); retention: until removed
    name TEXT NOT NULL,               -- class: internal; purpose: display, '' = the box's own name; retention: until removed
    kind TEXT NOT NULL,               -- class: internal; purpose: 'home', 'team' or 'person'; retention: until removed
    suspended BIGINT NOT NULL,        -- class: internal; purpose: 1 = its people may not enter; retention: until removed
    created BIGINT NOT NULL           -- class: internal; purpose: when it was made, ms UTC, 0 = with the box; retention: until removed
);
INSERT INTO organization (id, name, kind, suspended, created) VALUES ('home', '', 'home', 0, 0);

ALTER TABLE account ADD COLUMN organization TEXT NOT NULL DEFAULT 'home';            -- class: internal; purpose: whose person; retention: until the account is closed
ALTER TABLE account_invitation ADD COLUMN organization TEXT NOT NULL DEFAULT 'home'; -- class: internal; purpose: which organization one joins; retention: 7 days or one use
ALTER TABLE account_grant ADD COLUMN organization TEXT NOT NULL DEFAULT 'home';      -- class: internal; purpose: whose cameras it speaks of; retention: until revoked

-- What a person of 'home' may do to the box beside what the role brings.
CREATE TABLE account_operator (
    account TEXT NOT NULL REFERENCES account (id), -- class: internal; purpose: who may; retention: until taken
    module TEXT NOT NULL,             -- class: internal; purpose: part of the box; retention: until taken
    level BIGINT NOT NULL,            -- class: internal; purpose: 1 view, 2 operate, 3 approve; retention: until taken
    created_by TEXT NOT NULL,         -- class: internal; purpose: account that gave it; retention: until taken
    PRIMARY KEY (account, module)
);
