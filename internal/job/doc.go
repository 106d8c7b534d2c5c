// Package job runs work that must survive the program: jobs are rows of the
// casework database, put there in the same transaction as what they belong to,
// done by workers of this process, tried again when they fail, and taken up
// again when the program was stopped or killed in the middle.
//
// It is a thin layer over River. A worker must be idempotent: a job that was
// killed after its work and before its last row runs again.
//
// # River on SQLite
//
// River uses the pool that writes casework (casestore.DB.Pool), which has one
// connection: its statements take their turn between changes, never in a
// transaction of others, and none meets SQLITE_BUSY. Being on the same
// connection is also what lets [Queue.Enqueue] take part in a change. River's
// polling is twenty reads of an index a second; what it costs a writer is
// measured in BenchmarkChangesBesideTheQueue. A worker must not use the queue's
// methods that take no transaction from inside a change: it would wait for
// itself.
//
// Since one process has a SQLite database, whatever is marked running when a
// queue starts was interrupted; it is made available again at once, and the
// attempt does not count against the limit. Elsewhere River's own rescue does
// it.
package job
