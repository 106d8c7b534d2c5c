package graph

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"iter"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

// What the files hold, as encoding/xml reads them back.
type gexfFile struct {
	XMLName xml.Name `xml:"http://gexf.net/1.3 gexf"`
	Version string   `xml:"version,attr"`
	Meta    struct {
		Modified    string `xml:"lastmodifieddate,attr"`
		Creator     string `xml:"creator"`
		Description string `xml:"description"`
	} `xml:"meta"`
	Graph struct {
		EdgeType   string `xml:"defaultedgetype,attr"`
		Mode       string `xml:"mode,attr"`
		TimeFormat string `xml:"timeformat,attr"`
		Attributes []struct {
			Class string `xml:"class,attr"`
			List  []struct {
				ID    string `xml:"id,attr"`
				Title string `xml:"title,attr"`
				Type  string `xml:"type,attr"`
			} `xml:"attribute"`
		} `xml:"attributes"`
		Nodes []struct {
			ID     string      `xml:"id,attr"`
			Label  string      `xml:"label,attr"`
			Values []gexfValue `xml:"attvalues>attvalue"`
			Colour *struct {
				R int `xml:"r,attr"`
				G int `xml:"g,attr"`
				B int `xml:"b,attr"`
			} `xml:"http://gexf.net/1.3/viz color"`
			Position *struct {
				X float64 `xml:"x,attr"`
				Y float64 `xml:"y,attr"`
			} `xml:"http://gexf.net/1.3/viz position"`
			Size *struct {
				Value float64 `xml:"value,attr"`
			} `xml:"http://gexf.net/1.3/viz size"`
		} `xml:"nodes>node"`
		Edges []struct {
			ID     string      `xml:"id,attr"`
			Source string      `xml:"source,attr"`
			Target string      `xml:"target,attr"`
			Weight string      `xml:"weight,attr"`
			Start  string      `xml:"start,attr"`
			End    string      `xml:"end,attr"`
			Values []gexfValue `xml:"attvalues>attvalue"`
		} `xml:"edges>edge"`
	} `xml:"graph"`
}

type gexfValue struct {
	For   string `xml:"for,attr"`
	Value string `xml:"value,attr"`
}

type graphMLFile struct {
	XMLName xml.Name `xml:"http://graphml.graphdrawing.org/xmlns graphml"`
	Keys    []struct {
		ID   string `xml:"id,attr"`
		For  string `xml:"for,attr"`
		Name string `xml:"attr.name,attr"`
		Type string `xml:"attr.type,attr"`
		Desc string `xml:"desc"`
	} `xml:"key"`
	Graph struct {
		Default string        `xml:"edgedefault,attr"`
		Data    []graphMLData `xml:"data"`
		Nodes   []struct {
			ID   string        `xml:"id,attr"`
			Data []graphMLData `xml:"data"`
		} `xml:"node"`
		Edges []struct {
			Source string        `xml:"source,attr"`
			Target string        `xml:"target,attr"`
			Data   []graphMLData `xml:"data"`
		} `xml:"edge"`
	} `xml:"graph"`
}

type graphMLData struct {
	Key   string `xml:"key,attr"`
	Value string `xml:",chardata"`
}

func dataOf(list []graphMLData) map[string]string {
	m := make(map[string]string)
	for _, d := range list {
		m[d.Key] = d.Value
	}
	return m
}

// rows yields each value without an error.
func rows[T any](list ...T) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		for i := range list {
			if !yield(&list[i], nil) {
				return
			}
		}
	}
}

const hostile = "条約 <b>&amp;\"'\t\n\r\x00\x07\x1b\x7f\u0085\ufffe\uffff\xff\xed\xa0\x80]]> 😀\u202e"
const tamed = "条約 <b>&amp;\"'\t\n\r\ufffd\ufffd\ufffd\ufffd]]> 😀\u202e"

