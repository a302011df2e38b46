-- What is and was wrong, who was told, and how people are reached.

CREATE TABLE alert_row (
    no BIGINT NOT NULL PRIMARY KEY,    -- class: internal; purpose: number by which people speak of it; retention: 90 days after its end
    fingerprint TEXT NOT NULL,         -- class: internal; purpose: what makes two alerts the same; retention: 90 days after its end
    rule TEXT NOT NULL,                -- class: internal; purpose: rule that found it; retention: 90 days after its end
    level TEXT NOT NULL,               -- class: internal; purpose: 'warning', 'error'; retention: 90 days after its end
    title TEXT NOT NULL,               -- class: internal; purpose: the rule's title with its braces; retention: 90 days after its end
    host TEXT NOT NULL,                -- class: internal; purpose: machine it is about; retention: 90 days after its end
    ip TEXT NOT NULL,                  -- class: internal; purpose: that machine's address; retention: 90 days after its end
    service TEXT NOT NULL,             -- class: internal; purpose: service it is about; retention: 90 days after its end
    metric TEXT NOT NULL,              -- class: internal; purpose: what was measured; retention: 90 days after its end
    value BIGINT NOT NULL,             -- class: internal; purpose: thousandths, last breaching value; retention: 90 days after its end
    other BIGINT NOT NULL,             -- class: internal; purpose: its companion; retention: 90 days after its end
    peak BIGINT NOT NULL,              -- class: internal; purpose: the furthest value; retention: 90 days after its end
    limit_value BIGINT NOT NULL,       -- class: internal; purpose: the rule's limit; retention: 90 days after its end
    first_at BIGINT NOT NULL,          -- class: internal; purpose: beginning, ms UTC; retention: 90 days after its end
    last_at BIGINT NOT NULL,           -- class: internal; purpose: last breach, ms UTC; retention: 90 days after its end
    resolved_at BIGINT NOT NULL,       -- class: internal; purpose: end, ms UTC, 0 = open; retention: 90 days after its end
    hits BIGINT NOT NULL,              -- class: internal; purpose: breaching samples; retention: 90 days after its end
    episodes BIGINT NOT NULL,          -- class: internal; purpose: how often it came back; retention: 90 days after its end
    told BIGINT NOT NULL,              -- class: internal; purpose: 1 = this episode was told; retention: 90 days after its end
    flapping BIGINT NOT NULL,          -- class: internal; purpose: state; retention: 90 days after its end
    inhibited BIGINT NOT NULL,         -- class: internal; purpose: state; retention: 90 days after its end
    silenced BIGINT NOT NULL,          -- class: internal; purpose: state; retention: 90 days after its end
    escalated_at BIGINT NOT NULL,      -- class: internal; purpose: when it was told once more, ms UTC; retention: 90 days after its end
    acked_by TEXT NOT NULL DEFAULT '', -- class: personal; purpose: who took it on; retention: 90 days after its end
    acked_at BIGINT NOT NULL DEFAULT 0, -- class: personal; purpose: when, ms UTC; retention: 90 days after its end
    ack_comment TEXT NOT NULL DEFAULT '' -- class: personal; purpose: in that person's words; retention: 90 days after its end
);
CREATE INDEX alert_row_open ON alert_row (resolved_at, no);

CREATE TABLE alert_line (
    no BIGINT NOT NULL REFERENCES alert_row (no) ON DELETE CASCADE, -- class: internal; purpose: which alert; retention: with the alert
    seq BIGINT NOT NULL,               -- class: internal; purpose: order; retention: with the alert
    at BIGINT NOT NULL,                -- class: internal; purpose: when, ms UTC; retention: with the alert
    what TEXT NOT NULL,                -- class: internal; purpose: 'fired', 'resolved', 'escalated', 'acked', ...; retention: with the alert
    actor TEXT NOT NULL,               -- class: personal; purpose: who did it, '' = the box; retention: with the alert
    detail TEXT NOT NULL,              -- class: internal; purpose: title or comment of that moment; retention: with the alert
    PRIMARY KEY (no, seq)
);

CREATE TABLE alert_read (
    account TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE, -- class: personal; purpose: who has seen it; retention: with the alert or the account
    no BIGINT NOT NULL REFERENCES alert_row (no) ON DELETE CASCADE, -- class: internal; purpose: which alert; retention: with the alert
    PRIMARY KEY (account, no)
);

CREATE TABLE alert_silence (
    id TEXT NOT NULL PRIMARY KEY,      -- class: internal; purpose: name of the row; retention: until it ends
    host TEXT NOT NULL,                -- class: internal; purpose: '' = all; retention: until it ends
    rule TEXT NOT NULL,                -- class: internal; purpose: '' = all; retention: until it ends
    from_at BIGINT NOT NULL,           -- class: internal; purpose: beginning, ms UTC; retention: until it ends
    until_at BIGINT NOT NULL,          -- class: internal; purpose: end, ms UTC; retention: until it ends
    reason TEXT NOT NULL,              -- class: internal; purpose: why; retention: until it ends
    actor TEXT NOT NULL,               -- class: personal; purpose: who entered it; retention: until it ends
    at BIGINT NOT NULL                 -- class: internal; purpose: when, ms UTC; retention: until it ends
);

