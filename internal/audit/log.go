package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"

	checkpoints "github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/client"
	"golang.org/x/mod/sumdb/note"
)

// ErrBusy says that another process writes to the log.
var ErrBusy = errors.New("another process writes to the log")

// ErrBroken says that the log's files contradict each other or its signature.
// Verify says where.
var ErrBroken = errors.New("the log is damaged or was changed")

// Options say how a log is kept.
type Options struct {
	// Key is the path of the file with the signing key (mode 0600), made at
	// the first start; the public key is put beside it in Key + ".pub".
	Key string
	// Origin is the log's name, "akashi/INSTANCE", without spaces and "+".
	// It may not change later. Empty takes the key's.
	Origin string
	// Logger hears what goes wrong while draining; nil means slog.Default.
	Logger *slog.Logger
	// Batch is the number of lines that are appended at once at most; 0
	// means 4096, which is also the limit.
	Batch int
}

// maxBatch bounds what a write that was cut off can leave beyond the tree.
const maxBatch = 4096

// Log is a log that is being written. Its methods may be called concurrently.
type Log struct {
	dir    string
	signer note.Signer
	key    note.Verifier
	public string
	logger *slog.Logger
	batch  int
	owner  *os.File

	// drain is held by who appends. known are the ids of lines behind the
	// outbox's mark that are in the log already; nil where this has to be
	// looked up first.
	drain   sync.Mutex
	known   map[string]bool
	waiting atomic.Int64

	// mu guards the checkpoint, and the files that stop being part of the
	// log when it changes: readers hold it.
	mu   sync.RWMutex
	head signedHead

	// step is called between the steps of a drain; tests fail there.
	step func(string) error
}

// signedHead is a checkpoint: what it says and its text.
type signedHead struct {
	checkpoints.Checkpoint
	raw []byte
}

// Open opens the log in the folder dir, and makes it if there is none. It
// fails with ErrBusy where another process has it open, with ErrKey where the
// key is not the log's, and with ErrBroken where the tree is not the one that
// was signed. Lines that were written but not signed when the program died are
// signed now.
func Open(ctx context.Context, dir string, o Options) (_ *Log, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("opening the log in %s: %w", dir, err)
		}
	}()
	l := &Log{dir: dir, logger: o.Logger, batch: o.Batch, step: func(string) error { return nil }}
	if l.logger == nil {
		l.logger = slog.Default()
	}
	if l.batch <= 0 || l.batch > maxBatch {
		l.batch = maxBatch
	}
	if err := os.MkdirAll(filepath.Join(dir, stateDir), 0o700); err != nil {
		return nil, err //nolint:wrapcheck // wrapped above
	}
	if l.owner, err = own(filepath.Join(dir, ownerFile)); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = l.owner.Close()
		}
	}()
	_, errHead := os.Stat(filepath.Join(dir, checkpointFile))
	_, errState := os.Stat(filepath.Join(dir, treeStateFile))
	fresh := errors.Is(errHead, fs.ErrNotExist) && errors.Is(errState, fs.ErrNotExist)
	if l.signer, l.public, err = loadKey(o.Key, o.Origin, fresh); err != nil {
		return nil, err
	}
	if l.key, err = note.NewVerifier(l.public); err != nil {
		return nil, fmt.Errorf("reading the public key: %w", err)
	}
	if errors.Is(errHead, fs.ErrNotExist) {
		if err := l.begin(fresh); err != nil {
			return nil, err
		}
	}
	raw, err := os.ReadFile(filepath.Join(dir, checkpointFile))
	if err != nil {
		return nil, err //nolint:wrapcheck // wrapped above
	}
	if l.head, err = openHead(raw, l.key); err != nil {
		return nil, err
	}
	if err := l.publish(ctx); err != nil {
		return nil, err
	}
	return l, nil
}

// own takes the lock that says who writes. The kernel gives it back when the
// process ends in whatever way.
func own(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err //nolint:wrapcheck // wrapped by Open
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("%w (%w)", ErrBusy, err), f.Close())
	}
	return f, nil
}

