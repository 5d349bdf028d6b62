-- Which version of the program read a message last, so that what an older one could not read can be tried again; and
-- what an answer tells is part of its fact, so that a message read again may be answered where it was not before.

ALTER TABLE message ADD COLUMN handled_by TEXT;

CREATE INDEX letter_message ON letter (message) WHERE message IS NOT NULL;

UPDATE letter
SET fact = fact || ':' || kind
WHERE fact LIKE 'answer:message:%' AND fact NOT LIKE 'answer:message:%:%';
