// Package export writes search results as files: CSV for spreadsheets, NDJSON
// that Akashi reads again, Parquet for analysis.
//
// Each row says the marking under which the file was made and whether the post
// is synthetic, so that rows that are copied elsewhere take both along. Who
// posted is shown through a veil, which the caller must give; hand labels and raw
// records, in which anything may stand, are never written. Memory does not grow
// with the number of posts.
//
// That somebody exported is logged by the caller, under auth.PostExport.
package export
