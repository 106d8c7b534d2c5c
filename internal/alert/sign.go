package alert

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"time"
)

// The headers of a signed webhook, of the Standard Webhooks specification 1.0.
// The id is the idempotency key: it stays the same when a delivery is repeated.
const (
	HeaderID        = "webhook-id"
	HeaderTimestamp = "webhook-timestamp" // seconds since 1970
	HeaderSignature = "webhook-signature" // "v1," and the signature in base64
)

// ErrSignature says that a signature is not the secret's, or too old.
var ErrSignature = errors.New("the signature does not hold")

// Sign gives the value of HeaderSignature: HMAC-SHA256 over "id.seconds.body".
func Sign(secret []byte, id string, at time.Time, body []byte) string {
	return "v1," + base64.StdEncoding.EncodeToString(sum(secret, id, strconv.FormatInt(at.Unix(), 10), body))
}

func sum(secret []byte, id, seconds string, body []byte) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(id + "." + seconds + "."))
	h.Write(body)
	return h.Sum(nil)
}

// Verify checks the three headers against the body. Several signatures may
// stand side by side, as while a secret is changed; one has to hold. seconds may
// differ from now by tolerance at most.
func Verify(secret []byte, id, seconds, signatures string, body []byte, now time.Time, tolerance time.Duration) error {
	n, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil || now.Sub(time.Unix(n, 0)).Abs() > tolerance {
		return ErrSignature
	}
	want := sum(secret, id, seconds, body)
	for s := range strings.FieldsSeq(signatures) {
		v, ok := strings.CutPrefix(s, "v1,")
		got, err := base64.StdEncoding.DecodeString(v)
		if ok && err == nil && hmac.Equal(got, want) {
			return nil
		}
	}
	return ErrSignature
}
