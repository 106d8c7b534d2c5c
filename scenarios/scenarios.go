// Package scenarios holds the scenario files that come with Akashi.
package scenarios

import "embed"

// FS holds the scenario files (*.yaml) at its root.
//
//go:embed *.yaml
var FS embed.FS
