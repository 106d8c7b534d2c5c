package graph

import (
	"fmt"
	"io"
	"strconv"
)

// WriteGraphML writes the network as GraphML 1.0
// (http://graphml.graphdrawing.org) in UTF-8, undirected. Label, position,
// colour and size of nodes and the weight of edges are attributes named label,
// x, y, r, g, b, size and weight, as Gephi, igraph and NetworkX read them; a
// dynamic document also has start and end, as text in the form of
// xsd:dateTime. An attribute's name is its Name and its description the Title.
// Title, description and creator of the document are data of the graph.
//
// The rest is as for [WriteGEXF].
func WriteGraphML(w io.Writer, doc Document) error {
	if err := writeGraphML(w, &doc); err != nil {
		return fmt.Errorf("graph: GraphML: %w", err)
	}
	return nil
}

func writeGraphML(w io.Writer, doc *Document) error {
	if err := doc.check(); err != nil {
		return err
	}
	x := newXMLWriter(w)
	x.raw(xmlHeader)
	x.raw(`<graphml xmlns="http://graphml.graphdrawing.org/xmlns" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://graphml.graphdrawing.org/xmlns http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd">` + "\n")
	for _, name := range []string{"title", "description", "creator", "modified"} {
		graphMLKey(x, name, "graph", Attr{Name: name})
	}
	for _, name := range nodeNames {
		a := Attr{Name: name}
		switch name {
		case "x", "y", "size":
			a.Type = Float
		case "r", "g", "b":
			a.Type = Int
		}
		graphMLKey(x, name, "node", a)
	}
	for i, a := range doc.NodeAttrs {
		graphMLKey(x, "n"+strconv.Itoa(i), "node", a)
	}
	graphMLKey(x, "weight", "edge", Attr{Name: "weight", Type: Float})
	if doc.Dynamic {
		graphMLKey(x, "start", "edge", Attr{Name: "start"})
		graphMLKey(x, "end", "edge", Attr{Name: "end"})
	}
	for i, a := range doc.EdgeAttrs {
		graphMLKey(x, "e"+strconv.Itoa(i), "edge", a)
	}
	x.raw(`<graph id="G" edgedefault="undirected">` + "\n")
	graphMLText(x, "title", doc.Title)
	graphMLText(x, "description", doc.Description)
	graphMLText(x, "creator", doc.creator())
	if !doc.Modified.IsZero() {
		graphMLText(x, "modified", doc.Modified.UTC().Format("2006-01-02"))
	}
	x.raw("\n")
	nodeKeys, edgeKeys := graphMLKeys("n", len(doc.NodeAttrs)), graphMLKeys("e", len(doc.EdgeAttrs))
	if doc.Nodes != nil {
		for row, err := range doc.Nodes {
			if err != nil {
				return err
			}
			if err := checkValues(doc.NodeAttrs, row.Values); err != nil {
				return fmt.Errorf("node %q: %w", row.ID, err)
			}
			graphMLNode(x, row, nodeKeys)
			if err := x.flush(); err != nil {
				return err
			}
		}
	}
	if doc.Edges != nil {
		for row, err := range doc.Edges {
			if err != nil {
				return err
			}
			if err := checkValues(doc.EdgeAttrs, row.Values); err != nil {
				return fmt.Errorf("edge %q, %q: %w", row.Source, row.Target, err)
			}
			graphMLEdge(x, row, doc.Dynamic, edgeKeys)
			if err := x.flush(); err != nil {
				return err
			}
		}
	}
	x.raw("</graph>\n</graphml>\n")
	return x.close()
}

func graphMLKey(x *xmlWriter, id, of string, a Attr) {
	x.raw(`<key id="` + id + `" for="` + of + `" attr.name="`)
	x.text(a.Name)
	x.raw(`" attr.type="` + a.Type.name() + `"`)
	if a.Title == "" {
		x.raw("/>\n")
		return
	}
	x.raw("><desc>")
	x.text(a.Title)
	x.raw("</desc></key>\n")
}

// graphMLKeys prepares the opening of each attribute's values.
func graphMLKeys(prefix string, n int) []string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = `<data key="` + prefix + strconv.Itoa(i) + `">`
	}
	return keys
}

func graphMLText(x *xmlWriter, key, text string) {
	if text == "" {
		return
	}
	x.raw(`<data key="` + key + `">`)
	x.text(text)
	x.raw("</data>")
}

func graphMLNode(x *xmlWriter, row *NodeRow, keys []string) {
	x.raw(`<node id="`)
	x.text(row.ID)
	x.raw(`">`)
	graphMLText(x, "label", row.label())
	if p := row.Position; p != nil && finite(p.X) && finite(p.Y) {
		x.raw(`<data key="x">`)
		x.float(p.X)
		x.raw(`</data><data key="y">`)
		x.float(p.Y)
		x.raw("</data>")
	}
	if c := row.Colour; c != nil {
		x.raw(`<data key="r">`)
		x.int(int(c.R))
		x.raw(`</data><data key="g">`)
		x.int(int(c.G))
		x.raw(`</data><data key="b">`)
		x.int(int(c.B))
		x.raw("</data>")
	}
	if row.Size > 0 && finite(row.Size) {
		x.raw(`<data key="size">`)
		x.float(row.Size)
		x.raw("</data>")
	}
	graphMLValues(x, row.Values, keys)
	x.raw("</node>\n")
}

func graphMLEdge(x *xmlWriter, row *EdgeRow, dynamic bool, keys []string) {
	x.raw(`<edge source="`)
	x.text(row.Source)
	x.raw(`" target="`)
	x.text(row.Target)
	x.raw(`">`)
	if finite(row.Weight) {
		x.raw(`<data key="weight">`)
		x.float(row.Weight)
		x.raw("</data>")
	}
	if dynamic && !row.Start.IsZero() {
		x.raw(`<data key="start">`)
		x.time(row.Start)
		x.raw("</data>")
	}
	if dynamic && !row.End.IsZero() {
		x.raw(`<data key="end">`)
		x.time(row.End)
		x.raw("</data>")
	}
	graphMLValues(x, row.Values, keys)
	x.raw("</edge>\n")
}

func graphMLValues(x *xmlWriter, values []Value, keys []string) {
	for i, v := range values {
		if !v.IsNone() {
			x.raw(keys[i])
			x.value(v)
			x.raw("</data>")
		}
	}
}