func sample() Document {
	return Document{
		Title: "Ring " + hostile, Description: "what & why", Modified: time.Date(2026, 3, 4, 23, 0, 0, 0, time.FixedZone("", -3600)),
		Dynamic: true,
		NodeAttrs: []Attr{
			{Name: "posts", Type: Int, Title: "Number of posts"},
			{Name: "score", Type: Float},
			{Name: "bot", Type: Bool},
			{Name: "name " + hostile, Type: String, Title: hostile},
		},
		EdgeAttrs: []Attr{{Name: "coactions", Type: Int}, {Name: "p", Type: Float}},
		Nodes: rows(
			NodeRow{
				ID: "a", Label: hostile, Position: &Point{0.25, -1e-7}, Colour: &Colour{1, 20, 255}, Size: 2.5,
				Values: []Value{IntValue(-9007199254740993), FloatValue(0.1), BoolValue(true), StringValue(hostile)},
			},
			NodeRow{ID: hostile, Position: &Point{math.NaN(), 0}, Size: math.Inf(1), Values: []Value{{}, FloatValue(math.Inf(1)), BoolValue(false)}},
			NodeRow{ID: "c"},
		),
		Edges: rows(
			EdgeRow{
				Source: "a", Target: hostile, Weight: 1.0 / 3, Start: time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.FixedZone("", 9*3600)), End: time.Date(2026, 1, 3, 0, 0, 0, 0, time.UTC),
				Values: []Value{IntValue(7), FloatValue(1e-300)},
			},
			EdgeRow{Source: "c", Target: "a", Weight: math.NaN()},
		),
	}
}

func TestWriteGEXF(t *testing.T) {
	var b bytes.Buffer
	if err := WriteGEXF(&b, sample()); err != nil {
		t.Fatal(err)
	}
	var f gexfFile
	if err := xml.Unmarshal(b.Bytes(), &f); err != nil {
		t.Fatalf("%v\n%s", err, b.String())
	}
	equal := func(what string, got, want any) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %#v, want %#v", what, got, want)
		}
	}
	g := f.Graph
	equal("version", f.Version, "1.3")
	equal("creator", f.Meta.Creator, "Akashi")
	equal("description", f.Meta.Description, "Ring "+tamed+"\nwhat & why")
	equal("date", f.Meta.Modified, "2026-03-05")
	equal("mode", g.EdgeType+" "+g.Mode+" "+g.TimeFormat, "undirected dynamic dateTime")
	equal("classes", g.Attributes[0].Class+" "+g.Attributes[1].Class, "node edge")
	types := ""
	for _, a := range g.Attributes[0].List {
		types += a.Type + " "
	}
	equal("types", types, "long double boolean string ")
	equal("attribute's title", g.Attributes[0].List[0].Title, "Number of posts")
	equal("attribute's title", g.Attributes[0].List[1].Title, "score")
	equal("attribute's id", g.Attributes[0].List[3].ID, "name "+tamed)
	equal("nodes", len(g.Nodes), 3)
	a := g.Nodes[0]
	equal("label", a.Label, tamed)
	equal("values", len(a.Values), 4)
	equal("long", a.Values[0], gexfValue{"posts", "-9007199254740993"})
	equal("double", a.Values[1], gexfValue{"score", "0.1"})
	equal("boolean", a.Values[2], gexfValue{"bot", "true"})
	equal("string", a.Values[3], gexfValue{"name " + tamed, tamed})
	equal("colour", [3]int{a.Colour.R, a.Colour.G, a.Colour.B}, [3]int{1, 20, 255})
	equal("position", Point{a.Position.X, a.Position.Y}, Point{0.25, -1e-7})
	equal("size", a.Size.Value, 2.5)
	equal("id", g.Nodes[1].ID, tamed)
	equal("label", g.Nodes[1].Label, tamed)
	equal("no values", len(g.Nodes[1].Values), 1)
	equal("no position", g.Nodes[1].Position == nil && g.Nodes[1].Size == nil && g.Nodes[2].Colour == nil, true)
	equal("edges", len(g.Edges), 2)
	e := g.Edges[0]
	equal("ends", e.Source+" "+e.Target, "a "+tamed)
	equal("weight", e.Weight, strconv.FormatFloat(1.0/3, 'g', -1, 64))
	equal("start", e.Start, "2026-01-01T18:04:05.006Z")
	equal("end", e.End, "2026-01-03T00:00:00Z")
	equal("edge's value", e.Values[1], gexfValue{"p", "1e-300"})
	equal("bare edge", g.Edges[1].Weight+g.Edges[1].Start+g.Edges[1].End, "")

	d := sample()
	d.Dynamic = false
	b.Reset()
	if err := WriteGEXF(&b, d); err != nil {
		t.Fatal(err)
	}
	if s := b.String(); strings.Contains(s, "start=") || !strings.Contains(s, `mode="static"`) {
		t.Error("a static document with times")
	}
}

