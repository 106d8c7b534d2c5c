-- +goose Up
-- Live sources: what is collected, and under which mandate. Secrets are sealed
-- (see package watch) and never leave.
CREATE TABLE sources (
    id       TEXT PRIMARY KEY,
    name     TEXT NOT NULL,
    kind     TEXT NOT NULL,
    mandate  TEXT NOT NULL REFERENCES collection_mandates (id),
    settings TEXT NOT NULL, -- JSON, without secrets
    secrets  BLOB NOT NULL, -- sealed JSON; empty where there are none
    state    TEXT NOT NULL, -- active, paused, removed
    synthetic INTEGER NOT NULL,
    version  BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    created  BIGINT NOT NULL,
    changed_by TEXT NOT NULL,
    changed  BIGINT NOT NULL
);
CREATE INDEX sources_state ON sources (state);

-- +goose Down
DROP TABLE sources;
