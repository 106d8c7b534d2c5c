// Package poststoretest is what every engine of package poststore is held
// against: a naive store in memory ([NewMemory]), a suite that checks the
// contract and compares answers with the naive store's ([Run]), and a generator
// of posts for measurements ([Generate]).
package poststoretest
