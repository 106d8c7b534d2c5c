package audit

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"
)

// ErrKey says that the signing key cannot be the one of this log.
var ErrKey = errors.New("the log's signing key is not right")

// loadKey reads the key that signs checkpoints from the file path, and makes
// it where neither key nor log is there yet. The public key stands beside it in
// path.pub, as text in the form of golang.org/x/mod/sumdb/note: NAME+HASH+KEY.
func loadKey(path, origin string, fresh bool) (note.Signer, string, error) {
	secret, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if !fresh {
			return nil, "", fmt.Errorf("%w: %s is missing, and the log is signed already: put it back from a backup", ErrKey, path)
		}
		if origin == "" || !utf8.ValidString(origin) || strings.Contains(origin, "+") || strings.ContainsFunc(origin, unicode.IsSpace) {
			return nil, "", fmt.Errorf("%w: %q cannot be a log's name", ErrKey, origin)
		}
		made, _, err := note.GenerateKey(rand.Reader, origin)
		if err != nil {
			return nil, "", fmt.Errorf("making the log's signing key: %w", err)
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, "", fmt.Errorf("making the folder of the log's signing key: %w", err)
		}
		if err := writeFile(path, []byte(made+"\n"), 0o600); err != nil {
			return nil, "", err
		}
		secret = []byte(made)
	} else if err != nil {
		return nil, "", fmt.Errorf("reading the log's signing key: %w", err)
	}
	if i, err := os.Stat(path); err != nil || i.Mode().Perm()&0o077 != 0 {
		return nil, "", fmt.Errorf("%w: others than its owner may read %s (set mode 0600)", ErrKey, path)
	}
	signer, err := note.NewSigner(strings.TrimSpace(string(secret)))
	if err != nil {
		// The library's error holds nothing of the key.
		return nil, "", fmt.Errorf("%w: %s: %w", ErrKey, path, err)
	}
	if origin != "" && signer.Name() != origin {
		return nil, "", fmt.Errorf("%w: %s is the key of %q, not of %q", ErrKey, path, signer.Name(), origin)
	}
	public, err := publicKey(strings.TrimSpace(string(secret)))
	if err != nil {
		return nil, "", fmt.Errorf("%w: %s: %w", ErrKey, path, err)
	}
	there, err := os.ReadFile(path + ".pub")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = writeFile(path+".pub", []byte(public+"\n"), 0o644)
	case err == nil && strings.TrimSpace(string(there)) != public:
		err = fmt.Errorf("%w: %s.pub is not its public key", ErrKey, path)
	}
	if err != nil {
		return nil, "", err
	}
	return signer, public, nil
}

// publicKey derives the public key from a signing key, both as text.
func publicKey(secret string) (string, error) {
	parts := strings.SplitN(secret, "+", 5) // PRIVATE+KEY+NAME+HASH+BASE64
	if len(parts) != 5 {
		return "", errKeyText
	}
	key, err := base64.StdEncoding.DecodeString(parts[4])
	if err != nil || len(key) != 1+ed25519.SeedSize {
		return "", errKeyText
	}
	public, ok := ed25519.NewKeyFromSeed(key[1:]).Public().(ed25519.PublicKey)
	if !ok {
		return "", errKeyText
	}
	return note.NewEd25519VerifierKey(parts[2], public) //nolint:wrapcheck // wrapped by the caller
}

var errKeyText = errors.New("not a signing key")

// canonical says that a text is base64 as it is written, without spare bits set.
func canonical(text string) bool {
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	return err == nil && base64.StdEncoding.EncodeToString(b) == text
}
