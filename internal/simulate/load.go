package simulate

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/akashi-project/akashi/scenarios"
)

// Info names a scenario that comes with Akashi.
type Info struct {
	Name               string
	Title, Description map[string]string
}

// List names the scenarios that come with Akashi, in alphabetical order.
func List() ([]Info, error) {
	names, err := fs.Glob(scenarios.FS, "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("listing the scenarios: %w", err)
	}
	infos := make([]Info, 0, len(names))
	for _, name := range names {
		data, err := scenarios.FS.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("reading the scenario %s: %w", name, err)
		}
		s, err := Parse(name, data)
		if err != nil {
			return nil, fmt.Errorf("reading the scenario %s: %w", name, err)
		}
		infos = append(infos, Info{s.Name, s.Title, s.Description})
	}
	return infos, nil
}

// Load reads a scenario from a file, or, when there is no such file and path
// is a plain name, one that comes with Akashi ("treated-water").
func Load(path string) (*Scenario, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && !strings.ContainsAny(path, `/\`) {
		name := strings.TrimSuffix(path, ".yaml") + ".yaml"
		builtin, builtinErr := scenarios.FS.ReadFile(name)
		if builtinErr != nil {
			names, _ := fs.Glob(scenarios.FS, "*.yaml")
			return nil, fmt.Errorf("reading the scenario %q: no such file, and no such scenario comes with Akashi (there are: %s): %w",
				path, strings.ReplaceAll(strings.Join(names, ", "), ".yaml", ""), fs.ErrNotExist)
		}
		return Parse(name, builtin)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the scenario: %w", err)
	}
	return Parse(path, data)
}
