-- +goose Up
-- What is watched: lists of topics, channels, domains and hashtags, and the
-- protected events near which thresholds tighten (see package watchlist).
CREATE TABLE watchlists (
    id         TEXT PRIMARY KEY,
    body       TEXT NOT NULL, -- JSON
    state      TEXT NOT NULL, -- active, archived
    version    BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    created    BIGINT NOT NULL,
    changed_by TEXT NOT NULL,
    changed    BIGINT NOT NULL
);
CREATE TABLE protected_events (
    id         TEXT PRIMARY KEY,
    body       TEXT NOT NULL, -- JSON
    state      TEXT NOT NULL, -- active, archived
    version    BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    created    BIGINT NOT NULL,
    changed_by TEXT NOT NULL,
    changed    BIGINT NOT NULL
);

-- +goose Down
DROP TABLE protected_events;
DROP TABLE watchlists;
