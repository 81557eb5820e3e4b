-- See ../sqlite/0015_first_choices.sql.

CREATE TABLE first_choices (
    id               TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    lead_id          TEXT COLLATE "C" NOT NULL REFERENCES leads (id) DEFERRABLE,
    decisions_made   BIGINT NOT NULL,
    manager          TEXT COLLATE "C" NOT NULL,
    owner_kind       TEXT COLLATE "C" NOT NULL CHECK (owner_kind IN ('rep', 'queue')),
    owner_id         TEXT COLLATE "C" NOT NULL,
    recommended_kind TEXT COLLATE "C" NOT NULL CHECK (recommended_kind IN ('rep', 'queue')),
    recommended_id   TEXT COLLATE "C" NOT NULL,
    chosen_at        BIGINT NOT NULL
);

CREATE INDEX first_choices_by_time ON first_choices (chosen_at, lead_id);
CREATE TRIGGER first_choices_no_change BEFORE UPDATE OR DELETE ON first_choices
    FOR EACH ROW EXECUTE FUNCTION leadboard_refuse('a first choice is made once and never changed');
CREATE TRIGGER first_choices_no_truncate BEFORE TRUNCATE ON first_choices
    EXECUTE FUNCTION leadboard_refuse('a first choice is made once and never changed');
