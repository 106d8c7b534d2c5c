package mandate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
)

// State is where a request for unmasking stands.
type State string

// The states. Approved says that there was a grant: see Request.Holds for
// whether it still holds.
const (
	Open      State = "open"
	Approved  State = "approved"
	Refused   State = "refused"
	Withdrawn State = "withdrawn"
)

// Request is a request to see the name of an account, and what became of it.
type Request struct {
	ID string
	// Platform and AccountID say which account; pages show its Alias.
	Platform, AccountID, Alias string
	// Finding is the id of the finding that it is for; Reason says why.
	Finding, Reason string
	State           State
	// By is the id of the person who asks; For are others who are to see
	// the name too.
	By  string
	For []string
	At  time.Time
	// DecidedBy, Decided and Decision are who said yes or no, when, why.
	DecidedBy string
	Decided   time.Time
	Decision  string
	// Until is when the grant ends.
	Until time.Time
	// WithdrawnBy and Withdrawn are who withdrew the request, or ended the
	// grant before its time, and when.
	WithdrawnBy string
	Withdrawn   time.Time
}

// Holds says that the request is a grant that has not ended.
func (r *Request) Holds(now time.Time) bool { return r.State == Approved && now.Before(r.Until) }

// RequestUnmasking asks to see the name of an account. The reason and the
// finding that it is for must be said. others are the ids of people who are to
// see the name too. Where the person has an open request for the account, it
// gives ErrConflict of package casestore.
func (s *Service) RequestUnmasking(ctx context.Context, p *auth.Principal, a Account, finding, reason string, others ...string) (Request, error) {
	reason, finding = strings.TrimSpace(reason), strings.TrimSpace(finding)
	switch {
	case p == nil || p.Token != "":
		return Request{}, ErrPerson
	case a.ID == "":
		return Request{}, fmt.Errorf("asking for unmasking: %w: the account", ErrIncomplete)
	case reason == "":
		return Request{}, fmt.Errorf("asking for unmasking: %w: a reason", ErrIncomplete)
	case finding == "":
		return Request{}, fmt.Errorf("asking for unmasking: %w: the finding that it is for", ErrIncomplete)
	}
	r := Request{
		ID: casestore.NewID(), Platform: a.Platform, AccountID: a.ID, Alias: s.names.Alias(a.Platform, a.ID),
		Finding: finding, Reason: reason, State: Open, By: p.ID,
	}
	for _, o := range others {
		if o != "" && o != p.ID && !slices.Contains(r.For, o) {
			r.For = append(r.For, o)
		}
	}
	slices.Sort(r.For)
	err := s.db.Change(ctx, func(tx *casestore.Tx) error {
		r.At = tx.Now()
		var open int
		if err := tx.Get(ctx, `SELECT count(*) FROM unmask_requests WHERE alias = ? AND requested_by = ? AND state = ?`,
			[]any{r.Alias, p.ID, string(Open)}, []any{&open}); err != nil {
			return err
		}
		if open > 0 {
			return casestore.ErrConflict
		}
		if _, err := tx.Exec(ctx, `INSERT INTO unmask_requests (id, platform, account, alias, finding, reason, state, requested_by, requested)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			r.ID, r.Platform, r.AccountID, r.Alias, finding, reason, string(Open), p.ID, casestore.Micros(r.At)); err != nil {
			return err
		}
		for _, person := range append([]string{p.ID}, r.For...) {
			if err := addViewer(ctx, tx, r.ID, person); err != nil {
				return err
			}
		}
		return tx.Log(ctx, casestore.Line{
			Actor: p.Actor(), Action: string(auth.UnmaskRequest), Object: "unmask:" + r.ID,
			Detail: map[string]any{"account": r.Alias, "finding": finding, "reason": s.veiledReason(a, reason), "for": r.For},
		})
	})
	if err != nil {
		return Request{}, fmt.Errorf("asking for unmasking: %w", err)
	}
	return r, nil
}

func addViewer(ctx context.Context, tx *casestore.Tx, request, person string) error {
	_, err := tx.Exec(ctx, `INSERT INTO unmask_viewers (request, person) VALUES (?, ?) ON CONFLICT (request, person) DO NOTHING`, request, person)
	return err
}

// DecideUnmasking says yes or no to an open request. It takes another person
// than the one who asked and those for whom it was asked (ErrSecondPerson), and
// a reason where it is no.
func (s *Service) DecideUnmasking(ctx context.Context, p *auth.Principal, id string, yes bool, why string) (Request, error) {
	why = strings.TrimSpace(why)
	switch {
	case p == nil || p.Token != "":
		return Request{}, ErrPerson
	case !yes && why == "":
		return Request{}, fmt.Errorf("refusing to unmask: %w: a reason", ErrIncomplete)
	}
	r, err := s.Request(ctx, id)
	if err != nil {
		return Request{}, err
	}
	// What the account is called now, so that the log does not say it.
	account, err := s.lookUp(ctx, r.account())
	if err != nil {
		return Request{}, err
	}
	err = s.db.Change(ctx, func(tx *casestore.Tx) (err error) {
		if r, err = requestByID(ctx, tx, id); err != nil {
			return err
		}
		if r.By == p.ID || slices.Contains(r.For, p.ID) {
			return ErrSecondPerson
		}
		if r.State != Open {
			return ErrState
		}
		r.State, r.DecidedBy, r.Decided, r.Decision = Refused, p.ID, tx.Now(), why
		if yes {
			r.State, r.Until = Approved, r.Decided.Add(s.grant)
			if err := addViewer(ctx, tx, id, p.ID); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, `UPDATE unmask_requests SET state = ?, decided_by = ?, decided = ?, decision = ?, until = ? WHERE id = ?`,
			string(r.State), p.ID, casestore.Micros(r.Decided), why, casestore.Micros(r.Until), id); err != nil {
			return err
		}
		detail := map[string]any{"account": r.Alias, "to": r.State, "reason": s.veiledReason(account, why), "asked": "user:" + r.By}
		if yes {
			detail["until"] = r.Until
		}
		return tx.Log(ctx, casestore.Line{Actor: p.Actor(), Action: string(auth.UnmaskApprove), Object: "unmask:" + id, Detail: detail})
	})
	if err != nil {
		return Request{}, fmt.Errorf("deciding on unmasking: %w", err)
	}
	return r, nil
}

// account gives what a request knows of its account.
func (r *Request) account() Account {
	a := Account{Platform: r.Platform}
	a.ID = r.AccountID
	return a
}

// lookUp gives an account with the names that the Finder knows of it.
func (s *Service) lookUp(ctx context.Context, a Account) (Account, error) {
	if s.finder == nil {
		return a, nil
	}
	found, err := s.finder.FindAccounts(ctx, a.Platform, []string{a.ID})
	if err != nil {
		return a, fmt.Errorf("looking up the account of a request for unmasking: %w", err)
	}
	for _, f := range found {
		if f.ID == a.ID {
			return f, nil
		}
	}
	return a, nil
}

// WithdrawUnmasking takes back an open request, or ends a grant before its
// time. Who asked may do so, and who approved. To others there is no such
// request (ErrNotFound of package casestore).
func (s *Service) WithdrawUnmasking(ctx context.Context, p *auth.Principal, id string) (Request, error) {
	if p == nil || p.Token != "" {
		return Request{}, ErrPerson
	}
	var r Request
	err := s.db.Change(ctx, func(tx *casestore.Tx) (err error) {
		if r, err = requestByID(ctx, tx, id); err != nil {
			return err
		}
		if p.ID != r.By && p.ID != r.DecidedBy {
			return casestore.ErrNotFound
		}
		now := tx.Now()
		if r.State != Open && !r.Holds(now) {
			return ErrState
		}
		before := r.State
		r.State, r.WithdrawnBy, r.Withdrawn = Withdrawn, p.ID, now
		if _, err := tx.Exec(ctx, `UPDATE unmask_requests SET state = ?, withdrawn_by = ?, withdrawn = ? WHERE id = ?`,
			string(Withdrawn), p.ID, casestore.Micros(now), id); err != nil {
			return err
		}
		return tx.Log(ctx, casestore.Line{
			Actor: p.Actor(), Action: "unmask.withdraw", Object: "unmask:" + id,
			Detail: map[string]any{"account": r.Alias, "from": before},
		})
	})
	if err != nil {
		return Request{}, fmt.Errorf("withdrawing a request for unmasking: %w", err)
	}
	return r, nil
}

// Requests gives requests in some states (all, where none is said), the newest
// first, at most n of them.
func (s *Service) Requests(ctx context.Context, n int, states ...State) ([]Request, error) {
	where, args := `1 = 1`, []any{}
	if len(states) > 0 {
		where = `state IN (?` + strings.Repeat(`, ?`, len(states)-1) + `)`
		for _, st := range states {
			args = append(args, string(st))
		}
	}
	return s.requestsWhere(ctx, n, where, args...)
}

// RequestsFor gives all requests about an account, the newest first.
func (s *Service) RequestsFor(ctx context.Context, alias string) ([]Request, error) {
	return s.requestsWhere(ctx, 1000, `alias = ?`, alias)
}

// Request gives one request; ErrNotFound of package casestore where there is
// none.
func (s *Service) Request(ctx context.Context, id string) (r Request, err error) {
	err = s.db.View(ctx, func(tx *casestore.Tx) error {
		r, err = requestByID(ctx, tx, id)
		return err
	})
	if err != nil {
		return Request{}, fmt.Errorf("reading a request for unmasking: %w", err)
	}
	return r, nil
}

func (s *Service) requestsWhere(ctx context.Context, n int, where string, args ...any) ([]Request, error) {
	return s.requestsFrom(ctx, 0, n, where, args...)
}

func (s *Service) requestsFrom(ctx context.Context, skip, n int, where string, args ...any) (out []Request, err error) {
	err = s.db.View(ctx, func(tx *casestore.Tx) error {
		out, err = selectRequests(ctx, tx, skip, n, where, args...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading requests for unmasking: %w", err)
	}
	return out, nil
}

func requestByID(ctx context.Context, tx *casestore.Tx, id string) (Request, error) {
	found, err := selectRequests(ctx, tx, 0, 1, `id = ?`, id)
	if err != nil {
		return Request{}, err
	}
	if len(found) == 0 {
		return Request{}, casestore.ErrNotFound
	}
	return found[0], nil
}

func selectRequests(ctx context.Context, tx *casestore.Tx, skip, n int, where string, args ...any) ([]Request, error) {
	rows, err := tx.Query(ctx, `SELECT id, platform, account, alias, finding, reason, state, requested_by, requested,
		decided_by, decided, decision, until, withdrawn_by, withdrawn
		FROM unmask_requests WHERE `+where+` ORDER BY requested DESC, id DESC LIMIT ? OFFSET ?`, append(slices.Clone(args), n, skip)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err says it
	var out []Request
	for rows.Next() {
		var r Request
		var at, decided, until, withdrawn int64
		if err := rows.Scan(&r.ID, &r.Platform, &r.AccountID, &r.Alias, &r.Finding, &r.Reason, &r.State, &r.By, &at,
			&r.DecidedBy, &decided, &r.Decision, &until, &r.WithdrawnBy, &withdrawn); err != nil {
			return nil, fmt.Errorf("reading a request for unmasking: %w", err)
		}
		r.At, r.Decided, r.Until, r.Withdrawn = casestore.Time(at), casestore.Time(decided), casestore.Time(until), casestore.Time(withdrawn)
		out = append(out, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading requests for unmasking: %w", err)
	}
	for i := range out {
		if err := readViewers(ctx, tx, &out[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// readViewers fills in who else is to see the name.
func readViewers(ctx context.Context, tx *casestore.Tx, r *Request) error {
	rows, err := tx.Query(ctx, `SELECT person FROM unmask_viewers WHERE request = ? ORDER BY person`, r.ID)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err says it
	for rows.Next() {
		var person string
		if err := rows.Scan(&person); err != nil {
			return fmt.Errorf("reading who may see a name: %w", err)
		}
		if person != r.By && person != r.DecidedBy {
			r.For = append(r.For, person)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("reading who may see a name: %w", err)
	}
	return nil
}

// grant is a name that somebody may see.
type grant struct {
	request, alias string
	until          time.Time
}

// grantsOf gives the grants that a person has now, by account.
func grantsOf(ctx context.Context, tx *casestore.Tx, person string, now time.Time) (map[accountKey]grant, error) {
	rows, err := tx.Query(ctx, `SELECT r.id, r.platform, r.account, r.alias, r.until
		FROM unmask_viewers v JOIN unmask_requests r ON r.id = v.request
		WHERE v.person = ? AND r.state = ? AND r.until > ? ORDER BY r.until, r.id`, person, string(Approved), casestore.Micros(now))
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err says it
	out := map[accountKey]grant{}
	for rows.Next() {
		var g grant
		var platform, account string
		var until int64
		if err := rows.Scan(&g.request, &platform, &account, &g.alias, &until); err != nil {
			return nil, fmt.Errorf("reading a grant: %w", err)
		}
		g.until = casestore.Time(until)
		out[accountKey{family(platform), account}] = g // the one that lasts longest
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading grants: %w", err)
	}
	return out, nil
}

// errAllRead says that the log has the readings already.
var errAllRead = errors.New("read before")

// recordReadings writes into the log that a person reads names, for each name
// once a day (UTC).
func (s *Service) recordReadings(ctx context.Context, p *auth.Principal, read []grant, now time.Time) error {
	day := now.Unix() / (24 * 60 * 60)
	fresh := make([]grant, 0, len(read))
	err := s.db.View(ctx, func(tx *casestore.Tx) error {
		for _, g := range read {
			var n int
			if err := tx.Get(ctx, `SELECT count(*) FROM unmask_readings WHERE person = ? AND alias = ? AND day = ?`,
				[]any{p.ID, g.alias, day}, []any{&n}); err != nil {
				return err
			}
			if n == 0 {
				fresh = append(fresh, g)
			}
		}
		return nil
	})
	if err == nil && len(fresh) > 0 {
		err = s.db.Change(ctx, func(tx *casestore.Tx) error {
			written := 0
			for _, g := range fresh {
				n, err := tx.Exec(ctx, `INSERT INTO unmask_readings (person, alias, day, request) VALUES (?, ?, ?, ?)
					ON CONFLICT (person, alias, day) DO NOTHING`, p.ID, g.alias, day, g.request)
				if err != nil {
					return err
				}
				if n == 0 {
					continue
				}
				written++
				if err := tx.Log(ctx, casestore.Line{
					Actor: p.Actor(), Action: string(auth.UnmaskRead), Object: object(g.alias),
					Detail: map[string]any{"request": g.request},
				}); err != nil {
					return err
				}
			}
			if written == 0 {
				return errAllRead
			}
			return nil
		})
	}
	if err != nil && !errors.Is(err, errAllRead) {
		return fmt.Errorf("writing down who reads a name: %w", err)
	}
	return nil
}
