// Package group says what a group of accounts did together: its objects, its
// timeline, its behaviours, and the sentences on why it is shown and what
// speaks against it. It works on what the coordination engine found, for
// reports on files and for findings on the post store alike.
package group
