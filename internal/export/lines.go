package export

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/akashi-project/akashi/internal/collect/file"
	"github.com/akashi-project/akashi/internal/poststore"
)

// lines writes Akashi's own NDJSON (see file.AppendPost), with the marking as
// one key more, "marking", which the reader passes over.
type lines struct {
	w       io.Writer
	marking string
	buf     []byte
}

func (l *lines) write(posts []poststore.Post) error {
	marking, err := json.Marshal(l.marking)
	if err != nil {
		return fmt.Errorf("writing the marking: %w", err)
	}
	for i := range posts {
		l.buf = file.AppendPost(l.buf[:0], &posts[i].Post)
		if l.marking != "" {
			l.buf = l.buf[:len(l.buf)-len("}\n")]
			if len(l.buf) > len("{") {
				l.buf = append(l.buf, ',')
			}
			l.buf = append(append(append(l.buf, `"marking":`...), marking...), "}\n"...)
		}
		if _, err := l.w.Write(l.buf); err != nil {
			return fmt.Errorf("writing lines: %w", err)
		}
	}
	return nil
}

func (l *lines) close() error { return nil }
