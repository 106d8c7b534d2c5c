// Package folder reads files that are dropped into a folder, in any format that
// package file knows.
//
// A file is read when it is whole: when its size and its time were the same at
// two looks, or when it was there as NAME.part a look before. Names that begin
// with a point, or end in .part, .tmp or .crdownload, are left alone, and so is
// what is no regular file: symbolic links and folders. Nothing outside the
// folder is ever opened, whatever is put into it (see os.Root).
//
// The cursor names the files that are there, with size, time, hash and how many
// of their posts are stored, so that reading goes on in the middle. A file that
// was only touched or renamed is known by its hash. One that has changed is read
// again: what it has brought before is known by platform and id.
package folder
