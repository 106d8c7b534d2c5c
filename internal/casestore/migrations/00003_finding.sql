-- +goose Up
-- Saved detections. The parameters are in detection_parameters, by version.
CREATE TABLE detections (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    schedule   TEXT NOT NULL,
    enabled    INTEGER NOT NULL,
    owner      TEXT NOT NULL,
    parameters BIGINT NOT NULL,
    version    BIGINT NOT NULL,
    created    BIGINT NOT NULL,
    changed    BIGINT NOT NULL,
    scheduled  BIGINT NOT NULL, -- since when the schedule is as it is
    deleted    BIGINT NOT NULL  -- 0 while it is there: its findings stay
);

CREATE TABLE detection_parameters (
    detection TEXT NOT NULL REFERENCES detections (id),
    version   BIGINT NOT NULL,
    params    TEXT NOT NULL,
    actor     TEXT NOT NULL,
    created   BIGINT NOT NULL,
    PRIMARY KEY (detection, version)
);

-- Runs of detections. job is the id of the job in the queue, which is never
-- given again.
CREATE TABLE runs (
    id         TEXT PRIMARY KEY,
    detection  TEXT NOT NULL REFERENCES detections (id),
    parameters BIGINT NOT NULL,
    params     TEXT NOT NULL,
    job        BIGINT NOT NULL,
    state      TEXT NOT NULL,
    actor      TEXT NOT NULL,
    program    TEXT NOT NULL,
    attempt    BIGINT NOT NULL,
    from_time  BIGINT NOT NULL,
    to_time    BIGINT NOT NULL,
    created    BIGINT NOT NULL,
    started    BIGINT NOT NULL,
    finished   BIGINT NOT NULL,
    result     TEXT NOT NULL,
    error      TEXT NOT NULL
);
CREATE INDEX runs_detection ON runs (detection, id);
CREATE INDEX runs_job ON runs (job);

CREATE TABLE run_networks (
    run  TEXT PRIMARY KEY REFERENCES runs (id),
    data BLOB NOT NULL
);

CREATE TABLE finding_numbers (
    year BIGINT PRIMARY KEY,
    last BIGINT NOT NULL
);

CREATE TABLE findings (
    id          TEXT PRIMARY KEY,
    short       TEXT NOT NULL UNIQUE,
    kind        TEXT NOT NULL,
    detection   TEXT NOT NULL REFERENCES detections (id),
    state       TEXT NOT NULL,
    reason      TEXT NOT NULL,
    reason_text TEXT NOT NULL,
    link        TEXT NOT NULL,
    owner       TEXT NOT NULL,
    base        BIGINT NOT NULL,
    version     BIGINT NOT NULL,
    merged      TEXT NOT NULL, -- the finding it became a part of, or empty
    risk        DOUBLE PRECISION NOT NULL,
    novelty     DOUBLE PRECISION NOT NULL,
    tempo       DOUBLE PRECISION NOT NULL,
    accounts    BIGINT NOT NULL,
    digest      TEXT NOT NULL, -- of the newest snapshot
    first_seen  BIGINT NOT NULL, -- end of the scope when it was first seen
    last_action BIGINT NOT NULL,
    created     BIGINT NOT NULL,
    created_run TEXT NOT NULL,
    updated     BIGINT NOT NULL,
    seen        BIGINT NOT NULL,
    last_run    TEXT NOT NULL,
    snapshot    BIGINT NOT NULL,
    search      TEXT NOT NULL  -- what the text of a filter is looked for in
);
CREATE INDEX findings_state ON findings (merged, state);
CREATE INDEX findings_risk ON findings (merged, risk, id);
CREATE INDEX findings_novelty ON findings (merged, novelty, id);
CREATE INDEX findings_tempo ON findings (merged, tempo, id);
CREATE INDEX findings_updated ON findings (merged, updated, id);
CREATE INDEX findings_detection ON findings (detection, id);

-- The rest of what a list shows, as JSON: apart, for filters not to read it.
CREATE TABLE finding_summaries (
    finding TEXT PRIMARY KEY REFERENCES findings (id),
    data    TEXT NOT NULL
);

-- Who is in a finding's group now, and what it acted on (a hash).
CREATE TABLE finding_members (
    account TEXT NOT NULL,
    finding TEXT NOT NULL REFERENCES findings (id),
    PRIMARY KEY (finding, account)
);
CREATE INDEX finding_members_account ON finding_members (account);

CREATE TABLE finding_objects (
    object  TEXT NOT NULL,
    finding TEXT NOT NULL REFERENCES findings (id),
    PRIMARY KEY (finding, object)
);
CREATE INDEX finding_objects_object ON finding_objects (object);

CREATE TABLE finding_snapshots (
    finding TEXT NOT NULL REFERENCES findings (id),
    version BIGINT NOT NULL,
    run     TEXT NOT NULL,
    created BIGINT NOT NULL,
    data    BLOB NOT NULL,
    PRIMARY KEY (finding, version)
);

CREATE TABLE finding_seen (
    finding  TEXT NOT NULL REFERENCES findings (id),
    run      TEXT NOT NULL REFERENCES runs (id),
    time     BIGINT NOT NULL,
    accounts BIGINT NOT NULL,
    posts    BIGINT NOT NULL,
    overlap  DOUBLE PRECISION NOT NULL,
    snapshot BIGINT NOT NULL,
    PRIMARY KEY (finding, run)
);
CREATE INDEX finding_seen_run ON finding_seen (run);

CREATE TABLE finding_events (
    id      TEXT PRIMARY KEY,
    finding TEXT NOT NULL REFERENCES findings (id),
    batch   TEXT NOT NULL,
    time    BIGINT NOT NULL,
    actor   TEXT NOT NULL,
    kind    TEXT NOT NULL,
    detail  TEXT NOT NULL, -- JSON
    undone  INTEGER NOT NULL
);
CREATE INDEX finding_events_finding ON finding_events (finding, id);
CREATE INDEX finding_events_batch ON finding_events (batch);

CREATE TABLE finding_notes (
    id      TEXT PRIMARY KEY,
    finding TEXT NOT NULL REFERENCES findings (id),
    author  TEXT NOT NULL,
    text    TEXT NOT NULL,
    created BIGINT NOT NULL,
    edited  BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX finding_notes_finding ON finding_notes (finding, id);

-- +goose Down
DROP TABLE finding_notes;
DROP TABLE finding_events;
DROP TABLE finding_seen;
DROP TABLE finding_snapshots;
DROP TABLE finding_objects;
DROP TABLE finding_members;
DROP TABLE finding_summaries;
DROP TABLE findings;
DROP TABLE finding_numbers;
DROP TABLE run_networks;
DROP TABLE runs;
DROP TABLE detection_parameters;
DROP TABLE detections;
