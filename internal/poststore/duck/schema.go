package duck

// schemaVersion is the version of the tables below. Open refuses files of later
// versions and brings those of earlier ones up to it, one step at a time.
const schemaVersion = 1

// schema makes an empty store. No column is ever NULL: empty strings and zeros
// stand for what is not there, so that NOT means what it does in package query.
// Times are microseconds since 1970.
//
// How columns are compressed is said where DuckDB's own search for the best way
// would cost more than the writing: a checkpoint takes a third of the time, and
// the file is no larger.
const schema = `
CREATE TABLE meta (name VARCHAR, value BIGINT);

-- Posts: the newest version, or the tombstone. deleted is 0 for a live post.
CREATE TABLE post (
	seq BIGINT, key UBIGINT USING COMPRESSION uncompressed, identity UBIGINT USING COMPRESSION uncompressed,
	content UBIGINT USING COMPRESSION uncompressed,
	time BIGINT, seen BIGINT, deleted BIGINT,
	platform INTEGER, lang INTEGER, source INTEGER, channel INTEGER, account INTEGER,
	type UTINYINT, flags UTINYINT, versions INTEGER, raw BIGINT,
	folded VARCHAR USING COMPRESSION fsst, body BLOB USING COMPRESSION fsst);

-- All versions of posts that have more than one.
CREATE TABLE version (seq BIGINT, no INTEGER, content UBIGINT, seen BIGINT, folded VARCHAR, body BLOB, raw BLOB);

-- Raw records of first versions, packed by the run of seq that begins at first.
CREATE TABLE raw (first BIGINT, data BLOB USING COMPRESSION uncompressed);

-- Addresses, domains, hashtags and mentions of live posts, by keyed hash.
CREATE TABLE item (seq BIGINT, time BIGINT, kind UTINYINT, hash UBIGINT USING COMPRESSION uncompressed);

CREATE TABLE account (
	no INTEGER, hash UBIGINT, platform VARCHAR, id VARCHAR, handle VARCHAR, name VARCHAR,
	named BIGINT, alias VARCHAR, alias_compared VARCHAR);

CREATE TABLE name (kind UTINYINT, no INTEGER, text VARCHAR);
CREATE TABLE source (name VARCHAR, seen BIGINT, cursor BLOB, has_cursor BOOLEAN);
CREATE TABLE pending (key UBIGINT, platform VARCHAR, id VARCHAR, time BIGINT);

-- What is held in memory of full blocks.
CREATE TABLE block (no INTEGER, first BIGINT, last BIGINT, keys BLOB USING COMPRESSION uncompressed,
	signature BLOB USING COMPRESSION uncompressed);
`

// Flags of a post.
const (
	flagLink = 1 << iota
	flagMedia
	flagHashtag
	flagMention
	flagText
	flagSynthetic
	flagNamed // states its account's handle or name
	flagID
)
