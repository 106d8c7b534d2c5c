// Package finding keeps what the detectors report, and what becomes of it.
//
// A [Detection] says what is looked for: behaviours, window, scope, schedule.
// A [Run] of it is a durable job: it streams the traces of the scope from the
// post store through the coordination engine and takes each group that it
// finds in as a [Finding], with a [Snapshot] of the evidence. A finding has a
// life (new, triaged, linked, dismissed), written down as [Event]s.
//
// # Guarantees
//
//   - A run is taken in whole or not at all, and once: a run that was killed
//     is taken up again with the parameters and the bounds in time that it
//     began with, and one that was taken in is not taken in again.
//   - The same group seen again updates its finding (see match.go for what
//     "the same" means); it never makes another. Seen again without any change
//     it changes nothing but the list of runs that saw it.
//   - A dismissed finding stays dismissed unless its group grew considerably
//     (see [Regrown]).
//   - Every change is an event and a line in the log. A change by a person is
//     atomic, also over many findings, and can be undone as long as no later
//     change by a person stands on it.
//
// # Names
//
// Nothing here holds an account's name but as the key that posts are found by
// ("platform:id") and, in snapshots, as part of objects (a mentioned account,
// the author in an address): whoever shows either puts it behind the veil.
// Sentences, events and log lines hold no names.
package finding
