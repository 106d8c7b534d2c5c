// Package detect finds coordinated behaviour in files of posts: it reads them,
// turns posts into traces, runs the coordination engine, and writes what was
// found, with the evidence, into a folder.
package detect
