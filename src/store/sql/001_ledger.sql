-- Which migration of which room was applied, when, and what its text was. A shipped migration that
-- was edited, or one that this version does not know, stops the start.
CREATE TABLE store_ledger (
    room TEXT NOT NULL,          -- class: public; purpose: schema version; retention: forever
    version BIGINT NOT NULL,     -- class: public; purpose: schema version; retention: forever
    name TEXT NOT NULL,          -- class: public; purpose: schema version; retention: forever
    checksum BYTEA NOT NULL,     -- class: public; purpose: SHA-256 of the text; retention: forever
    applied_ms BIGINT NOT NULL,  -- class: public; purpose: schema version; retention: forever
    PRIMARY KEY (room, version)
);
