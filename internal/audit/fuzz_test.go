package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"golang.org/x/mod/sumdb/note"
)

func FuzzClassify(f *testing.F) {
	for _, s := range []string{"checkpoint", "checkpoint12", ".state/treeState", "tile/0/000", "tile/entries/x001/234.p/7", "tile/0/x999/x999/x999/x999/x999/999", "tile/63/000"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, path string) {
		r := classify(path)
		if r.kind != entries && r.kind != hashes {
			return
		}
		if r.path() != path {
			t.Errorf("%q is read as %q", path, r.path())
		}
		if r.end() == 0 || r.end() > maxSize {
			t.Errorf("%q ends at %d", path, r.end())
		}
	})
}

func FuzzBundle(f *testing.F) {
	f.Add([]byte("\x00\x01a\x00\x00"), uint8(2))
	f.Add([]byte("\xff\xffa"), uint8(1))
	f.Fuzz(func(t *testing.T, raw []byte, partial uint8) {
		r := resource{kind: entries, partial: partial}
		lines, err := parseBundle(r, raw)
		if err != nil {
			if !errors.Is(err, ErrBroken) {
				t.Error(err)
			}
			return
		}
		var again []byte
		for _, l := range lines {
			again = append(append(again, byte(len(l)>>8), byte(len(l))), l...)
		}
		if len(lines) != r.count() || !bytes.Equal(again, raw) {
			t.Errorf("%q is read as %q", raw, again)
		}
	})
}

// A checkpoint that is accepted is one of those that were signed, to the byte.
func FuzzCheckpoint(f *testing.F) {
	b, _ := settled(f, 3)
	signed := b.log.head.raw
	f.Add(signed)
	f.Add(append(bytes.Clone(signed), "— other 1234\n"...))
	f.Add(bytes.Replace(signed, []byte("=\n\n"), []byte("=\nmore\n\n"), 1))
	key, err := note.NewVerifier(b.log.PublicKey())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if _, err := openHead(raw, key); err == nil && !bytes.Equal(raw, signed) {
			t.Errorf("accepted %q", raw)
		}
	})
}

// A proof that holds proves the line that is there.
func FuzzProof(f *testing.F) {
	b := openBench(f, f.TempDir())
	b.record(f, 0, 5)
	b.drain(f)
	for at := range int64(5) {
		p, err := b.log.Proof(f.Context(), at)
		if err != nil {
			f.Fatal(err)
		}
		data, err := json.Marshal(p)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	es, err := b.log.Read(f.Context(), 0, 5)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := ParseProof(data)
		if err != nil {
			return
		}
		e, err := VerifyProof(p, b.log.PublicKey())
		if err == nil && (e.Index >= 5 || es[e.Index].Line.ID != e.Line.ID) {
			t.Errorf("proved %v", e)
		}
	})
}
