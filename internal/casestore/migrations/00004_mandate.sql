-- +goose Up
-- Accounts that are shown by name, because of what they speak for. A mark that
-- was taken away stays, with its end: the history.
CREATE TABLE account_marks (
    id           TEXT PRIMARY KEY,
    platform     TEXT NOT NULL,
    account      TEXT NOT NULL, -- the platform's id
    alias        TEXT NOT NULL,
    handle       TEXT NOT NULL,
    handle_fold  TEXT NOT NULL,
    name         TEXT NOT NULL,
    class        TEXT NOT NULL, -- public-body, outlet, state-channel
    reason       TEXT NOT NULL,
    source_url   TEXT NOT NULL,
    marked_by    TEXT NOT NULL,
    marked       BIGINT NOT NULL,
    removed_by   TEXT NOT NULL DEFAULT '',
    removed      BIGINT NOT NULL DEFAULT 0,
    removed_why  TEXT NOT NULL DEFAULT '',
    change       BIGINT NOT NULL -- grows with every change of the table
);
CREATE UNIQUE INDEX account_marks_held ON account_marks (platform, account) WHERE removed = 0;
CREATE INDEX account_marks_alias ON account_marks (alias);
CREATE INDEX account_marks_change ON account_marks (change);

-- Requests to see an account's name, and what became of them.
CREATE TABLE unmask_requests (
    id           TEXT PRIMARY KEY,
    platform     TEXT NOT NULL,
    account      TEXT NOT NULL,
    alias        TEXT NOT NULL,
    finding      TEXT NOT NULL,
    reason       TEXT NOT NULL,
    state        TEXT NOT NULL, -- open, approved, refused, withdrawn
    requested_by TEXT NOT NULL,
    requested    BIGINT NOT NULL,
    decided_by   TEXT NOT NULL DEFAULT '',
    decided      BIGINT NOT NULL DEFAULT 0,
    decision     TEXT NOT NULL DEFAULT '', -- why
    until        BIGINT NOT NULL DEFAULT 0, -- when a grant ends
    withdrawn_by TEXT NOT NULL DEFAULT '',
    withdrawn    BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX unmask_requests_state ON unmask_requests (state, requested);
CREATE INDEX unmask_requests_alias ON unmask_requests (alias);

-- Who may see the name under a grant: who asked, whoever the request names and,
-- once approved, who approved.
CREATE TABLE unmask_viewers (
    request TEXT NOT NULL REFERENCES unmask_requests (id),
    person  TEXT NOT NULL,
    PRIMARY KEY (request, person)
);
CREATE INDEX unmask_viewers_person ON unmask_viewers (person);

-- Readings of names under a grant that the log has: one a person, account and
-- day (days since 1970, UTC).
CREATE TABLE unmask_readings (
    person  TEXT NOT NULL,
    alias   TEXT NOT NULL,
    day     BIGINT NOT NULL,
    request TEXT NOT NULL REFERENCES unmask_requests (id),
    PRIMARY KEY (person, alias, day)
);

-- +goose Down
DROP TABLE unmask_readings;
DROP TABLE unmask_viewers;
DROP TABLE unmask_requests;
DROP TABLE account_marks;