// begin signs the checkpoint of the empty log. Without a checkpoint there may
// be no tree, or an empty one from a first start that was cut off.
func (l *Log) begin(fresh bool) error {
	if !fresh {
		tree, err := readTree(l.dir)
		if err != nil {
			return err
		}
		if tree.Size > 0 {
			return fmt.Errorf("%w: there are %d lines but no checkpoint", ErrBroken, tree.Size)
		}
	}
	if err := writeTree(l.dir, treeState{Root: rfc6962.DefaultHasher.EmptyRoot()}); err != nil {
		return err
	}
	raw, err := l.sign(0, rfc6962.DefaultHasher.EmptyRoot())
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(l.dir, checkpointFile), raw, 0o644)
}

// Close lets the log go. Run does the last draining when its context ends;
// Close waits for it.
func (l *Log) Close() error {
	l.drain.Lock()
	defer l.drain.Unlock()
	if err := l.owner.Close(); err != nil {
		return fmt.Errorf("closing the log: %w", err)
	}
	return nil
}

// PublicKey is what anybody needs to check the log: NAME+HASH+KEY, as text.
// People should keep it, and now and then a checkpoint, somewhere else.
func (l *Log) PublicKey() string { return l.public }

// Origin is the log's name.
func (l *Log) Origin() string { return l.key.Name() }

// Size is the number of lines that are signed.
func (l *Log) Size() int64 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return int64(l.head.Size)
}

// Waiting is the number of lines that waited in the outbox when it was last
// looked at, and were not appended yet.
func (l *Log) Waiting() int64 { return l.waiting.Load() }

// Checkpoint is the signed size and root of the log, as text: the log's name,
// its number of lines, the root, an empty line and the signature.
func (l *Log) Checkpoint() string {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return string(l.head.raw)
}

// openHead reads a checkpoint and checks its signature. The text has to be
// exactly what signing gives, so that no byte of it can change unseen.
func openHead(raw []byte, key note.Verifier) (signedHead, error) {
	if len(raw) > 4096 {
		return signedHead{}, fmt.Errorf("%w: the checkpoint has %d bytes", ErrBroken, len(raw))
	}
	cp, _, n, err := checkpoints.ParseCheckpoint(raw, key.Name(), key)
	if err != nil {
		return signedHead{}, fmt.Errorf("%w: the checkpoint is not signed with the log's key, or was changed: %w", ErrBroken, err)
	}
	// The library accepts further lines and signatures and spare bits in
	// base64, which nothing protects.
	exact := bytes.Equal(cp.Marshal(), []byte(n.Text)) && len(n.Sigs) == 1 && len(n.UnverifiedSigs) == 0
	if exact {
		again, err := note.Sign(&note.Note{Text: n.Text, Sigs: n.Sigs})
		exact = err == nil && bytes.Equal(again, raw)
	}
	if exact {
		exact = canonical(n.Sigs[0].Base64)
	}
	if !exact || cp.Size >= maxSize {
		return signedHead{}, fmt.Errorf("%w: the checkpoint is not written as it was signed", ErrBroken)
	}
	return signedHead{Checkpoint: *cp, raw: bytes.Clone(raw)}, nil
}

func (l *Log) sign(size uint64, root []byte) ([]byte, error) {
	cp := checkpoints.Checkpoint{Origin: l.signer.Name(), Size: size, Hash: root}
	raw, err := note.Sign(&note.Note{Text: string(cp.Marshal())}, l.signer)
	if err != nil {
		return nil, fmt.Errorf("signing a checkpoint: %w", err)
	}
	return raw, nil
}

// writeTree writes the files with which tessera continues a tree.
func writeTree(dir string, t treeState) error {
	state, err := json.Marshal(t)
	if err != nil {
		return fmt.Errorf("writing the tree's state: %w", err)
	}
	if err := writeFile(filepath.Join(dir, versionFile), []byte(version), 0o644); err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, treeStateFile), state, 0o644)
}

// readTree reads tessera's tree state: the empty tree where there is none.
func readTree(dir string) (treeState, error) {
	raw, err := os.ReadFile(filepath.Join(dir, treeStateFile))
	if errors.Is(err, fs.ErrNotExist) {
		return treeState{Root: rfc6962.DefaultHasher.EmptyRoot()}, nil
	}
	if err != nil {
		return treeState{}, fmt.Errorf("reading the tree's state: %w", err)
	}
	var t treeState
	if err := json.Unmarshal(raw, &t); err != nil {
		return t, fmt.Errorf("%w: %s: %w", ErrBroken, treeStateFile, err)
	}
	if again, err := json.Marshal(t); err != nil || !bytes.Equal(again, raw) || t.Size >= maxSize {
		return t, fmt.Errorf("%w: %s is not as it was written", ErrBroken, treeStateFile)
	}
	return t, nil
}

