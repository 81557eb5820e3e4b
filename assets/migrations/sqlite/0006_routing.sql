-- What routing knows of leads and people beside what the model does.

-- What the form said: e-mail address, web site, text, language, as JSON. Personal data; null where it said nothing, and for
-- leads read before.
ALTER TABLE leads ADD COLUMN form TEXT;

-- Names by which rules may call people.
ALTER TABLE reps ADD COLUMN user_name TEXT;
ALTER TABLE reps ADD COLUMN email TEXT;
