package report

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
)

// JSON writes the report for machines: indented, its fields in the order of
// the model, languages in the order of their codes, and an empty list as [].
func JSON(w io.Writer, r *Report) error {
	out := bufio.NewWriterSize(w, 64<<10)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(filled(r)); err != nil {
		return fmt.Errorf("report: json: %w", err)
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("report: json: %w", err)
	}
	return nil
}

// filled is a copy of r in which no list is nil.
func filled(r *Report) *Report {
	c := *r
	c.Inputs, c.Params, c.LeftOut, c.Phases = list(r.Inputs), list(r.Params), list(r.LeftOut), list(r.Phases)
	c.Network.Nodes, c.Network.Edges = list(r.Network.Nodes), list(r.Network.Edges)
	c.Groups = append([]Group{}, r.Groups...)
	for i := range c.Groups {
		g := &c.Groups[i]
		g.Accounts, g.Behaviours, g.Objects, g.Examples = list(g.Accounts), list(g.Behaviours), list(g.Objects), list(g.Examples)
		g.Timeline.Posts, g.Timeline.CoActions = list(g.Timeline.Posts), list(g.Timeline.CoActions)
	}
	if r.Check != nil {
		k := *r.Check
		k.Operations = append([]Operation{}, k.Operations...)
		for i := range k.Operations {
			k.Operations[i].Groups = list(k.Operations[i].Groups)
		}
		c.Check = &k
	}
	return &c
}

// list is s, or an empty list where s is nil.
func list[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
