// Package telegram collects public channels of Telegram, in two ways: from the
// pages on which t.me previews a channel, for which nobody needs an account,
// and by MTProto with an account of the institution's own.
//
// Both name posts as the exports of Telegram Desktop do (see package peer), so
// that a channel that was read from a file goes on where it is watched.
//
// Preview pages show the newest messages of a channel, and older ones page by
// page. They show edits as long as the message stands on the newest page; what
// was deleted is merely no longer there, which is not taken for a deletion: the
// pages also leave out what a country's rules hide. Who wants deletions and
// late edits collects by MTProto.
package telegram
