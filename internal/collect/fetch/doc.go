// Package fetch reads other people's servers over HTTP without being led
// astray by them.
//
//   - It connects to public addresses only. The address is looked at when the
//     connection is made, after every redirect and every answer of the DNS, so
//     that neither leads inside (see [Public]). Hosts that an administrator
//     names, or whose addresses lie in a range that one allows, are excepted.
//   - It speaks http and https on the usual ports, follows few redirects, never
//     from https to http, and gives credentials to no other host.
//   - Every answer is bounded in bytes, packed and unpacked, and in time.
//   - It asks a host only so often and with so many requests at once, as the
//     host's robots.txt says and within the administrator's bounds, and keeps
//     away for as long as Retry-After says.
//
// Errors say what happened by their type: [RefusedError], [TooLargeError], [Status],
// [RateError], [DisallowedError], [Network]. No error quotes an answer's body nor
// the query of an address, in which secrets may stand.
package fetch