func TestWriteGraphML(t *testing.T) {
	var b bytes.Buffer
	if err := WriteGraphML(&b, sample()); err != nil {
		t.Fatal(err)
	}
	var f graphMLFile
	if err := xml.Unmarshal(b.Bytes(), &f); err != nil {
		t.Fatalf("%v\n%s", err, b.String())
	}
	equal := func(what string, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	keys := make(map[string]string)
	for _, k := range f.Keys {
		if _, ok := keys[k.ID]; ok {
			t.Errorf("key %s twice", k.ID)
		}
		keys[k.ID] = k.For + " " + k.Name + " " + k.Type + " " + k.Desc
	}
	equal("key", keys["n0"], "node posts long Number of posts")
	equal("key", keys["n3"], "node name "+tamed+" string "+tamed)
	equal("key", keys["e1"], "edge p double ")
	equal("key", keys["weight"], "edge weight double ")
	equal("key", keys["x"], "node x double ")
	equal("default", f.Graph.Default, "undirected")
	meta := dataOf(f.Graph.Data)
	equal("title", meta["title"], "Ring "+tamed)
	equal("creator", meta["creator"], "Akashi")
	a := dataOf(f.Graph.Nodes[0].Data)
	for key, want := range map[string]string{
		"label": tamed, "x": "0.25", "y": "-1e-07", "r": "1", "g": "20", "b": "255", "size": "2.5",
		"n0": "-9007199254740993", "n1": "0.1", "n2": "true", "n3": tamed,
	} {
		equal(key, a[key], want)
	}
	if second := dataOf(f.Graph.Nodes[1].Data); len(second) != 2 || second["n2"] != "false" {
		t.Errorf("second node: %v", second)
	}
	e := dataOf(f.Graph.Edges[0].Data)
	for key, want := range map[string]string{"weight": "0.3333333333333333", "start": "2026-01-01T18:04:05.006Z", "end": "2026-01-03T00:00:00Z", "e0": "7", "e1": "1e-300"} {
		equal(key, e[key], want)
	}
	equal("ends", f.Graph.Edges[0].Source+" "+f.Graph.Edges[0].Target, "a "+tamed)
	if len(f.Graph.Edges[1].Data) != 0 {
		t.Errorf("bare edge: %v", f.Graph.Edges[1].Data)
	}
}

type brokenWriter struct{}

var errBroken = errors.New("broken")

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

func TestWritersFail(t *testing.T) {
	long := func(yield func(*NodeRow, error) bool) {
		row := NodeRow{ID: strings.Repeat("x", 1000)}
		for i := 0; yield(&row, nil); i++ {
			if i > 100000 {
				t.Error("the writer goes on after its output broke")
				return
			}
		}
	}
	for name, write := range map[string]func(io.Writer, Document) error{"GEXF": WriteGEXF, "GraphML": WriteGraphML} {
		for _, tt := range []struct {
			name string
			doc  Document
		}{
			{"name twice", Document{NodeAttrs: []Attr{{Name: "a"}, {Name: "a"}}}},
			{"names alike once tamed", Document{NodeAttrs: []Attr{{Name: "a"}, {Name: "a\x01"}}}},
			{"no name", Document{EdgeAttrs: []Attr{{Name: "\x01"}}}},
			{"reserved name", Document{EdgeAttrs: []Attr{{Name: "weight"}}}},
			{"unknown type", Document{EdgeAttrs: []Attr{{Name: "w", Type: 9}}}},
			{"too many values", Document{Nodes: rows(NodeRow{ID: "a", Values: []Value{IntValue(1)}})}},
			{"other type", Document{NodeAttrs: []Attr{{Name: "a", Type: Int}}, Nodes: rows(NodeRow{ID: "a", Values: []Value{StringValue("1")}})}},
			{"other type of edge", Document{EdgeAttrs: []Attr{{Name: "a", Type: Bool}}, Edges: rows(EdgeRow{Values: []Value{IntValue(1)}})}},
		} {
			if err := write(io.Discard, tt.doc); err == nil {
				t.Errorf("%s: %s: want an error", name, tt.name)
			}
		}
		failing := func(yield func(*EdgeRow, error) bool) { yield(nil, errBroken) }
		if err := write(io.Discard, Document{Edges: failing}); !errors.Is(err, errBroken) {
			t.Errorf("%s: the sequence's error is lost: %v", name, err)
		}
		if err := write(brokenWriter{}, Document{}); !errors.Is(err, errBroken) {
			t.Errorf("%s: the output's error is lost: %v", name, err)
		}
		if err := write(brokenWriter{}, Document{Nodes: long}); !errors.Is(err, errBroken) {
			t.Errorf("%s: the output's error is lost: %v", name, err)
		}
		if err := write(io.Discard, Document{}); err != nil {
			t.Errorf("%s: an empty document: %v", name, err)
		}
	}
}

func TestAppendFloat(t *testing.T) {
	for _, f := range []float64{0, 1, -1, 0.1, 1e15, 1e-300, math.MaxFloat64, math.SmallestNonzeroFloat64, 123456789012345} {
		s := string(appendFloat(nil, f))
		if back, err := strconv.ParseFloat(s, 64); err != nil || back != f {
			t.Errorf("%v is written %s", f, s)
		}
	}
}

// Whatever the text, the files are well formed and give it back, but for what
// XML has no place for.
func FuzzWriters(f *testing.F) {
	f.Add("plain", "text")
	f.Add(hostile, "]]><!-- &#0; &bad; -->")
	f.Add("\x80\xc3\x28\xf0\x28\x8c\x28", "\u0085\u2028\ufdd0\U0001ffff")
	f.Fuzz(func(t *testing.T, a, b string) {
		d := Document{
			Title: a, Description: b,
			NodeAttrs: []Attr{{Name: "n", Title: a}},
			EdgeAttrs: []Attr{{Name: "e", Title: b}},
			Nodes:     rows(NodeRow{ID: a, Label: "l" + b, Values: []Value{StringValue(b)}}),
			Edges:     rows(EdgeRow{Source: a, Target: b, Weight: 1, Values: []Value{StringValue(a)}}),
		}
		tameA, tameB := tame(a), tame(b)
		var out bytes.Buffer
		if err := WriteGEXF(&out, d); err != nil {
			t.Fatal(err)
		}
		var g gexfFile
		if err := xml.Unmarshal(out.Bytes(), &g); err != nil {
			t.Fatalf("%q, %q: %v", a, b, err)
		}
		n, e := g.Graph.Nodes[0], g.Graph.Edges[0]
		if !strings.HasPrefix(g.Meta.Description, tameA) || !strings.HasSuffix(g.Meta.Description, tameB) || n.ID != tameA || n.Label != "l"+tameB || n.Values[0].Value != tameB || e.Source != tameA || e.Target != tameB || e.Values[0].Value != tameA {
			t.Errorf("GEXF gives back %+v, %+v for %q, %q", n, e, a, b)
		}
		out.Reset()
		if err := WriteGraphML(&out, d); err != nil {
			t.Fatal(err)
		}
		var m graphMLFile
		if err := xml.Unmarshal(out.Bytes(), &m); err != nil {
			t.Fatalf("%q, %q: %v", a, b, err)
		}
		mn, me := m.Graph.Nodes[0], m.Graph.Edges[0]
		if mn.ID != tameA || dataOf(mn.Data)["label"] != "l"+tameB || dataOf(mn.Data)["n0"] != tameB || me.Source != tameA || me.Target != tameB || dataOf(me.Data)["e0"] != tameA {
			t.Errorf("GraphML gives back %+v, %+v for %q, %q", mn, me, a, b)
		}
	})
}

// tame is what should be left of a text, worked out in the slow way.
func tame(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		s = s[size:]
		if r == '\t' || r == '\n' || r == '\r' || !unicode.Is(unicode.Cc, r) && r != 0xfffe && r != 0xffff {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func BenchmarkWriters(b *testing.B) {
	const nodes, edges = 4000, 170000
	d := Document{
		NodeAttrs: []Attr{{Name: "community", Type: Int}, {Name: "centrality", Type: Float}, {Name: "name", Type: String}},
		EdgeAttrs: []Attr{{Name: "coactions", Type: Int}, {Name: "p", Type: Float}},
		Nodes: func(yield func(*NodeRow, error) bool) {
			row := NodeRow{Position: &Point{}, Colour: &Colour{1, 2, 3}, Values: make([]Value, 3)}
			for i := range nodes {
				row.ID = strconv.Itoa(i)
				row.Position.X, row.Position.Y = math.Sqrt(float64(i)), 1/float64(i+1)
				row.Values[0], row.Values[1], row.Values[2] = IntValue(int64(i)), FloatValue(row.Position.Y), StringValue("日本語の名前 & more")
				if !yield(&row, nil) {
					return
				}
			}
		},
		Edges: func(yield func(*EdgeRow, error) bool) {
			row := EdgeRow{Source: "1234", Target: "5678", Values: make([]Value, 2)}
			for i := range edges {
				row.Weight = math.Sqrt(float64(i))
				row.Values[0], row.Values[1] = IntValue(int64(i)), FloatValue(1/float64(i+1))
				if !yield(&row, nil) {
					return
				}
			}
		},
	}
	for _, bb := range []struct {
		name  string
		write func(io.Writer, Document) error
	}{{"GEXF", WriteGEXF}, {"GraphML", WriteGraphML}} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := bb.write(io.Discard, d); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
