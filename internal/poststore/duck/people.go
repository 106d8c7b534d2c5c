package duck

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/akashi-project/akashi/internal/poststore"
)

// Accounts gives accounts by key.
func (s *Store) Accounts(ctx context.Context, keys []string) ([]poststore.Account, error) {
	var out []poststore.Account
	err := s.read(ctx, func(v *snapshot) error {
		nos := make([]int64, 0, len(keys))
		s.mu.RLock()
		for _, k := range keys {
			if no, have := s.accounts.number[s.hash(0, clean(k))]; have {
				nos = append(nos, no)
			}
		}
		s.mu.RUnlock()
		found, err := v.accounts(ctx, nos)
		for _, no := range nos {
			if a, have := found[no]; have {
				out = append(out, a)
			}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading accounts: %w", err)
	}
	return out, nil
}

// AccountByAlias finds an account by its pseudonym.
func (s *Store) AccountByAlias(ctx context.Context, alias string) (poststore.Account, error) {
	var out poststore.Account
	err := s.read(ctx, func(v *snapshot) error {
		no := int64(-1)
		err := each(ctx, v.c, "SELECT no FROM account WHERE alias = ? ORDER BY no LIMIT 1", []any{clean(alias)}, func(r row) error {
			no = r.int(0)
			return nil
		})
		if err != nil {
			return err
		}
		found, err := v.accounts(ctx, []int64{no})
		if err != nil {
			return err
		}
		a, have := found[no]
		if !have {
			return poststore.ErrNotFound
		}
		out = a
		return nil
	})
	if err != nil {
		return out, fmt.Errorf("looking for the account %q: %w", alias, err)
	}
	return out, nil
}

// accountNames reads accounts by number, without counting their posts.
func (v *snapshot) accountNames(ctx context.Context, nos []int64) (map[int64]poststore.Account, error) {
	found := make(map[int64]poststore.Account)
	if len(nos) == 0 {
		return found, nil
	}
	list := make([]string, len(nos))
	for i, no := range nos {
		list[i] = strconv.FormatInt(no, 10)
	}
	// One scan: the plan of one for each number would take longer to make.
	err := each(ctx, v.c, "SELECT no, platform, id, handle, name, alias FROM account WHERE no IN ("+strings.Join(list, ",")+")", nil, func(r row) error {
		a := poststore.Account{Platform: r.string(1), Alias: r.string(5)}
		a.ID, a.Handle, a.Name = r.string(2), r.string(3), r.string(4)
		a.Key = poststore.AccountKey(a.Platform, a.ID)
		found[r.int(0)] = a
		return nil
	})
	return found, err
}

// accounts reads accounts by number.
func (v *snapshot) accounts(ctx context.Context, nos []int64) (map[int64]poststore.Account, error) {
	if len(nos) == 0 {
		return nil, nil
	}
	found, err := v.accountNames(ctx, nos)
	if err != nil {
		return nil, err
	}
	where, may, err := oneOf("account", kindAccount, nos)
	if err != nil {
		return nil, err
	}
	c := &condition{where: "deleted = 0 AND " + where, may: may, from: always, to: never}
	err = each(ctx, v.c, c.statement("SELECT account, count(*), min(time), max(time) FROM %s GROUP BY account", "account, time", v.runs(c)),
		nil, func(r row) error {
			a := found[r.int(0)]
			a.Posts, a.First, a.Last = r.int(1), at(r.int(2)), at(r.int(3))
			found[r.int(0)] = a
			return nil
		})
	return found, err
}
