package graph

import (
	"fmt"
	"iter"
	"math"
	"strconv"
	"time"
)

// AttrType is the type of an attribute's values.
type AttrType uint8

// The types of attributes. In the files Int is a 64-bit integer ("long") and
// Float a 64-bit number ("double").
const (
	String AttrType = iota
	Int
	Float
	Bool
)

// name is the type's name, which GEXF and GraphML have in common.
func (t AttrType) name() string {
	switch t {
	case String:
		return "string"
	case Int:
		return "long"
	case Float:
		return "double"
	case Bool:
		return "boolean"
	}
	return ""
}

// Attr declares an attribute of nodes or edges.
type Attr struct {
	// Name identifies the attribute among those of nodes or of edges.
	Name string
	// Type is the type of its values.
	Type AttrType
	// Title is what people read; Name where it is empty.
	Title string
}

// Value is one value of an attribute. The zero Value is no value: nothing is
// written for it.
type Value struct {
	text string
	bits uint64
	kind uint8 // 0 for none, else AttrType + 1
}

// StringValue is a value of an attribute of type String.
func StringValue(s string) Value { return Value{text: s, kind: uint8(String) + 1} }

// IntValue is a value of an attribute of type Int.
func IntValue(i int64) Value { return Value{bits: uint64(i), kind: uint8(Int) + 1} }

// FloatValue is a value of an attribute of type Float. Infinities and what is
// not a number become no value.
func FloatValue(f float64) Value {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return Value{}
	}
	return Value{bits: math.Float64bits(f), kind: uint8(Float) + 1}
}

// BoolValue is a value of an attribute of type Bool.
func BoolValue(b bool) Value {
	v := Value{kind: uint8(Bool) + 1}
	if b {
		v.bits = 1
	}
	return v
}

// IsNone says that v is no value.
func (v Value) IsNone() bool { return v.kind == 0 }

// append writes the value as both formats have it, but for escaping, which
// only text needs.
func (v Value) append(b []byte) []byte {
	switch AttrType(v.kind - 1) {
	case Int:
		return strconv.AppendInt(b, int64(v.bits), 10)
	case Float:
		return appendFloat(b, math.Float64frombits(v.bits))
	case Bool:
		return strconv.AppendBool(b, v.bits != 0)
	}
	return appendText(b, v.text)
}

// Colour is a colour in sRGB.
type Colour struct{ R, G, B uint8 }

// NodeRow is one node of a [Document].
type NodeRow struct {
	// ID identifies the node; edges refer to it.
	ID string
	// Label is what people read; ID where it is empty.
	Label string
	// Position is where it is drawn, in any unit; nil where that is open.
	Position *Point
	// Colour is how it is drawn; nil where that is open.
	Colour *Colour
	// Size is how large it is drawn; nothing is written where it is 0.
	Size float64
	// Values are the node's attributes in the order of
	// Document.NodeAttrs. Those missing at the end are no values.
	Values []Value
}

// EdgeRow is one edge of a [Document].
type EdgeRow struct {
	// Source and Target are IDs of nodes. The edge has no direction.
	Source, Target string
	// Weight is the strength of the tie. A weight that is not finite is
	// left out.
	Weight float64
	// Start and End are when the tie was first and last seen. They are
	// written if the document is dynamic and they are not zero.
	Start, End time.Time
	// Values are the edge's attributes in the order of
	// Document.EdgeAttrs. Those missing at the end are no values.
	Values []Value
}

// Document is a network to be written to a file, with what is known of its
// nodes and edges. Nodes and edges are drawn from sequences while they are
// written, nodes first, so that nothing large need be held: the rows may be
// reused for the next step. A sequence ends the writing by yielding an error.
// A nil sequence is empty.
type Document struct {
	// Title and Description say what the network shows.
	Title, Description string
	// Creator made the network; "Akashi" where it is empty.
	Creator string
	// Modified is when it was made; left out where it is zero. Only the
	// date is written.
	Modified time.Time
	// Dynamic says that the edges' Start and End are to be written.
	Dynamic bool
	// NodeAttrs and EdgeAttrs declare the attributes.
	NodeAttrs, EdgeAttrs []Attr
	Nodes                iter.Seq2[*NodeRow, error]
	Edges                iter.Seq2[*EdgeRow, error]
}

// Names that the writers use themselves, so that a document good for one
// format is good for the other. Programs that read GraphML know them.
var (
	nodeNames = []string{"label", "x", "y", "size", "r", "g", "b"}
	edgeNames = []string{"weight", "start", "end"}
)

// check says whether the attributes can be declared.
func (d *Document) check() error {
	one := func(of string, attrs []Attr, reserved []string) error {
		names := make(map[string]bool, len(attrs)+len(reserved))
		for _, name := range reserved {
			names[name] = true
		}
		for _, a := range attrs {
			name := string(appendText(nil, a.Name))
			switch {
			case name == "":
				return fmt.Errorf("graph: an attribute of %s has no name", of)
			case names[name]:
				return fmt.Errorf("graph: attribute %q of %s: the name is taken", a.Name, of)
			case a.Type.name() == "":
				return fmt.Errorf("graph: attribute %q of %s has unknown type %d", a.Name, of, a.Type)
			}
			names[name] = true
		}
		return nil
	}
	if err := one("nodes", d.NodeAttrs, nodeNames); err != nil {
		return err
	}
	return one("edges", d.EdgeAttrs, edgeNames)
}

// checkValues says whether the values are of the types declared.
func checkValues(attrs []Attr, values []Value) error {
	if len(values) > len(attrs) {
		return fmt.Errorf("%d values for %d attributes", len(values), len(attrs))
	}
	for i, v := range values {
		if v.kind != 0 && AttrType(v.kind-1) != attrs[i].Type {
			return fmt.Errorf("attribute %q is a %s, its value a %s", attrs[i].Name, attrs[i].Type.name(), AttrType(v.kind-1).name())
		}
	}
	return nil
}

func (d *Document) creator() string {
	if d.Creator == "" {
		return "Akashi"
	}
	return d.Creator
}

func (a Attr) title() string {
	if a.Title == "" {
		return a.Name
	}
	return a.Title
}

func (r *NodeRow) label() string {
	if r.Label == "" {
		return r.ID
	}
	return r.Label
}
