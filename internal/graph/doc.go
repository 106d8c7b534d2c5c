// Package graph holds undirected weighted networks and what is done with
// them: groups (Leiden), who stands in their middle (eigenvector centrality,
// cores), how they are drawn (Layout), how they are handed to others (GEXF,
// GraphML) and how two answers are compared (NMI, ARI, AUC).
//
// Nodes are the numbers 0 to n-1; names and attributes stay with the caller.
// A [Graph] never changes once built and may be read from any number of
// goroutines. Every function that draws at random takes a seed, and the same
// input with the same seed gives the same output on the same processor
// architecture, whatever the number of processors. (Architectures differ in
// whether a multiplication and an addition are rounded once or twice.)
//
// The package imports nothing of ours.
package graph
