-- Cameras that this box knows, how they came here and when they were there.

CREATE TABLE device (
    id TEXT NOT NULL PRIMARY KEY,      -- class: internal; names the camera everywhere; until removed
    name TEXT NOT NULL,                -- class: personal; what people call it; until removed
    serial TEXT NOT NULL,              -- class: internal; shown only, never looked up by; until removed
    model TEXT NOT NULL,               -- class: internal; shown, matched against bulletins; until removed
    hw TEXT NOT NULL,                  -- class: internal; hardware revision as it says; until removed
    fw TEXT NOT NULL,                  -- class: internal; firmware version as it says; until removed
    caps TEXT NOT NULL,                -- class: internal; JSON array of its abilities; until removed
    seal BYTEA,                        -- class: public; its public seal key, 65 bytes; until removed
    cert_serial BYTEA NOT NULL,        -- class: internal; serial of its one valid certificate; until removed
    cert_not_after BIGINT NOT NULL,    -- class: internal; when that ends, ms UTC; until removed
    simulated BIGINT NOT NULL,         -- class: internal; 1 when it came by a token for simulated cameras; until removed
    enrolled BIGINT NOT NULL,          -- class: internal; when it came, ms UTC; until removed
    last_seen BIGINT NOT NULL          -- class: internal; last sign of life, ms UTC, 0 = never; until removed
);
CREATE INDEX device_by_name ON device (name, id);

-- Online and offline history: what the bar of a camera's page is drawn from.
CREATE TABLE device_event (
    device TEXT NOT NULL,              -- class: internal; whose event; 90 days
    at BIGINT NOT NULL,                -- class: internal; when, ms UTC; 90 days
    seq BIGINT NOT NULL,               -- class: internal; orders events of one ms; 90 days
    kind TEXT NOT NULL,                -- class: internal; online, offline, boot, enrolled, renamed; 90 days
    cause TEXT NOT NULL,               -- class: internal; why, or empty; 90 days
    source TEXT NOT NULL,              -- class: personal; address it came from, or empty; 90 days
    PRIMARY KEY (device, at, seq)
);
CREATE INDEX device_event_by_time ON device_event (at);

-- Tokens with which cameras enrol.
CREATE TABLE enrolment (
    id TEXT NOT NULL PRIMARY KEY,      -- class: internal; names the token without being it; 90 days after expiry
    token_hash BYTEA NOT NULL,         -- class: secret; SHA-256 of the token; 90 days after expiry
    account TEXT NOT NULL,             -- class: personal; who made it; 90 days after expiry
    created BIGINT NOT NULL,           -- class: internal; when, ms UTC; 90 days after expiry
    expires BIGINT NOT NULL,           -- class: internal; until when it serves, ms UTC; 90 days after expiry
    count BIGINT NOT NULL,             -- class: internal; cameras it lets in; 90 days after expiry
    used BIGINT NOT NULL,              -- class: internal; cameras that came; 90 days after expiry
    simulated BIGINT NOT NULL          -- class: internal; 1 = for simulated cameras; 90 days after expiry
);
CREATE UNIQUE INDEX enrolment_by_hash ON enrolment (token_hash);

CREATE TABLE enrolment_device (
    enrolment TEXT NOT NULL REFERENCES enrolment (id),  -- class: internal; the token used; 90 days after expiry
    device TEXT NOT NULL,              -- class: internal; the camera that came; 90 days after expiry
    PRIMARY KEY (enrolment, device)
);

-- Notes that cameras sealed for their owner (EVENT on the device link). The body is opaque here.
CREATE TABLE sealed_event (
    device TEXT NOT NULL,              -- class: internal; who sent it; 30 days
    boot BIGINT NOT NULL,              -- class: internal; tells boots apart; 30 days
    wall BIGINT NOT NULL,              -- class: internal; when, by the camera's clock, ms UTC; 30 days
    type BIGINT NOT NULL,              -- class: internal; kind of event; 30 days
    received BIGINT NOT NULL,          -- class: internal; when it came, ms UTC; 30 days
    body BYTEA NOT NULL,               -- class: personal; sealed for the owner; 30 days
    PRIMARY KEY (device, boot, wall, type)
);
CREATE INDEX sealed_event_by_time ON sealed_event (received);
