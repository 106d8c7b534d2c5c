package detect

import (
	"encoding/binary"
	"runtime"
	"sync"
	"time"

	"github.com/akashi-project/akashi/coordination"
	"github.com/akashi-project/akashi/internal/post"
)

// archive keeps posts for showing as evidence, packed: a post takes its texts
// and some twenty bytes. Beyond its limit it gives up, and the posts wanted
// are read from the files again.
type archive struct {
	limit  int64
	size   int64
	blocks []bundle
	full   bool
}

// bundle is some packed posts: their keys, and where each ends.
type bundle struct {
	keys  []coordination.PostKey
	ends  []int
	bytes []byte
}

// kept is what evidence shows of a post.
type kept struct {
	Key       coordination.PostKey
	Platform  string
	ID        string
	Account   string
	Time      time.Time
	Lang      string
	URL       string
	Text      string
	Origin    post.Origin
	Raw       []byte
	Synthetic bool
}

func keep(key coordination.PostKey, p *post.Post) kept {
	return kept{
		Key: key, Platform: p.Platform, ID: p.ID, Account: p.Account.ID, Time: p.Time, Lang: p.Lang,
		URL: p.URL, Text: p.Text, Origin: p.Origin, Raw: p.Raw, Synthetic: p.Synthetic,
	}
}

// pack appends a post to dst.
func pack(dst []byte, p *post.Post) []byte {
	str := func(s string) {
		dst = binary.AppendUvarint(dst, uint64(len(s)))
		dst = append(dst, s...)
	}
	dst = binary.AppendVarint(dst, p.Time.UnixMicro())
	dst = binary.AppendVarint(dst, p.Origin.Line)
	flag := byte(0)
	if p.Synthetic {
		flag = 1
	}
	dst = append(dst, flag)
	str(p.Origin.File)
	str(p.Platform)
	str(p.ID)
	str(p.Account.ID)
	str(p.Lang)
	str(p.URL)
	str(p.Text)
	dst = binary.AppendUvarint(dst, uint64(len(p.Raw)))
	return append(dst, p.Raw...)
}

// unpack is the inverse of pack.
func unpack(key coordination.PostKey, b []byte) kept {
	k := kept{Key: key}
	number := func() int64 { v, n := binary.Varint(b); b = b[n:]; return v }
	str := func() string {
		n, w := binary.Uvarint(b)
		s := string(b[w : w+int(n)]) //nolint:gosec // written by pack
		b = b[w+int(n):]             //nolint:gosec // written by pack
		return s
	}
	k.Time = time.UnixMicro(number()).UTC()
	k.Origin.Line = number()
	k.Synthetic = b[0] == 1
	b = b[1:]
	k.Origin.File = str()
	k.Platform, k.ID, k.Account, k.Lang, k.URL, k.Text = str(), str(), str(), str(), str(), str()
	k.Raw = []byte(str())
	return k
}

// packed says how many bytes posts take at most when packed.
func packed(posts []post.Post) int {
	n := 0
	for i := range posts {
		p := &posts[i]
		n += packedHead + len(p.Origin.File) + len(p.Platform) + len(p.ID) + len(p.Account.ID) + len(p.Lang) + len(p.URL) + len(p.Text) + len(p.Raw)
	}
	return n
}

// packedHead is the most that a post's numbers and lengths take.
const packedHead = 2*binary.MaxVarintLen64 + 1 + 8*binary.MaxVarintLen32

// add takes packed posts; the bundle is the archive's from then on.
func (a *archive) add(b bundle) {
	if a.full || len(b.ends) == 0 {
		return
	}
	if a.size += int64(len(b.bytes)); a.size > a.limit {
		a.full, a.blocks = true, nil
		return
	}
	a.blocks = append(a.blocks, b)
}

// find fills in the posts that are wanted, the first one of each key.
func (a *archive) find(wanted map[coordination.PostKey]*kept) {
	if len(wanted) == 0 {
		return
	}
	found := make([][]kept, len(a.blocks))
	var wg sync.WaitGroup
	limit := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i, b := range a.blocks {
		limit <- struct{}{}
		wg.Go(func() {
			defer func() { <-limit }()
			from := 0
			for j, key := range b.keys {
				if _, ok := wanted[key]; ok {
					found[i] = append(found[i], unpack(key, b.bytes[from:b.ends[j]]))
				}
				from = b.ends[j]
			}
		})
	}
	wg.Wait()
	for _, list := range found {
		for i := range list {
			if wanted[list[i].Key] == nil {
				wanted[list[i].Key] = &list[i]
			}
		}
	}
}
