// Package mandate keeps what Akashi may show of people within what its purpose
// needs: accounts are known by pseudonyms, and a name is seen only where the
// account speaks for a public body, an outlet or a declared state channel, or
// where two people agreed, with a reason and for a time, that it is needed.
//
//   - [Names] makes pseudonyms from one secret (see [OpenKey]).
//   - [Service] keeps marks, requests and grants in the casework store, and
//     writes a line in the log for each change and each reading of a name.
//   - [Veil] is what pages, exports and the interface for programs show
//     accounts and posts through. It is made for one viewer and the accounts
//     at hand, and asks nothing more of any store.
//
// A veil hides the names by which an account is called on its platform: id,
// handle, display name, address. It cannot hide what people say of themselves
// or of others in plain words, nor keep anybody from looking a post up on its
// platform. docs/privacy.md says so to those who rely on it.
package mandate
