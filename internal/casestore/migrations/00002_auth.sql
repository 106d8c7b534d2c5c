-- +goose Up
-- People who may sign in. login_key is the login as it is compared: without
-- difference of case or width. roles is a JSON list of names. password is an
-- argon2id hash, or empty. People are disabled, never deleted: the log names
-- them.
CREATE TABLE users (
    id        TEXT PRIMARY KEY,
    login     TEXT NOT NULL,
    login_key TEXT NOT NULL UNIQUE,
    name      TEXT NOT NULL,
    roles     TEXT NOT NULL,
    lang      TEXT NOT NULL,
    theme     TEXT NOT NULL,
    zone      TEXT NOT NULL,
    password  TEXT NOT NULL,
    disabled  INTEGER NOT NULL,
    created   BIGINT NOT NULL,
    seen      BIGINT NOT NULL
);

-- Who somebody is at an OpenID Connect provider. managed says that the
-- provider's claims decide the roles.
CREATE TABLE identities (
    issuer  TEXT NOT NULL,
    subject TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id),
    managed INTEGER NOT NULL,
    created BIGINT NOT NULL,
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX identities_user ON identities (user_id);

-- Passkeys. credential is the authenticator's id, base64url; data is the
-- credential record of WebAuthn as JSON (a public key, no secret).
CREATE TABLE passkeys (
    id         TEXT PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES users (id),
    credential TEXT NOT NULL UNIQUE,
    name       TEXT NOT NULL,
    data       TEXT NOT NULL,
    created    BIGINT NOT NULL,
    used       BIGINT NOT NULL
);
CREATE INDEX passkeys_user ON passkeys (user_id);

-- Sessions. hash is of the cookie's token, which is kept nowhere.
CREATE TABLE sessions (
    hash    TEXT PRIMARY KEY,
    id      TEXT NOT NULL UNIQUE,
    user_id TEXT NOT NULL REFERENCES users (id),
    data    TEXT NOT NULL,
    client  TEXT NOT NULL,
    network TEXT NOT NULL,
    created BIGINT NOT NULL,
    seen    BIGINT NOT NULL,
    expires BIGINT NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);

-- Links that work once: setup (no user), invite, renew, once. hash is of the
-- link's token.
CREATE TABLE links (
    hash    TEXT PRIMARY KEY,
    id      TEXT NOT NULL UNIQUE,
    kind    TEXT NOT NULL,
    user_id TEXT REFERENCES users (id),
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    used    BIGINT NOT NULL
);
CREATE INDEX links_user ON links (user_id);

-- Tokens for the API. scopes is a JSON list of rights.
CREATE TABLE tokens (
    id      TEXT PRIMARY KEY,
    hash    TEXT NOT NULL UNIQUE,
    user_id TEXT NOT NULL REFERENCES users (id),
    name    TEXT NOT NULL,
    scopes  TEXT NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    used    BIGINT NOT NULL,
    revoked BIGINT NOT NULL
);
CREATE INDEX tokens_user ON tokens (user_id);

-- Keys that this instance signs its own cookies with.
CREATE TABLE auth_keys (
    name TEXT PRIMARY KEY,
    key  TEXT NOT NULL
);

-- +goose Down
DROP TABLE auth_keys;
DROP TABLE tokens;
DROP TABLE links;
DROP TABLE sessions;
DROP TABLE passkeys;
DROP TABLE identities;
DROP TABLE users;
