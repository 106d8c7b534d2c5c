-- +goose Up
-- Searches that people keep. Names are one person's own; name_fold keeps two
-- that look the same apart.
CREATE TABLE saved_searches (
    id        TEXT PRIMARY KEY,
    owner     TEXT NOT NULL,
    name      TEXT NOT NULL,
    name_fold TEXT NOT NULL,
    query     TEXT NOT NULL,
    shared    INTEGER NOT NULL,
    created   BIGINT NOT NULL,
    changed   BIGINT NOT NULL,
    UNIQUE (owner, name_fold)
);
CREATE INDEX saved_searches_shared ON saved_searches (shared);

-- Files that were brought in, and how far they are. found is JSON: what the
-- reader recognised, counted and could not read.
CREATE TABLE imports (
    id        TEXT PRIMARY KEY,
    who       TEXT NOT NULL, -- as in the log
    source    TEXT NOT NULL, -- the posts' source
    mandate   TEXT NOT NULL,
    file_name TEXT NOT NULL,
    file_path TEXT NOT NULL,
    spooled   INTEGER NOT NULL, -- the file is a copy of ours
    size      BIGINT NOT NULL,
    sha256    TEXT NOT NULL,
    options   TEXT NOT NULL, -- JSON
    state     TEXT NOT NULL, -- waiting, running, interrupted, done, failed, cancelled
    problem   TEXT NOT NULL,
    found     TEXT NOT NULL,
    created   BIGINT NOT NULL,
    started   BIGINT NOT NULL,
    finished  BIGINT NOT NULL
);
CREATE INDEX imports_sha256 ON imports (sha256);
CREATE INDEX imports_state ON imports (state);

-- +goose Down
DROP TABLE imports;
DROP TABLE saved_searches;
