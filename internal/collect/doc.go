// Package collect brings posts in while they appear. A [Source] reads one
// place: a feed, a stream, a search. A [Runner] looks after many sources: it
// stores what they bring, starts them again, and knows how each of them is.
//
// # What a source guarantees
//
//   - It begins where the cursor says. A cursor is bytes that only the source
//     understands (JSON, by custom): nil the first time, afterwards what it
//     gave last with a batch that was stored. A cursor that it cannot read is
//     a [ConfigError] error, never a start from the beginning.
//   - The cursor of a batch stands for all that the source has put until then:
//     whoever begins there misses nothing that came after. It may bring again
//     what was put before: a store knows posts by platform and id.
//   - Each post carries the platform, an id that is the same whenever the post
//     is brought again, and the record it was read from (post.Post.Raw).
//   - It acknowledges to its upstream only in Batch.Stored.
//   - It returns when its context ends, with any error or none. It starts no
//     goroutine that outlives Collect.
//   - It reads other people's bytes through package fetch, or under bounds as
//     strict.
//
// # What the runner guarantees
//
//   - Batches of one source are appended in the order in which Put took them,
//     joined with their neighbours; posts, deletions and cursor in one step
//     (see poststore.Writer). Batch.Stored is called once that has returned,
//     in the same order, and never for a batch that is not in the store.
//   - So nothing is lost: what is not in the store is not in the cursor. And
//     nothing is twice: what comes again is known by its id.
//   - At most Options.MaxPending posts of a source wait; Put blocks beyond.
//   - After an error the source begins again at the stored cursor: at the time
//     that the error states (see [RetryAt]), else after a pause that doubles,
//     with jitter, and is short again once the source has worked for a while.
//     A panic is such an error. A [ConfigError] error ends it until it is
//     added again.
//   - A source runs only while its mandate holds: [Mandates] is asked before
//     it starts, before each append, and at least once a minute. What has not
//     been appended by then is not kept.
//   - What the platform's [Terms] forbid to keep is removed before the append.
//
// Polls and pushes are the same to the runner: a poll puts a batch with a new
// cursor and waits (see [Sleep]); a stream puts each event as it comes; a
// handler of requests answers when Batch.Stored is called, so that a sender
// whose request was not stored sends it again.
package collect