// publish signs a checkpoint of the tree that is written, if it is not the one
// that is signed. It signs nothing but a continuation of what it signed last.
func (l *Log) publish(ctx context.Context) error {
	tree, err := readTree(l.dir)
	if err != nil {
		return err
	}
	old := l.head
	if tree.Size < old.Size {
		return fmt.Errorf("%w: the tree has %d lines, but %d are signed", ErrBroken, tree.Size, old.Size)
	}
	files := client.FileFetcher{Root: l.dir}
	root, err := rootOf(ctx, files, tree.Size)
	if err != nil {
		return err
	}
	if !bytes.Equal(root, tree.Root) {
		return fmt.Errorf("%w: the hashes do not give the tree's root", ErrBroken)
	}
	if tree.Size == old.Size {
		if !bytes.Equal(root, old.Hash) {
			return fmt.Errorf("%w: the hashes do not give the signed root", ErrBroken)
		}
		return nil
	}
	if err := continues(ctx, files, old.Checkpoint, tree); err != nil {
		return err
	}
	raw, err := l.sign(tree.Size, root)
	if err != nil {
		return err
	}
	now, err := openHead(raw, l.key)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := writeFile(filepath.Join(l.dir, checkpointFile), raw, 0o644); err != nil {
		return err
	}
	l.head = now
	return l.forget(old.Size, now.Size)
}

// forget removes the files at the right edge of the tree old that fuller ones
// have replaced in the tree now.
func (l *Log) forget(old, now uint64) error {
	still := map[resource]bool{}
	for _, r := range edge(now) {
		still[r] = true
	}
	for _, r := range edge(old) {
		if still[r] {
			continue
		}
		path := filepath.Join(l.dir, r.path())
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("removing a file that a fuller one replaced: %w", err)
		}
		_ = os.Remove(filepath.Dir(path)) // goes if it is empty
	}
	return nil
}

// rootOf computes the root of the tree's first size lines from the hashes.
func rootOf(ctx context.Context, files client.FileFetcher, size uint64) ([]byte, error) {
	if size == 0 {
		return rfc6962.DefaultHasher.EmptyRoot(), nil
	}
	nodes, err := client.FetchRangeNodes(ctx, size, files.ReadTile)
	if err != nil {
		return nil, fmt.Errorf("%w: reading the hashes: %w", ErrBroken, err)
	}
	ranges := compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}
	r, err := ranges.NewRange(0, size, nodes)
	if err != nil {
		return nil, fmt.Errorf("%w: joining the hashes: %w", ErrBroken, err)
	}
	root, err := r.GetRootHash(nil)
	if err != nil {
		return nil, fmt.Errorf("%w: joining the hashes: %w", ErrBroken, err)
	}
	return root, nil
}

// continues says whether a tree begins with all that a checkpoint commits to.
func continues(ctx context.Context, files client.FileFetcher, old checkpoints.Checkpoint, now treeState) error {
	if now.Size < old.Size {
		return fmt.Errorf("%w: it has %d lines, the checkpoint has %d", ErrRolledBack, now.Size, old.Size)
	}
	if old.Size == 0 {
		return nil
	}
	builder, err := client.NewProofBuilder(ctx, now.Size, files.ReadTile)
	if err != nil {
		return fmt.Errorf("%w: reading the hashes: %w", ErrBroken, err)
	}
	path, err := builder.ConsistencyProof(ctx, old.Size, now.Size)
	if err != nil {
		return fmt.Errorf("%w: reading the hashes: %w", ErrBroken, err)
	}
	if err := proof.VerifyConsistency(rfc6962.DefaultHasher, old.Size, now.Size, path, old.Hash, now.Root); err != nil {
		return fmt.Errorf("%w: the tree does not continue what is signed: %w", ErrBroken, err)
	}
	return nil
}
