package simulate

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
)

// Truth is what a detector should find, and what it should leave alone.
type Truth struct {
	// Accounts are all that posted, in a fixed order.
	Accounts   []AccountTruth
	Operations []OperationTruth
	// Posts is how many posts there are; Planted is how many of them an
	// operation's accounts posted together.
	Posts, Planted int
}

// AccountTruth is the truth about one account.
type AccountTruth struct {
	Platform, Account, Handle string
	// Operation is empty for honest accounts.
	Operation string
	// Trap says what may mislead a detector about an honest account:
	// "outlet", "alert-bots", "fan-campaign"; empty for ordinary accounts.
	Trap  string
	Posts int
}

// OperationTruth is the truth about one operation.
type OperationTruth struct {
	Name string
	Type OperationType
	// Behaviours are the traces by which it can be found: "url",
	// "hashtag", "hashtag-sequence", "repost", "text", "image".
	Behaviours []string
	// Accounts is how many accounts it has; Posts is how many posts they
	// made, and Planted how many of those they made together.
	Accounts, Posts, Planted int
	Description              map[string]string
}

func (e *engine) truth() Truth {
	t := Truth{Posts: e.posts}
	for i := range e.operations {
		o := &e.operations[i]
		t.Operations = append(t.Operations, OperationTruth{
			Name: o.Name, Type: o.Type, Behaviours: behaviours(o.Operation),
			Accounts: len(o.members), Planted: o.planted, Description: o.Description,
		})
		t.Planted += o.planted
	}
	for i := range e.accounts {
		a := &e.accounts[i]
		if a.posts == 0 {
			continue
		}
		truth := AccountTruth{Platform: e.platforms[a.platform], Account: a.ID, Handle: a.Handle, Trap: a.trap, Posts: a.posts}
		if a.operation >= 0 {
			truth.Operation = e.operations[a.operation].Name
			t.Operations[a.operation].Posts += a.posts
		}
		t.Accounts = append(t.Accounts, truth)
	}
	return t
}

// behaviours names the traces that an operation leaves.
func behaviours(o *Operation) []string {
	var links, tags, image bool
	for _, p := range o.Phases {
		links = links || len(p.Links) > 0
		image = image || p.Image != ""
		for _, t := range p.Hashtags {
			tags = tags || len(t) >= 3
		}
	}
	var out []string
	if o.Type == RepostRing {
		out = append(out, "repost")
	}
	if links {
		out = append(out, "url")
	}
	switch o.Type {
	case Copypasta, Spun, CrossPlatform, Slow:
		out = append(out, "text")
	case HashtagFlood:
		out = append(out, "hashtag")
	}
	if tags && o.Type != RepostRing {
		out = append(out, "hashtag-sequence")
	}
	if image {
		out = append(out, "image")
	}
	return out
}

// WriteCSV writes one line for each account: its id as in the posts, and its
// operation, which is empty for honest accounts.
func (t Truth) WriteCSV(w io.Writer) error {
	return t.write(w, []string{"account", "operation"}, func(a *AccountTruth) []string {
		return []string{a.Account, a.Operation}
	})
}

// WriteDetailCSV writes one line for each account with all that is known:
// platform, account, handle, operation, trap, posts.
func (t Truth) WriteDetailCSV(w io.Writer) error {
	return t.write(w, []string{"platform", "account", "handle", "operation", "trap", "posts"}, func(a *AccountTruth) []string {
		return []string{a.Platform, a.Account, a.Handle, a.Operation, a.Trap, strconv.Itoa(a.Posts)}
	})
}

func (t Truth) write(w io.Writer, header []string, row func(*AccountTruth) []string) error {
	c := csv.NewWriter(w)
	if err := c.Write(header); err != nil {
		return fmt.Errorf("writing the truth: %w", err)
	}
	for i := range t.Accounts {
		if err := c.Write(row(&t.Accounts[i])); err != nil {
			return fmt.Errorf("writing the truth: %w", err)
		}
	}
	c.Flush()
	if err := c.Error(); err != nil {
		return fmt.Errorf("writing the truth: %w", err)
	}
	return nil
}
