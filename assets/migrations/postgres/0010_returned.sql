-- See ../sqlite/0010_returned.sql.

ALTER TABLE leads ADD COLUMN earlier TEXT COLLATE "C";
ALTER TABLE leads ADD COLUMN open_with TEXT COLLATE "C";
