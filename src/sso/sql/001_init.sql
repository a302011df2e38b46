-- Who of another box is whom here, and the sessions that were opened so.

CREATE TABLE sso_link (
    issuer TEXT NOT NULL,             -- class: internal; purpose: which provider; retention: until the account is closed
    subject TEXT NOT NULL,            -- class: personal; purpose: who, as the provider calls him; retention: until the account is closed
    account TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE, -- class: internal; purpose: who that is here; retention: until the account is closed
    created BIGINT NOT NULL,          -- class: personal; purpose: when he first came, ms UTC; retention: until the account is closed
    PRIMARY KEY (issuer, subject)
);

-- The provider's tokens for them are in memory only: after a restart these sessions are ended.
CREATE TABLE sso_session (
    session TEXT NOT NULL PRIMARY KEY REFERENCES account_session (id) ON DELETE CASCADE -- class: internal; purpose: a session that the provider may end; retention: until it ends
);
