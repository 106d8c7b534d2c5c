package audit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/client"
	"golang.org/x/mod/sumdb/note"

	"github.com/akashi-project/akashi/internal/casestore"
)

// ErrProof says that a proof does not prove its line.
var ErrProof = errors.New("the proof does not hold")

// proofFormat names what a Proof is.
const proofFormat = "akashi-log-proof/1"

// Proof shows that one line is in the log, without the other lines: for a
// partner, an auditor or a court. It is written as JSON, and checked with the
// public key alone.
type Proof struct {
	Format string `json:"format"`
	// Index is the line's place, Line the line byte for byte.
	Index int64  `json:"index"`
	Line  string `json:"line"`
	// Hashes lead from the line to the root (RFC 6962, section 2.1.1).
	Hashes [][]byte `json:"hashes"`
	// Checkpoint is the signed root.
	Checkpoint string `json:"checkpoint"`
}

// Proof gives the proof of the line at a place.
func (l *Log) Proof(ctx context.Context, index int64) (Proof, error) {
	var line []byte
	head := l.snapshot()
	if index < 0 || uint64(index) >= head.Size {
		return Proof{}, fmt.Errorf("proving line %d of %d: %w", index, head.Size, casestore.ErrNotFound)
	}
	err := l.each(ctx, uint64(index), uint64(index)+1, func(_ uint64, raw []byte) error {
		line = raw
		return nil
	})
	if err != nil {
		return Proof{}, err
	}
	l.mu.RLock()
	defer l.mu.RUnlock() // the files at the right edge stay
	head = l.head
	builder, err := client.NewProofBuilder(ctx, head.Size, client.FileFetcher{Root: l.dir}.ReadTile)
	if err != nil {
		return Proof{}, fmt.Errorf("proving line %d: %w", index, err)
	}
	hashes, err := builder.InclusionProof(ctx, uint64(index))
	if err != nil {
		return Proof{}, fmt.Errorf("proving line %d: %w", index, err)
	}
	p := Proof{Format: proofFormat, Index: index, Line: string(line), Hashes: hashes, Checkpoint: string(head.raw)}
	if _, err := VerifyProof(p, l.public); err != nil {
		return Proof{}, err
	}
	return p, nil
}

func (l *Log) snapshot() signedHead {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.head
}

// ParseProof reads a proof from JSON. It says nothing about whether the proof
// holds.
func ParseProof(data []byte) (Proof, error) {
	var p Proof
	if err := json.Unmarshal(data, &p); err != nil {
		return p, fmt.Errorf("%w: reading it: %w", ErrProof, err)
	}
	if p.Format != proofFormat {
		return p, fmt.Errorf("%w: its format is %q, expected %s", ErrProof, p.Format, proofFormat)
	}
	return p, nil
}

// VerifyProof checks a proof with the log's public key and gives the line that
// it proves; ErrProof where it does not hold.
func VerifyProof(p Proof, publicKey string) (Entry, error) {
	key, err := note.NewVerifier(publicKey)
	if err != nil {
		return Entry{}, fmt.Errorf("reading the public key: %w", err)
	}
	head, err := openHead([]byte(p.Checkpoint), key)
	if err != nil {
		return Entry{}, fmt.Errorf("%w: %w", ErrProof, err)
	}
	if p.Index < 0 || uint64(p.Index) >= head.Size {
		return Entry{}, fmt.Errorf("%w: line %d of %d", ErrProof, p.Index, head.Size)
	}
	hasher := rfc6962.DefaultHasher
	err = proof.VerifyInclusion(hasher, uint64(p.Index), head.Size, hasher.HashLeaf([]byte(p.Line)), p.Hashes, head.Hash)
	if err != nil {
		return Entry{}, fmt.Errorf("%w: %w", ErrProof, err)
	}
	e, err := entry(uint64(p.Index), []byte(p.Line))
	if err != nil {
		return Entry{}, fmt.Errorf("%w: %w", ErrProof, err)
	}
	return e, nil
}
