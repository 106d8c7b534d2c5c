-- +goose Up
-- Mandates of collections: what may be watched, why, and until when. What was
-- approved never changes; going on is a new mandate.
CREATE TABLE collection_mandates (
    id           TEXT PRIMARY KEY,
    title        TEXT NOT NULL,
    purpose      TEXT NOT NULL,
    topics       TEXT NOT NULL, -- JSON list
    legal_basis  TEXT NOT NULL,
    kinds        TEXT NOT NULL, -- JSON list: kinds of sources
    starts       BIGINT NOT NULL,
    ends         BIGINT NOT NULL,
    retention    BIGINT NOT NULL, -- days
    state        TEXT NOT NULL, -- draft, submitted, approved, refused, withdrawn
    version      BIGINT NOT NULL,
    created_by   TEXT NOT NULL,
    created      BIGINT NOT NULL,
    changed      BIGINT NOT NULL,
    submitted_by TEXT NOT NULL DEFAULT '',
    submitted    BIGINT NOT NULL DEFAULT 0,
    decided_by   TEXT NOT NULL DEFAULT '',
    decided      BIGINT NOT NULL DEFAULT 0,
    decision     TEXT NOT NULL DEFAULT '', -- why
    withdrawn_by TEXT NOT NULL DEFAULT '',
    withdrawn    BIGINT NOT NULL DEFAULT 0,
    withdrawal   TEXT NOT NULL DEFAULT '' -- why
);
CREATE INDEX collection_mandates_state ON collection_mandates (state, ends);

-- Everybody who wrote or submitted a mandate, none of whom decides it.
CREATE TABLE collection_authors (
    mandate TEXT NOT NULL REFERENCES collection_mandates (id),
    person  TEXT NOT NULL,
    PRIMARY KEY (mandate, person)
);

-- +goose Down
DROP TABLE collection_authors;
DROP TABLE collection_mandates;
