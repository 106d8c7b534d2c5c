// Package audit keeps the log: who did what to what, one line each, in an
// append-only Merkle tree whose root is signed.
//
// The tree is kept as C2SP tlog-tiles (https://c2sp.org/tlog-tiles) says, by
// github.com/transparency-dev/tessera, as files in a folder:
//
//	checkpoint              the size and root of the tree, signed (c2sp.org/tlog-checkpoint)
//	tile/entries/…          the lines, 256 in a file, each with its length before it
//	tile/LEVEL/…            the hashes of the tree, 256 in a file (RFC 6962)
//	.state/…                what tessera needs to continue
//
// A file that is not full yet is called NUMBER.p/COUNT and is replaced by a
// fuller one, never changed.
//
// # How a line gets there
//
// A change writes its lines into the casework database's outbox, in its own
// transaction (see package casestore). [Log.Run] moves them here in order. A
// batch is appended as a whole: tessera writes its files and then, in one
// rename, its tree state; the checkpoint is signed after it was proved that the
// new tree continues the one of the checkpoint before; then the lines leave the
// outbox, and in the same transaction the checkpoint is kept there as a mark.
//
// Where the program dies in between, lines are in both places. They can only
// stand behind the mark, so on start, and after any error, the lines behind it
// are read and those that wait are not appended again. The mark also tells when
// somebody has put an older folder in place: then nothing is appended
// ([ErrRolledBack]) and lines wait in the outbox until the right one is back.
//
// # What it proves
//
// [Verify] finds any change to any byte. It cannot find that the whole folder
// is an older state of itself, or was made anew with the signing key: for this
// somebody else has to keep a checkpoint ([Log.Checkpoint]) and the public key.
// Verify says whether the log continues that checkpoint.
package audit
