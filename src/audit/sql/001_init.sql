-- The audit log: rows that are only ever appended, and the Merkle tree over them.

CREATE TABLE audit_row (
    seq BIGINT NOT NULL PRIMARY KEY,   -- class: internal; purpose: number of the row, from 1 without gaps; retention: for good
    at BIGINT NOT NULL,                -- class: personal; purpose: when, ms UTC; retention: for good
    actor_kind TEXT NOT NULL,          -- class: internal; purpose: 'account', 'device', 'token', 'box', 'nobody'; retention: for good
    actor TEXT NOT NULL,               -- class: personal; purpose: id of who did it, never a name; retention: for good
    session TEXT NOT NULL,             -- class: personal; purpose: login session of the act, or ''; retention: for good
    action TEXT NOT NULL,              -- class: internal; purpose: what was done, 'session.login'; retention: for good
    object_kind TEXT NOT NULL,         -- class: internal; purpose: kind of what it was done to, or ''; retention: for good
    object TEXT NOT NULL,              -- class: personal; purpose: id of what it was done to, or ''; retention: for good
    result TEXT NOT NULL,              -- class: internal; purpose: 'done', 'refused', 'throttled', 'failed'; retention: for good
    source TEXT NOT NULL,              -- class: personal; purpose: address it came from, or ''; retention: for good
    detail TEXT NOT NULL,              -- class: internal; purpose: JSON object with more, or ''; retention: for good
    prev_hash BYTEA NOT NULL,          -- class: internal; purpose: hash of the row before, zeros for the first; retention: for good
    row_hash BYTEA NOT NULL            -- class: internal; purpose: RFC 9162 leaf hash of this row; retention: for good
);

-- Roots of full subtrees of 256, 65536, ... rows: what proofs over a long log are made of.
CREATE TABLE audit_node (
    level BIGINT NOT NULL,             -- class: internal; purpose: the subtree has 2^level rows, a multiple of 8; retention: for good
    place BIGINT NOT NULL,             -- class: internal; purpose: which of its level, from 0; retention: for good
    hash BYTEA NOT NULL,               -- class: internal; purpose: its root; retention: for good
    PRIMARY KEY (level, place)
);

-- One row, the right edge of the tree: an append reads and writes this and nothing older.
CREATE TABLE audit_tip (
    id BIGINT NOT NULL PRIMARY KEY,    -- class: internal; purpose: always 1; retention: for good
    size BIGINT NOT NULL,              -- class: internal; purpose: rows so far; retention: for good
    last_hash BYTEA NOT NULL,          -- class: internal; purpose: hash of the last row; retention: for good
    edge BYTEA NOT NULL                -- class: internal; purpose: roots of the full subtrees, largest first; retention: for good
);
