package x

import "testing"

func TestAnEditedPostIsAVersionOfTheFirst(t *testing.T) {
	posts, bad, err := parse([]byte(`{"data":[{"id":"9","author_id":"7","text":"a","created_at":"2026-05-01T12:00:00Z","edit_history_tweet_ids":["5","9"],"referenced_tweets":[{"type":"quoted","id":"3"}]},{"id":""}]}`))
	if err != nil || bad != 1 || len(posts) != 1 || posts[0].ID != "5" || posts[0].QuoteOf != "3" {
		t.Errorf("%+v, %d bad: %v", posts, bad, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"data":{"id":"9","author_id":"7","text":"a","created_at":"2026-05-01T12:00:00Z"},"includes":{"users":[{"id":"7"}]}}`))
	f.Add([]byte(`{"data":[[],null,{"id":1}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		posts, _, _ := parse(b)
		for _, p := range posts {
			if p.ID == "" || p.Account.ID == "" || p.Time.IsZero() || len(p.Raw) == 0 {
				t.Errorf("%+v", p)
			}
		}
	})
}
