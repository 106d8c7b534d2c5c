// Package api is the interface for programs: what the pages do, as JSON over
// HTTP under /api/v1, described by an OpenAPI document that it serves itself.
//
// Who calls shows a token (RFC 6750); a session's cookie is of no use here, so
// that no page of another site can have a browser call. Every operation names
// the right that it takes, and one place checks it: see [API.guard]. Whatever
// is changed goes through the services that the pages use, and so into the log,
// under the token's name.
//
// Accounts are shown under their pseudonyms unless they are marked: a grant to
// see a name is a person's, and no program has one.
//
// To add an operation, write its input and output types and its function beside
// those of its kind, and one call of add in the list that [New] goes through.
// The tests hold it to a right, a summary, and answers that are as described.
package api
