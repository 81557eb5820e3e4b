-- See ../sqlite/0006_routing.sql.
ALTER TABLE leads ADD COLUMN form TEXT COLLATE "C";