CREATE TABLE alert_rule (
    id TEXT NOT NULL PRIMARY KEY,      -- class: internal; purpose: name of the rule; retention: until removed
    name TEXT NOT NULL,                -- class: internal; purpose: for people; retention: until removed
    metric TEXT NOT NULL,              -- class: internal; purpose: what is judged; retention: until removed
    below BIGINT NOT NULL,             -- class: internal; purpose: 1 = too little is bad; retention: until removed
    limit_value BIGINT NOT NULL,       -- class: internal; purpose: thousandths; retention: until removed
    clear_value BIGINT NOT NULL,       -- class: internal; purpose: thousandths; retention: until removed
    for_ms BIGINT NOT NULL,            -- class: internal; purpose: how long before it fires; retention: until removed
    clear_ms BIGINT NOT NULL,          -- class: internal; purpose: how long before it ends; retention: until removed
    level TEXT NOT NULL,               -- class: internal; purpose: 'warning', 'error'; retention: until removed
    title TEXT NOT NULL,               -- class: internal; purpose: what people read; retention: until removed
    host TEXT NOT NULL,                -- class: internal; purpose: '' = all; retention: until removed
    enabled BIGINT NOT NULL,           -- class: internal; purpose: switch; retention: until removed
    inhibits BIGINT NOT NULL           -- class: internal; purpose: hides the host's others; retention: until removed
);

CREATE TABLE alert_channel (
    id TEXT NOT NULL PRIMARY KEY,      -- class: internal; purpose: name of the row; retention: until removed
    name TEXT NOT NULL,                -- class: internal; purpose: for people; retention: until removed
    kind TEXT NOT NULL,                -- class: internal; purpose: which vendor; retention: until removed
    language TEXT NOT NULL,            -- class: internal; purpose: 'en', 'zh'; retention: until removed
    errors_only BIGINT NOT NULL,       -- class: internal; purpose: 1 = warnings are not told; retention: until removed
    escalation BIGINT NOT NULL,        -- class: internal; purpose: 1 = takes escalations; retention: until removed
    failover TEXT NOT NULL,            -- class: internal; purpose: channel that steps in, '' = none; retention: until removed
    enabled BIGINT NOT NULL,           -- class: internal; purpose: switch; retention: until removed
    config BYTEA NOT NULL,              -- class: secret; purpose: address and keys, sealed under keys/alert; retention: until removed
    at BIGINT NOT NULL                 -- class: internal; purpose: when it was made, ms UTC; retention: until removed
);

CREATE TABLE alert_batch (
    id TEXT NOT NULL PRIMARY KEY,      -- class: internal; purpose: idempotency key of a message; retention: 7 days
    channel TEXT NOT NULL REFERENCES alert_channel (id) ON DELETE CASCADE, -- class: internal; purpose: by which way; retention: 7 days
    state TEXT NOT NULL,               -- class: internal; purpose: 'leased', 'sent', 'dead'; retention: 7 days
    attempts BIGINT NOT NULL,          -- class: internal; purpose: tries so far; retention: 7 days
    made BIGINT NOT NULL,              -- class: internal; purpose: ms UTC; retention: 7 days
    last BIGINT NOT NULL,              -- class: internal; purpose: last try, ms UTC; retention: 7 days
    not_before BIGINT NOT NULL,        -- class: internal; purpose: next try, ms UTC; retention: 7 days
    code TEXT NOT NULL                 -- class: internal; purpose: what the vendor said last; retention: 7 days
);
CREATE INDEX alert_batch_state ON alert_batch (state, channel);

CREATE TABLE alert_outbox (
    id BIGINT NOT NULL PRIMARY KEY,    -- class: internal; purpose: order; retention: 7 days
    channel TEXT NOT NULL REFERENCES alert_channel (id) ON DELETE CASCADE, -- class: internal; purpose: by which way; retention: 7 days
    no BIGINT NOT NULL,                -- class: internal; purpose: alert, negative = a test; retention: 7 days
    what TEXT NOT NULL,                -- class: internal; purpose: 'fired', 'resolved', ...; retention: 7 days
    fact TEXT NOT NULL,                -- class: internal; purpose: what is told, as it was; retention: 7 days
    at BIGINT NOT NULL,                -- class: internal; purpose: since when it waits, ms UTC; retention: 7 days
    batch TEXT NOT NULL,               -- class: internal; purpose: message it is in, '' = waits; retention: 7 days
    UNIQUE (channel, no, what)
);
CREATE INDEX alert_outbox_batch ON alert_outbox (batch, channel, id);
