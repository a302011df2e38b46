-- Acts that wait for a second person, and the sealed emergency login.

CREATE TABLE account_approval (
    id TEXT NOT NULL PRIMARY KEY,     -- class: internal; purpose: names the request; retention: 30 days after it closed
    kind TEXT NOT NULL,               -- class: internal; purpose: which act; retention: 30 days after it closed
    what TEXT NOT NULL,               -- class: personal; purpose: the act, JSON: what is done on yes; retention: 30 days after it closed
    label TEXT NOT NULL,              -- class: personal; purpose: name of the thing, to show; retention: 30 days after it closed
    organization TEXT NOT NULL,       -- class: internal; purpose: whose people decide; retention: 30 days after it closed
    author TEXT NOT NULL,             -- class: internal; purpose: account that asked; retention: 30 days after it closed
    why TEXT NOT NULL,                -- class: personal; purpose: why, as its author wrote; retention: 30 days after it closed
    created BIGINT NOT NULL,          -- class: personal; purpose: when it was asked, ms UTC; retention: 30 days after it closed
    expires BIGINT NOT NULL,          -- class: internal; purpose: when it runs out, ms UTC; retention: 30 days after it closed
    state TEXT NOT NULL,              -- class: internal; purpose: 'open', 'approved', 'refused' or 'withdrawn'; retention: 30 days after it closed
    decided BIGINT NOT NULL,          -- class: personal; purpose: when, ms UTC, 0 = not yet; retention: 30 days after it closed
    decided_by TEXT NOT NULL          -- class: internal; purpose: account that decided, '' = nobody yet; retention: 30 days after it closed
);
CREATE INDEX account_approval_by_organization ON account_approval (organization, created);
CREATE INDEX account_approval_by_author ON account_approval (author);

-- At most one row: the code that opens the emergency login, once.
CREATE TABLE account_emergency (
    account TEXT NOT NULL PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE, -- class: internal; purpose: the account that it opens ('emergency'); retention: until made anew or taken away
    code_hash BYTEA NOT NULL,         -- class: secret; purpose: SHA-256 of the code, zeros once used; retention: one use
    made BIGINT NOT NULL,             -- class: internal; purpose: age of the envelope, ms UTC; retention: until made anew or taken away
    made_by TEXT NOT NULL,            -- class: internal; purpose: owner that sealed it; retention: until made anew or taken away
    used BIGINT NOT NULL              -- class: internal; purpose: when it was opened, ms UTC, 0 = sealed; retention: until made anew or taken away
);
