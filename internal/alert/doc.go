// Package alert tells people that something moves: rules say what raises an
// alert, channels who is told and how.
//
//   - An alert is raised once for each rule, subject and step, whoever looks how
//     often; it is written together with its deliveries.
//   - A delivery is tried until it is sent or given up, and says which. What was
//     sent may be sent again after a crash, under the same id.
//   - Quiet hours and digests hold back what is not urgent. What nobody
//     acknowledges in time is escalated.
//   - Each alert says why in one sentence, in the language of who reads it. It
//     holds no name and no text of a post.
package alert
