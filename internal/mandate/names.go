package mandate

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
)

// keySize is the length of the secret that pseudonyms are made from, in bytes.
const keySize = 32

// Names makes pseudonyms. It is safe for use by many goroutines.
type Names struct {
	secret []byte
	macs   sync.Pool // of *mac
}

// mac is a keyed hash with room for what goes in and out.
type mac struct {
	hash.Hash
	in  []byte
	out [sha256.Size]byte
}

// NewNames makes pseudonyms from a secret of at least 32 bytes.
func NewNames(secret []byte) (*Names, error) {
	if len(secret) < keySize {
		return nil, fmt.Errorf("the secret for pseudonyms has %d bytes, which is less than %d", len(secret), keySize)
	}
	n := &Names{secret: append([]byte(nil), secret...)}
	key, err := n.derive("pseudonym of an account, 1")
	if err != nil {
		return nil, err
	}
	n.macs.New = func() any { return &mac{Hash: hmac.New(sha256.New, key)} }
	return n, nil
}

// For gives names that a purpose has to itself, such as "partner:ID": the same
// account has another pseudonym under each, and nobody without the secret can
// tell that they are one. The same purpose gives the same names for ever.
func (n *Names) For(purpose string) (*Names, error) {
	secret, err := n.derive("names for a purpose, 1: " + purpose)
	if err != nil {
		return nil, err
	}
	return NewNames(secret)
}

// Fingerprint tells secrets apart and says nothing else about them.
func (n *Names) Fingerprint() (string, error) {
	b, err := n.derive("fingerprint, 1")
	if err != nil {
		return "", err
	}
	return hex.EncodeToString(b[:8]), nil
}

// derive gives a key for one use (HKDF with SHA-256, RFC 5869).
func (n *Names) derive(use string) ([]byte, error) {
	key, err := hkdf.Key(sha256.New, n.secret, nil, "akashi "+use, keySize)
	if err != nil {
		return nil, fmt.Errorf("deriving a key for pseudonyms: %w", err)
	}
	return key, nil
}

// Alias gives the pseudonym of an account: "acc-xxxx-xxxx-xxxx", 60 bits of
// HMAC-SHA-256 over platform and id, in Crockford's base 32. With ten million
// accounts the chance that any two share one is below 1 in 20,000.
func (n *Names) Alias(platform, accountID string) string {
	m, ok := n.macs.Get().(*mac)
	if !ok {
		panic("mandate: the pool holds something else") // it cannot: see NewNames
	}
	m.Reset()
	// The length before the platform keeps ("a", "bc") and ("ab", "c") apart.
	m.in = binary.AppendUvarint(m.in[:0], uint64(len(platform)))
	m.in = append(m.in, platform...)
	m.in = append(m.in, accountID...)
	m.Write(m.in)
	bits := binary.BigEndian.Uint64(m.Sum(m.out[:0])) >> 4
	if cap(m.in) > 4096 { // an id that was made to be long
		m.in = nil
	}
	n.macs.Put(m)
	return formatAlias(bits)
}

// OpenKey reads the secret for pseudonyms from a file of 32 bytes that only
// its owner may read. Where there is no file it makes one: with another secret
// every account has another pseudonym, so the file belongs to the backup.
func OpenKey(path string) (*Names, error) {
	secret, err := readKey(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeKey(path); err != nil {
			return nil, fmt.Errorf("making the key for pseudonyms: %w", err)
		}
		secret, err = readKey(path)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the key for pseudonyms: %w", err)
	}
	return NewNames(secret)
}

func readKey(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err //nolint:wrapcheck // wrapped by OpenKey
	}
	if open := info.Mode().Perm() & 0o077; open != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("others may read %s: give it the mode 0600", path)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err //nolint:wrapcheck // wrapped by OpenKey
	}
	if len(b) != keySize {
		return nil, fmt.Errorf("%s has %d bytes instead of %d: bring it back from a backup", path, len(b), keySize)
	}
	return b, nil
}

// makeKey writes a new key whole or not at all. Where another process was
// first, its key stays.
func makeKey(path string) (err error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err //nolint:wrapcheck // wrapped by OpenKey
	}
	secret := make([]byte, keySize)
	if _, err := rand.Read(secret); err != nil {
		return err //nolint:wrapcheck // wrapped by OpenKey
	}
	f, err := os.CreateTemp(dir, ".key-*") // mode 0600
	if err != nil {
		return err //nolint:wrapcheck // wrapped by OpenKey
	}
	defer os.Remove(f.Name()) //nolint:errcheck // a name too many does no harm
	_, err = f.Write(secret)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err //nolint:wrapcheck // wrapped by OpenKey
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err //nolint:wrapcheck // wrapped by OpenKey
	}
	return syncDir(dir)
}

// syncDir makes the names in a folder durable.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err //nolint:wrapcheck // wrapped by OpenKey
	}
	return errors.Join(d.Sync(), d.Close())
}
