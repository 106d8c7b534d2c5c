// Package simulate makes streams of posts whose truth is known: ordinary
// accounts in five languages with their daily rhythm, news and viral moments,
// honest automation, and planted operations of stated kinds. Detectors are
// tested, and exercises are played, with what it makes.
//
// A scenario is a small YAML file (see scenarios/README.md). For one scenario
// and one seed the stream is always the same, post for post, on any machine
// and with any number of processors.
//
// Invariants:
//
//   - Every post has Synthetic set, lies on a platform whose name starts with
//     "sim-", and points only to domains that end in ".example".
//   - Posts come in the order of their time; no two share an id.
//   - What is stated of an account is what it did, never what it thinks:
//     accounts have no opinion.
//   - Each account draws from its own source of chance, so that a change to an
//     operation leaves the rhythm and activity of the other accounts alone.
//   - Memory grows with the accounts and the planned pushes, not the posts.
package simulate
