-- Whose cameras are, and whose cameras a token lets in.

ALTER TABLE device ADD COLUMN organization TEXT NOT NULL DEFAULT 'home';    -- class: internal; whose camera; until removed
ALTER TABLE enrolment ADD COLUMN organization TEXT NOT NULL DEFAULT 'home'; -- class: internal; whose cameras it lets in; 90 days after expiry
