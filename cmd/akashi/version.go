package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
)

// release is set by the linker (see the Makefile).
var release string

// build says which Akashi this is.
type build struct {
	release, commit, date, goVersion, platform string
	modified                                   bool
}

// version gathers what the linker and the Go toolchain left in the binary.
func version() build {
	b := build{release: release, goVersion: runtime.Version(), platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.commit = s.Value
		case "vcs.time":
			b.date = s.Value
		case "vcs.modified":
			b.modified = s.Value == "true"
		}
	}
	if b.release == "" && info.Main.Version != "(devel)" {
		b.release = info.Main.Version
	}
	return b
}

// String gives the version in one line.
func (b build) String() string {
	release := b.release
	if release == "" {
		release = "(development)"
	}
	return fmt.Sprintf("akashi %s (%s, %s)", release, b.goVersion, b.platform)
}

type versionCmd struct{}

// Help is the manual's text.
func (versionCmd) Help() string {
	return "The same as --version, with the commit that the binary was built from where that is known."
}

// Run prints the version.
func (versionCmd) Run(a *app) error {
	lines := []string{version().String()}
	if b := version(); b.commit != "" {
		state := ""
		if b.modified {
			state = ", with changes that are not committed"
		}
		lines = append(lines, fmt.Sprintf("commit %s of %s%s", b.commit, b.date, state))
	}
	_, err := fmt.Fprintln(a.stdout, strings.Join(lines, "\n"))
	return outputError(err)
}
