// Package duck is the post store in one DuckDB file.
//
// # Layout
//
// Each post is one row of table post for ever, numbered in the order of coming
// (seq). An edit changes the row in place and keeps all versions in table
// version; a deletion empties the row in place. Table item has a row for each
// address, domain, hashtag and mention of a post, as a keyed hash; table raw has
// raw records, packed by the hundreds. Rows of a batch are sorted by time, so
// that time is nearly in the order of seq and scans of a span of time skip the
// rest.
//
// # What is held in memory
//
// Per post: its key and seq in a hash table (16 to 32 bytes). Per block of 2048
// posts: the first and last time and a signature of 32 KiB, a Bloom filter of
// everything that conditions may ask for, with the text's n-grams (see
// signature). Per account: 48 bytes of state and the tables that find it by key
// and by handle, about 110 bytes in all. And counts by hour, platform, language,
// type and source. All of it is read at opening and can be derived from the
// tables.
//
// # Batches and readers
//
// A batch is one transaction of DuckDB, whose log is on disk when it commits.
// Readers work in a transaction of their own and below the seq that was the
// end when they began, so that they see whole batches.
//
// # Deletion
//
// A deletion overwrites the row, the versions and the packed raw records, and
// a checkpoint follows at once, which writes them anew without the content and
// empties the log. The pages that held it are free then; DuckDB overwrites them
// when it needs room, not before. Whoever must have them gone makes a backup,
// which copies live content only, and goes on with that.
//
// # Hashes
//
// Items, accounts and contents are compared by 64-bit hashes with a seed that is
// drawn for each store, so that nobody can make two of them equal on purpose.
package duck
