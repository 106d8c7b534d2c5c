package finding

import (
	"context"
	"fmt"
	"strings"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
)

// checkNote says whether a text can be a note, and cuts white space around it.
func checkNote(text string) (string, error) {
	text = strings.TrimSpace(strings.ToValidUTF8(text, "\ufffd"))
	if text == "" {
		return "", invalid("a note without text")
	}
	if len(text) > noteLimit {
		return "", invalid("a note of more than %d bytes", noteLimit)
	}
	return text, nil
}

// AddNote writes a note on a finding, by whom ctx carries.
func (s *Service) AddNote(ctx context.Context, finding, text string) (Note, error) {
	n := Note{ID: casestore.NewID(), Author: casestore.ActorOf(ctx), Version: 1}
	var err error
	if n.Text, err = checkNote(text); err != nil {
		return Note{}, err
	}
	err = s.db.Change(ctx, func(tx *casestore.Tx) error {
		f, err := getFinding(ctx, tx, finding)
		if err != nil {
			return err
		}
		n.Finding, n.Created = f.ID, tx.Now()
		if _, err := tx.Exec(ctx, `INSERT INTO finding_notes (id, finding, author, text, created, edited, version) VALUES (?, ?, ?, ?, ?, 0, 1)`,
			n.ID, n.Finding, n.Author, n.Text, casestore.Micros(n.Created)); err != nil {
			return err
		}
		return noted(ctx, tx, &n)
	})
	if err != nil {
		return Note{}, fmt.Errorf("a note on the finding %q: %w", finding, err)
	}
	return n, nil
}

// noted writes the event and the line of a note.
func noted(ctx context.Context, tx *casestore.Tx, n *Note) error {
	d := eventDetail{Note: n.ID}
	id := casestore.NewID()
	if err := addEvent(ctx, tx, id, n.Finding, id, EventNote, d); err != nil {
		return err
	}
	detail := d.line()
	detail["version"], detail["bytes"] = n.Version, len(n.Text)
	return tx.Log(ctx, casestore.Line{Action: string(auth.FindingNote), Object: "finding:" + n.Finding, Detail: detail}) //nolint:wrapcheck // Log says what was done
}

// EditNote changes a note's text. Version must be the one that was read:
// casestore.ErrConflict where it is another by now. Whether the person may is
// the caller's to know (Note.Author).
func (s *Service) EditNote(ctx context.Context, id, text string, version int64) (Note, error) {
	text, err := checkNote(text)
	if err != nil {
		return Note{}, err
	}
	var n Note
	err = s.db.Change(ctx, func(tx *casestore.Tx) error {
		notes, err := readNotes(ctx, tx, `WHERE id = ?`, id)
		if err != nil {
			return err
		}
		if len(notes) == 0 {
			return casestore.ErrNotFound
		}
		n = notes[0]
		if n.Version != version {
			return casestore.ErrConflict
		}
		n.Text, n.Edited, n.Version = text, tx.Now(), n.Version+1
		if _, err := tx.Exec(ctx, `UPDATE finding_notes SET text = ?, edited = ?, version = ? WHERE id = ?`,
			n.Text, casestore.Micros(n.Edited), n.Version, n.ID); err != nil {
			return err
		}
		return noted(ctx, tx, &n)
	})
	if err != nil {
		return Note{}, fmt.Errorf("the note %q: %w", id, err)
	}
	return n, nil
}

// Note gives a note by id.
func (s *Service) Note(ctx context.Context, id string) (Note, error) {
	var notes []Note
	err := s.db.View(ctx, func(tx *casestore.Tx) (err error) {
		notes, err = readNotes(ctx, tx, `WHERE id = ?`, id)
		return err
	})
	if err == nil && len(notes) == 0 {
		err = casestore.ErrNotFound
	}
	if err != nil {
		return Note{}, fmt.Errorf("the note %q: %w", id, err)
	}
	return notes[0], nil
}

// Notes gives the notes on a finding, the oldest first.
func (s *Service) Notes(ctx context.Context, finding string) ([]Note, error) {
	var out []Note
	err := s.db.View(ctx, func(tx *casestore.Tx) error {
		f, err := getFinding(ctx, tx, finding)
		if err != nil {
			return err
		}
		out, err = readNotes(ctx, tx, `WHERE finding = ? ORDER BY created, id`, f.ID)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("the notes on the finding %q: %w", finding, err)
	}
	return out, nil
}

func readNotes(ctx context.Context, tx *casestore.Tx, rest string, args ...any) ([]Note, error) {
	out := []Note{}
	err := each(ctx, tx, `SELECT id, finding, author, text, created, edited, version FROM finding_notes `+rest, args, func(scan func(...any) error) error {
		var n Note
		var created, edited int64
		err := scan(&n.ID, &n.Finding, &n.Author, &n.Text, &created, &edited, &n.Version)
		n.Created, n.Edited = casestore.Time(created), casestore.Time(edited)
		out = append(out, n)
		return err
	})
	return out, err
}
