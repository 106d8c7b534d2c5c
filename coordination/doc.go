// Package coordination finds accounts that act together more often than
// chance allows.
package coordination
