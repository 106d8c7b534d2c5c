package duck

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/akashi-project/akashi/internal/poststore"
)

// handles leads from a handle to the accounts that go by it or went by it since
// the store was opened: a chain of accounts for each handle, newest first. Those
// that no longer go by it are passed over when it is read (see accounts.holders).
type handles struct {
	head map[uint64]int32 // by hash: 1 + the place of the chain's first link
	link []handleLink
}

// handleLink is an account in a chain; next is 1 + the place of the next link, 0
// at the end.
type handleLink struct{ no, next int32 }

// sameHandle is how many accounts of all platforms are looked at for one handle.
const sameHandle = 64

// handleHash gives the hash by which a handle is found; 0 of none.
func (s *Store) handleHash(handle string) uint64 {
	folded := poststore.FoldHandle(handle)
	if folded == "" {
		return 0
	}
	return max(1, s.hash(0, folded))
}

// add notes that an account goes by a handle.
func (h *handles) add(hash uint64, no int64) {
	if hash == 0 {
		return
	}
	first := h.head[hash]
	for at, n := first, 0; at != 0 && n < sameHandle; at, n = h.link[at-1].next, n+1 {
		if int64(h.link[at-1].no) == no {
			return
		}
	}
	h.link = append(h.link, handleLink{int32(no), first}) //nolint:gosec // fewer than posts
	h.head[hash] = int32(len(h.link))                     //nolint:gosec // fewer than posts
}

// holders gives the accounts that go by a handle, at most sameHandle of them.
func (a *accounts) holders(hash uint64) []int64 {
	if hash == 0 {
		return nil
	}
	var out []int64
	for at := a.handles.head[hash]; at != 0 && len(out) < sameHandle; at = a.handles.link[at-1].next {
		no := int64(a.handles.link[at-1].no)
		if a.known[no].folded == hash && !slices.Contains(out, no) {
			out = append(out, no)
		}
	}
	return out
}

// AccountsNamed gives the accounts of a platform that ids or handles mean.
func (s *Store) AccountsNamed(ctx context.Context, platform string, names []string) ([]poststore.Account, error) {
	platform = clean(platform)
	var out []poststore.Account
	err := s.read(ctx, func(v *snapshot) error {
		ids, folded := make(map[string]bool, len(names)), make(map[string]int, len(names))
		var nos []int64
		s.mu.RLock()
		for _, name := range names {
			name = clean(name)
			ids[name], folded[poststore.FoldHandle(name)] = true, 0
			if no, have := s.accounts.number[s.hash(0, poststore.AccountKey(platform, name))]; have {
				nos = append(nos, no)
			}
			nos = append(nos, s.accounts.holders(s.handleHash(name))...)
		}
		s.mu.RUnlock()
		delete(folded, "")
		if len(nos) == 0 {
			return nil
		}
		found, err := v.accountNames(ctx, nos)
		if err != nil {
			return err
		}
		for _, a := range found {
			if a.Platform == platform {
				out = append(out, a)
			}
		}
		slices.SortFunc(out, func(a, b poststore.Account) int { return cmp.Compare(a.Key, b.Key) })
		out = slices.DeleteFunc(out, func(a poststore.Account) bool {
			h := poststore.FoldHandle(a.Handle)
			n, asked := folded[h]
			if asked {
				folded[h]++
			}
			return !ids[a.ID] && (!asked || n >= poststore.MaxNamesakes)
		})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("looking accounts up by their names: %w", err)
	}
	return out, nil
}
