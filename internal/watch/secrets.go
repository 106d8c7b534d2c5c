package watch

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/akashi-project/akashi/internal/collect"
)

// Key seals the secrets of sources: tokens and passwords. It lies in a file of
// its own, so that a copy of the database alone opens nothing.
type Key struct {
	aead   cipher.AEAD
	secret []byte
}

// OpenKey reads a key, and makes it where there is none.
func OpenKey(file string) (*Key, error) {
	secret, err := os.ReadFile(file) //nolint:gosec // the path is the configuration's
	if errors.Is(err, fs.ErrNotExist) {
		secret = make([]byte, chacha20poly1305.KeySize)
		_, _ = rand.Read(secret) // never fails
		if err = os.MkdirAll(filepath.Dir(file), 0o700); err == nil {
			err = writeNew(file, secret)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("opening the key for the secrets of sources: %w", err)
	}
	aead, err := chacha20poly1305.NewX(secret)
	if err != nil {
		return nil, fmt.Errorf("the key for the secrets of sources in %s: %w", file, err)
	}
	return &Key{aead: aead, secret: secret}, nil
}

// Derive gives a key of 32 bytes for another purpose (HKDF with SHA-256, RFC
// 5869), always the same for the same name.
func (k *Key) Derive(purpose string) ([]byte, error) {
	out, err := hkdf.Key(sha256.New, k.secret, nil, "akashi/"+purpose, 32)
	if err != nil {
		return nil, fmt.Errorf("deriving a key for %s: %w", purpose, err)
	}
	return out, nil
}

// writeNew writes a file that is not there yet and has it on the disk.
func writeNew(file string, data []byte) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the path is the configuration's
	if err != nil {
		return err //nolint:wrapcheck // the caller says what it was
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

// Seal encrypts secrets for one source: those of another cannot be put in
// their place.
func (k *Key) Seal(source string, v collect.Values) ([]byte, error) {
	if len(v) == 0 {
		return []byte{}, nil
	}
	plain, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("writing secrets: %w", err)
	}
	nonce := make([]byte, k.aead.NonceSize(), k.aead.NonceSize()+len(plain)+k.aead.Overhead())
	_, _ = rand.Read(nonce) // never fails
	return k.aead.Seal(nonce, nonce, plain, []byte(source)), nil
}

// errSealed says that secrets cannot be read.
var errSealed = errors.New("the secrets of the source were sealed with another key; they have to be entered again")

// Open decrypts what Seal made.
func (k *Key) Open(source string, sealed []byte) (collect.Values, error) {
	v := collect.Values{}
	if len(sealed) == 0 {
		return v, nil
	}
	n := k.aead.NonceSize()
	if len(sealed) < n {
		return nil, errSealed
	}
	plain, err := k.aead.Open(nil, sealed[:n], sealed[n:], []byte(source))
	if err != nil {
		return nil, errSealed
	}
	if err := json.Unmarshal(plain, &v); err != nil {
		return nil, fmt.Errorf("reading secrets: %w", err)
	}
	return v, nil
}
