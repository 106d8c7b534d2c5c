// Package poll is what collectors of interfaces made for programs share: a
// request whose answer is JSON, bounded in bytes and time ([API]); allowances
// that an upstream counts ([Window], [Pace]); and the loop that asks again and
// again ([Loop]).
package poll
