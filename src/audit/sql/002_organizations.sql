-- Whose rows are, beside the log and outside of its hashes. No line: the organization that runs the box.

CREATE TABLE audit_filed (
    organization TEXT NOT NULL,        -- class: internal; purpose: who may read the row beside the operators; retention: for good
    seq BIGINT NOT NULL,               -- class: internal; purpose: number of the row; retention: for good
    PRIMARY KEY (organization, seq)
);
