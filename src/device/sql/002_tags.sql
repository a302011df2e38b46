-- Words that people put on cameras; grants may hang on them.

ALTER TABLE device ADD COLUMN tags TEXT NOT NULL DEFAULT '[]'; -- class: personal; JSON array of its tags; until removed
