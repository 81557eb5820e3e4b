-- See ../sqlite/0003_lead_score.sql.
ALTER TABLE rankings ADD COLUMN lead_score BIGINT;
ALTER TABLE rankings ADD COLUMN lead_tier TEXT COLLATE "C";
