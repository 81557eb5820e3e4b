-- See ../sqlite/0002_drift.sql.
CREATE TABLE drift_days (
    day         BIGINT PRIMARY KEY,
    gathered_at BIGINT NOT NULL,
    model_id    TEXT COLLATE "C",
    leads       TEXT COLLATE "C" NOT NULL,
    outcomes    TEXT COLLATE "C" NOT NULL
);

CREATE TABLE drift_reports (
    day      BIGINT PRIMARY KEY,
    model_id TEXT COLLATE "C" NOT NULL,
    verdict  TEXT COLLATE "C" NOT NULL CHECK (verdict IN ('too_few', 'steady', 'watch', 'act')),
    report   TEXT COLLATE "C" NOT NULL
);

CREATE INDEX leads_by_receipt ON leads (received_at, id);
CREATE INDEX outcomes_by_closing ON outcomes (closed_at, lead_id) WHERE outcome IS NOT NULL;
