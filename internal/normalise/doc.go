// Package normalise turns raw values, as platforms and spreadsheets write
// them, into the one form the record has: times in UTC, canonical addresses,
// hashtags without case, text in which "the same text" is the same string.
//
// Everything here is a pure function of its arguments: nothing is looked up
// on the network, so a shortened address stays as it is. What was given is
// kept in the record beside what is derived here; a rule below that joins two
// addresses or two texts therefore never destroys anything.
package normalise
