-- What routing knows of leads beside the facts of the model.

-- What the form said: e-mail address, web site, text, language, as JSON. Personal data; null where it said nothing, and for
-- leads read before.
ALTER TABLE leads ADD COLUMN form TEXT;
