package simulate

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"strconv"

	"github.com/akashi-project/akashi/internal/post"
)

// account is one account and its habits.
type account struct {
	post.Account
	platform  int
	lang      *language
	rhythm    *rhythm
	shift     int64   // how much earlier than others it lives, in ms
	rate      float64 // ordinary posts per day
	own       float64 // share of ordinary posts that are its own words
	reply     float64 // … that answer someone
	repost    float64 // … that repeat someone; the rest share news
	topics    [3]int
	lower     bool // does not bother with capital letters
	operation int  // -1 for none
	trap      string
	posts     int
	rng       *rand.Rand
}

// chance is a source of draws that depends on the seed and a name only.
func chance(seed uint64, kind string, n int) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(kind))
	return rand.New(rand.NewPCG(seed, h.Sum64()+uint64(n)*0x9e3779b97f4a7c15))
}

// habits draws what kind of user an account is.
func (a *account) habits(perDay float64) {
	r := a.rng
	// Log-normal with mean 1: the tail is heavy, and bounded so that no
	// person posts all day and night.
	const sigma = 1.15
	a.rate = perDay * min(math.Exp(sigma*r.NormFloat64()-sigma*sigma/2), 40)
	a.shift = int64(max(-3, min(3, r.NormFloat64()*1.2)) * float64(hour))
	a.own = 0.30 + 0.35*r.Float64()
	a.reply = 0.05 + 0.25*r.Float64()
	a.repost = (1 - a.own - a.reply) * (0.35 + 0.4*r.Float64())
	a.lower = r.Float64() < 0.25
	for i := range a.topics {
		a.topics[i] = a.lang.pickTopic(-1, r)
	}
}

const (
	base32Digits = "abcdefghijklmnopqrstuvwxyz234567"
	consonants   = "kstnhmrygdbpwz"
	vowels       = "aiueo"
)

// identify draws the account's ids as its platform has them.
func (e *engine) identify(a *account, name string) {
	r := a.rng
	for {
		switch e.platforms[a.platform] {
		case "sim-bluesky":
			id := []byte("did:sim:")
			for range 20 {
				id = append(id, base32Digits[r.IntN(32)])
			}
			a.ID = string(id)
		case "sim-telegram":
			a.ID = strconv.FormatInt(1_000_000_000+r.Int64N(8_999_999_999), 10)
		default:
			a.ID = strconv.FormatInt(1_000_000_000_000_000+r.Int64N(899_999_999_999_999_999), 10)
		}
		if !e.ids[a.ID] {
			break
		}
	}
	e.ids[a.ID] = true
	for {
		h := make([]byte, 0, 16)
		for range 2 + r.IntN(3) {
			h = append(h, consonants[r.IntN(len(consonants))], vowels[r.IntN(len(vowels))])
		}
		switch r.IntN(4) {
		case 0:
			h = append(h, '_', consonants[r.IntN(len(consonants))], vowels[r.IntN(len(vowels))])
		case 1:
			h = strconv.AppendInt(h, int64(r.IntN(100)), 10)
		case 2:
			h = strconv.AppendInt(h, int64(r.IntN(100_000)), 10)
		}
		if a.Handle = string(h); !e.handles[a.Handle] {
			break
		}
	}
	e.handles[a.Handle] = true
	if a.Name = name; name == "" {
		a.Name = a.lang.name(r)
	}
}
