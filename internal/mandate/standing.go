package mandate

import (
	"context"
	"fmt"
	"time"

	"github.com/akashi-project/akashi/internal/casestore"
)

// Standing is what a request amounts to now, which also hangs on the time: a
// grant ends by itself.
type Standing string

// The standings: nobody has decided; a grant that has not ended; all others,
// which are refused, withdrawn, or a grant that has ended.
const (
	Waiting Standing = "waiting"
	Holding Standing = "holding"
	Past    Standing = "past"
)

// Standings are all of them, in the order in which they are shown.
var Standings = []Standing{Waiting, Holding, Past}

// Standing says what the request amounts to.
func (r *Request) Standing(now time.Time) Standing {
	switch {
	case r.State == Open:
		return Waiting
	case r.Holds(now):
		return Holding
	}
	return Past
}

// standingWhere is the condition of a standing; it takes the time once.
const (
	waitingWhere = `state = 'open' AND ? > 0`
	holdingWhere = `state = 'approved' AND until > ?`
	pastWhere    = `(state IN ('refused', 'withdrawn') OR state = 'approved' AND until <= ?)`
)

func (t Standing) where() string {
	switch t {
	case Waiting:
		return waitingWhere
	case Holding:
		return holdingWhere
	}
	return pastWhere
}

// Standing gives n requests of a standing without the first skip, the newest
// first.
func (s *Service) Standing(ctx context.Context, t Standing, skip, n int) ([]Request, error) {
	return s.requestsFrom(ctx, skip, n, t.where(), casestore.Micros(s.db.Now()))
}

// CountStandings counts the requests of each standing.
func (s *Service) CountStandings(ctx context.Context) (map[Standing]int64, error) {
	out := map[Standing]int64{}
	now := casestore.Micros(s.db.Now())
	err := s.db.View(ctx, func(tx *casestore.Tx) error {
		for _, t := range Standings {
			var n int64
			if err := tx.Get(ctx, `SELECT count(*) FROM unmask_requests WHERE `+t.where(), []any{now}, []any{&n}); err != nil {
				return err
			}
			out[t] = n
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("counting requests for unmasking: %w", err)
	}
	return out, nil
}

// Withheld gives words that somebody wrote about an account, such as a reason,
// as those may read them who may not see its name: the name, the handle, the id
// and whatever else Text finds stand under pseudonyms.
func (s *Service) Withheld(a Account, words string) string { return s.veiledReason(a, words) }

// MayWithdraw says whether the person may take the request back, or end its grant, now.
func (r *Request) MayWithdraw(person string, now time.Time) bool {
	return (person == r.By || person == r.DecidedBy) && (r.State == Open || r.Holds(now))
}
