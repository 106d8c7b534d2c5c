package graph

import (
	"fmt"
	"io"
	"math"
)

// WriteGEXF writes the network as GEXF 1.3 (https://gexf.net), the format of
// Gephi, in UTF-8, undirected, with position, colour and size in the viz
// namespace. A dynamic document carries each edge's start and end as
// xsd:dateTime in UTC, to the millisecond (NetworkX, as of 3.6, does not read
// that; it reads a document that is not dynamic). GEXF has no place for a
// title: it becomes the first line of the description. Text is escaped;
// control characters but tab and line ends are dropped and what is not UTF-8
// is replaced by U+FFFD.
//
// That IDs are distinct and that edges refer to nodes is the caller's to see
// to. It fails if attributes are declared twice or under a name that the
// format uses itself, if a value is not of its attribute's type, if a
// sequence yields an error, or if w fails.
func WriteGEXF(w io.Writer, doc Document) error {
	if err := writeGEXF(w, &doc); err != nil {
		return fmt.Errorf("graph: GEXF: %w", err)
	}
	return nil
}

func writeGEXF(w io.Writer, doc *Document) error {
	if err := doc.check(); err != nil {
		return err
	}
	x := newXMLWriter(w)
	x.raw(xmlHeader)
	x.raw(`<gexf xmlns="http://gexf.net/1.3" xmlns:viz="http://gexf.net/1.3/viz" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://gexf.net/1.3 http://gexf.net/1.3/gexf.xsd" version="1.3">` + "\n<meta")
	if !doc.Modified.IsZero() {
		x.raw(` lastmodifieddate="`)
		x.buf = doc.Modified.UTC().AppendFormat(x.buf, "2006-01-02")
		x.raw(`"`)
	}
	x.raw(">\n<creator>")
	x.text(doc.creator())
	x.raw("</creator>\n")
	if about := doc.Title; about != "" || doc.Description != "" {
		if about != "" && doc.Description != "" {
			about += "\n"
		}
		x.raw("<description>")
		x.text(about + doc.Description)
		x.raw("</description>\n")
	}
	x.raw("</meta>\n")
	if doc.Dynamic {
		x.raw(`<graph defaultedgetype="undirected" mode="dynamic" timeformat="dateTime" timerepresentation="interval">` + "\n")
	} else {
		x.raw(`<graph defaultedgetype="undirected" mode="static">` + "\n")
	}
	gexfAttributes(x, "node", doc.NodeAttrs)
	gexfAttributes(x, "edge", doc.EdgeAttrs)
	nodeKeys, edgeKeys := gexfKeys(doc.NodeAttrs), gexfKeys(doc.EdgeAttrs)

	x.raw("<nodes>\n")
	if doc.Nodes != nil {
		for row, err := range doc.Nodes {
			if err != nil {
				return err
			}
			if err := checkValues(doc.NodeAttrs, row.Values); err != nil {
				return fmt.Errorf("node %q: %w", row.ID, err)
			}
			gexfNode(x, row, nodeKeys)
			if err := x.flush(); err != nil {
				return err
			}
		}
	}
	x.raw("</nodes>\n<edges>\n")
	if doc.Edges != nil {
		i := 0
		for row, err := range doc.Edges {
			if err != nil {
				return err
			}
			if err := checkValues(doc.EdgeAttrs, row.Values); err != nil {
				return fmt.Errorf("edge %q, %q: %w", row.Source, row.Target, err)
			}
			gexfEdge(x, row, i, doc.Dynamic, edgeKeys)
			if err := x.flush(); err != nil {
				return err
			}
			i++
		}
	}
	x.raw("</edges>\n</graph>\n</gexf>\n")
	return x.close()
}

func gexfAttributes(x *xmlWriter, class string, attrs []Attr) {
	if len(attrs) == 0 {
		return
	}
	x.raw(`<attributes class="` + class + `">` + "\n")
	for _, a := range attrs {
		x.raw(`<attribute id="`)
		x.text(a.Name)
		x.raw(`" title="`)
		x.text(a.title())
		x.raw(`" type="` + a.Type.name() + `"/>` + "\n")
	}
	x.raw("</attributes>\n")
}

// gexfKeys prepares the opening of each attribute's values.
func gexfKeys(attrs []Attr) []string {
	keys := make([]string, len(attrs))
	for i, a := range attrs {
		keys[i] = `<attvalue for="` + string(appendText(nil, a.Name)) + `" value="`
	}
	return keys
}

func gexfNode(x *xmlWriter, row *NodeRow, keys []string) {
	x.raw(`<node id="`)
	x.text(row.ID)
	x.raw(`" label="`)
	x.text(row.label())
	x.raw(`">`)
	gexfValues(x, row.Values, keys)
	if c := row.Colour; c != nil {
		x.raw(`<viz:color r="`)
		x.int(int(c.R))
		x.raw(`" g="`)
		x.int(int(c.G))
		x.raw(`" b="`)
		x.int(int(c.B))
		x.raw(`"/>`)
	}
	if p := row.Position; p != nil && finite(p.X) && finite(p.Y) {
		x.raw(`<viz:position x="`)
		x.float(p.X)
		x.raw(`" y="`)
		x.float(p.Y)
		x.raw(`" z="0"/>`)
	}
	if row.Size > 0 && finite(row.Size) {
		x.raw(`<viz:size value="`)
		x.float(row.Size)
		x.raw(`"/>`)
	}
	x.raw("</node>\n")
}

func gexfEdge(x *xmlWriter, row *EdgeRow, id int, dynamic bool, keys []string) {
	x.raw(`<edge id="`)
	x.int(id)
	x.raw(`" source="`)
	x.text(row.Source)
	x.raw(`" target="`)
	x.text(row.Target)
	if finite(row.Weight) {
		x.raw(`" weight="`)
		x.float(row.Weight)
	}
	if dynamic && !row.Start.IsZero() {
		x.raw(`" start="`)
		x.time(row.Start)
	}
	if dynamic && !row.End.IsZero() {
		x.raw(`" end="`)
		x.time(row.End)
	}
	if !anyValue(row.Values) {
		x.raw("\"/>\n")
		return
	}
	x.raw(`">`)
	gexfValues(x, row.Values, keys)
	x.raw("</edge>\n")
}

func gexfValues(x *xmlWriter, values []Value, keys []string) {
	if !anyValue(values) {
		return
	}
	x.raw("<attvalues>")
	for i, v := range values {
		if !v.IsNone() {
			x.raw(keys[i])
			x.value(v)
			x.raw(`"/>`)
		}
	}
	x.raw("</attvalues>")
}

func anyValue(values []Value) bool {
	for _, v := range values {
		if !v.IsNone() {
			return true
		}
	}
	return false
}

func finite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }
