// Package bluesky collects posts of Bluesky from a Jetstream, which carries the
// events of the AT Protocol's network as JSON over a WebSocket
// (https://github.com/bluesky-social/jetstream).
//
// Two dialects are spoken:
//
//   - v1 at /subscribe. Its cursor is the time of an event in microseconds. A
//     server keeps 36 hours and begins there without a word where a cursor is
//     older.
//   - v2 at /xrpc/network.bsky.jetstream.subscribeEvents. Its cursor is a number
//     that one server gave, or a time. A number that is too old is refused with
//     CursorTooOld; a time is moved on, which the server says.
//
// What was missed while the source did not run, and is not kept any more, is
// noted as a [GapError]; the source goes on where the server's memory begins.
//
// A post is known by the address of its record (at://did/collection/rkey). An
// update is a new version of it, a deletion its deletion. Events of accounts and
// identities come whatever is asked for: they move the cursor and are left.
package bluesky
