-- The lead score (0 to 100) and its tier beside the ranking that they were stored with, so that lists need not read the
-- ranking's JSON. Null for rankings made before, and where the model cannot tell.
ALTER TABLE rankings ADD COLUMN lead_score INTEGER;
ALTER TABLE rankings ADD COLUMN lead_tier TEXT;
