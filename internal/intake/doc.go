// Package intake brings files into a post store: with progress, one after
// another for each source, and so that a file whose import was killed goes on
// where it was.
//
// # How an import goes on
//
// The reader gives a file's posts in the same order each time. With every batch
// the store keeps, in one step with its posts, a cursor: which import it was and
// how many posts of the file are in. Whoever continues the import reads the file
// again, leaves out that many posts, and counts on from there. So each post of the file is appended once, whatever happens
// between two batches; and since the store knows posts by their ids, importing
// the whole file again adds nothing.
//
// An import is known by the content of its file (SHA-256), the source's name
// and the options. Adding the same again takes up the one that did not end;
// where the last one ended well, it makes a new one, whose posts are all there
// already.
//
// Records that cannot be read are counted, with reasons for the first of them.
// The reasons quote the file: they are for people who may import, not for the
// log.
package intake
