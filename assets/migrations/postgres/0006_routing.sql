-- See ../sqlite/0006_routing.sql.
ALTER TABLE leads ADD COLUMN form TEXT COLLATE "C";

ALTER TABLE reps ADD COLUMN user_name TEXT COLLATE "C";
ALTER TABLE reps ADD COLUMN email TEXT COLLATE "C";
