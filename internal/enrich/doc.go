// Package enrich derives from a post what the detectors work on: the objects
// that it acts on, and the script that it is written in. Everything here is a
// pure function of a post that [normalise.Post] has completed.
package enrich
