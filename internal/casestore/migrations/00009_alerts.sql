-- +goose Up
-- Alerts: what raises them, where they go, what was raised, and each delivery
-- (see package alert).
CREATE TABLE alert_rules (
    id         TEXT PRIMARY KEY,
    body       TEXT NOT NULL, -- JSON
    state      TEXT NOT NULL, -- active, archived
    version    BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    created    BIGINT NOT NULL,
    changed_by TEXT NOT NULL,
    changed    BIGINT NOT NULL
);
CREATE TABLE alert_channels (
    id         TEXT PRIMARY KEY,
    body       TEXT NOT NULL, -- JSON, its secret sealed
    state      TEXT NOT NULL, -- active, archived
    version    BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    created    BIGINT NOT NULL,
    changed_by TEXT NOT NULL,
    changed    BIGINT NOT NULL
);
CREATE TABLE alerts (
    id        TEXT PRIMARY KEY,
    rule      TEXT NOT NULL,
    subject   TEXT NOT NULL, -- "finding:ID", "source:ID"
    step      TEXT NOT NULL, -- what of the subject: an alert for each is enough
    kind      TEXT NOT NULL,
    said      TEXT NOT NULL, -- JSON: what the sentence is made of
    urgent    INTEGER NOT NULL,
    created   BIGINT NOT NULL,
    escalate  BIGINT NOT NULL, -- when, if nobody acknowledges it; 0 for never, or done
    acknowledged    BIGINT NOT NULL,
    acknowledged_by TEXT NOT NULL,
    UNIQUE (rule, subject, step)
);
CREATE INDEX alerts_escalate ON alerts (escalate);
CREATE TABLE alert_deliveries (
    id       TEXT PRIMARY KEY,
    alert    TEXT NOT NULL REFERENCES alerts (id),
    channel  TEXT NOT NULL,
    state    TEXT NOT NULL, -- waiting, sent, failed
    due      BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    error    TEXT NOT NULL,
    created  BIGINT NOT NULL,
    ended    BIGINT NOT NULL,
    UNIQUE (alert, channel)
);
CREATE INDEX alert_deliveries_due ON alert_deliveries (state, due);

-- +goose Down
DROP TABLE alert_deliveries;
DROP TABLE alerts;
DROP TABLE alert_channels;
DROP TABLE alert_rules;
