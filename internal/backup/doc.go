// Package backup writes an instance into one file while it runs, and puts it
// back.
//
// # What is in it
//
// A tar archive, compressed with zstd, whose first entry is manifest.json: the
// path, size and SHA-256 of every other file, in the order in which they follow.
// Paths are those in the data folder. The last 40 bytes are a skippable zstd
// frame with the SHA-256 of all bytes before it, so that a flipped bit is found
// even where it would change nothing; any zstd and tar can unpack the file.
//
// The file holds posts, people's accounts and the instance's keys, and is not
// encrypted: it has to be kept as the data itself is kept, or encrypted by a
// tool that its keeper trusts (age, GnuPG, the storage). Its hashes find damage,
// not malice: who can change the file can change them too. What shows malice is
// the log in it, with a checkpoint and the public key that are kept elsewhere
// (akashi verify log).
//
// # In which order it is made
//
// The parts are copied one after another while all of them go on. Each copy is
// one state of its part; between them it has to hold that
//
//   - no line of the log is lost: a line is in the casework's outbox until it is
//     in the log. The casework is copied before the log, so that a line that
//     left the outbox before the copy is in the log's, and one that left it
//     later is in both, which the log finds out and appends once (package
//     audit). In the other order a line could be in neither;
//   - no finding points to posts that are not there: posts are there before the
//     findings that point to them. The casework is copied before the posts.
//
// So: casework, posts, keys and the rest, log. The log of a backup may therefore
// tell of changes that its casework has not seen. This is meant: they happened.
package backup
