package main

import (
	"bytes"
	"strings"
	"testing"
)

const events = `{"Action":"start","Package":"p"}
{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:3: reference data not there\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"--- SKIP: TestA (0.00s)\n"}
{"Action":"skip","Package":"p","Test":"TestA","Elapsed":0}
{"Action":"output","Package":"p","Test":"TestB","Output":"=== RUN   TestB\n"}
{"Action":"output","Package":"p","Test":"TestB","Output":"    b_test.go:3: only noise\n"}
{"Action":"pass","Package":"p","Test":"TestB","Elapsed":0}
{"Action":"output","Package":"p","Output":"PASS\n"}
{"Action":"output","Package":"p","Output":"ok  \tp\t0.1s\n"}
{"Action":"pass","Package":"p","Elapsed":0.1}
{"ImportPath":"q","Action":"build-output","Output":"# q\nq.go:1: wrong\n"}
{"Action":"output","Package":"q","Test":"TestC","Output":"    c_test.go:3: it broke\n"}
{"Action":"output","Package":"q","Test":"TestC","Output":"--- FAIL: TestC (0.00s)\n"}
{"Action":"fail","Package":"q","Test":"TestC","Elapsed":0}
{"Action":"output","Package":"q","Output":"FAIL\tq\t0.1s\n"}
{"Action":"fail","Package":"q","Elapsed":0.1}
{"Action":"output","Package":"r","Test":"TestD","Output":"=== RUN   TestD\n"}
{"Action":"output","Package":"r","Test":"TestD","Output":"panic: it fell over\n"}
{"Action":"output","Package":"r","Output":"FAIL\tr\t0.1s\n"}
{"Action":"fail","Package":"r","Elapsed":0.1}
plain words
`

const printed = `--- SKIP: p TestA: a_test.go:3: reference data not there
ok  	p	0.1s
# q
q.go:1: wrong
    c_test.go:3: it broke
--- FAIL: TestC (0.00s)
FAIL	q	0.1s
--- DID NOT END: TestD
panic: it fell over
FAIL	r	0.1s
plain words
`

func TestReporter(t *testing.T) {
	for _, c := range []struct {
		forbidden []string
		broken    bool
	}{{nil, false}, {[]string{"some other reason"}, false}, {[]string{"reference data"}, true}} {
		var b bytes.Buffer
		r := reporter{w: &b, forbidden: c.forbidden, output: map[key][]string{}}
		if err := r.read(strings.NewReader(events)); err != nil {
			t.Fatal(err)
		}
		if b.String() != printed {
			t.Errorf("printed:\n%s\nwant:\n%s", b.String(), printed)
		}
		if err := r.verdict(); (err != nil) != c.broken {
			t.Errorf("forbidding %q: %v", c.forbidden, err)
		}
	}
}
