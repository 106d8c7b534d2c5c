// Package file reads posts from files as analysts have them: tables (comma,
// tab, semicolon), newline-delimited JSON, JSON documents, plain or compressed
// with gzip or zstd, in UTF-8 or the older encodings of East Asia and Europe.
//
// [Read] recognises the compression, the encoding, the shape of the file and
// the tool that wrote it, and says in a [Summary] what it recognised. A table
// or a stream of objects that no format claims is read by a mapping from roles
// (account, time, text, …) to columns, which is guessed from names and values
// and which the caller may state instead.
//
// What every reader here holds to:
//
//   - A record that cannot be read is counted and reported with file, line,
//     what was expected and what was found; the rest goes on. Too large a
//     share of such records stops the reading.
//   - No byte is lost silently: sequences that the encoding does not know
//     become U+FFFD and are counted.
//   - Memory is bounded by the block size, the number of workers and
//     Options.MaxRecord, whatever the length of the file.
//   - Posts come in the order of the input, however many workers parse.
//
// The shape of the work: one goroutine reads, decompresses and cuts the input
// at record boundaries; workers turn the pieces into posts; the goroutine that
// called Read hands them on in order.
package file
