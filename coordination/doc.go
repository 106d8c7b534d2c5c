// Package coordination finds accounts that act together more often than
// chance allows.
//
// It reads traces (account, behaviour, object, time, post) and pairs those
// that co-act: equal behaviour and object, different accounts, and no more
// than a window of time between them, ends included. Pairs become edges, edges
// a network, and the part of the network that chance does not explain falls
// into groups.
//
//	e, err := coordination.New(coordination.Config{Window: time.Minute})
//	…
//	defer e.Close()
//	for … { err = e.Add(coordination.Trace{…}) }
//	network, err := e.Run(ctx)
//	for edge := range network.Edges() { … }
//
// # How it works
//
// Traces are kept in partitions by object, 24 bytes each, and go to disk when
// they outgrow [Config.Budget]. Each partition is grouped by object, sorted by
// time, and swept with two pointers, so that the work is n log n plus the
// pairs inside the window. Pairs are never held: they are folded into edges at
// once. Memory is the edges, the names of accounts and objects, and a few
// partitions.
//
// Every worker sweeps everything and folds only the pairs of accounts it
// owns. Each edge therefore sees its pairs in one fixed order, and the result
// is the same to the last bit for any number of workers, without locks.
//
// # Methods
//
// [Akashi] is the method of this package; see [Config] and [Network] for what
// it computes and significance.go for its null model. [CooRTweet] and [QUT]
// give the edges of those two tools exactly, as a proof of the engine and a
// way in for their users.
package coordination
