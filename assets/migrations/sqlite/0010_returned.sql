-- Leads that reps give back.

-- Reps who were given the lead and have it no more, JSON; null where there are none.
ALTER TABLE leads ADD COLUMN earlier TEXT;
-- The owner (kind and id) that the lead is open with since it was given back last; null where it never was.
ALTER TABLE leads ADD COLUMN open_with TEXT;
