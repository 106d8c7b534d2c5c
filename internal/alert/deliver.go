package alert

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/collect"
	"github.com/akashi-project/akashi/internal/i18n"
	"github.com/akashi-project/akashi/internal/watchlist"
)

// DeliveryState is where a delivery stands.
type DeliveryState string

// The states.
const (
	Waiting DeliveryState = "waiting"
	Sent    DeliveryState = "sent"
	Failed  DeliveryState = "failed" // given up; a person can have it tried again
)

// Delivery is an alert on its way to a channel.
type Delivery struct {
	ID, Alert, Channel string
	State              DeliveryState
	// Due is when it is tried next, Ended when it was sent or given up.
	Due, Created, Ended time.Time
	Attempts            int64
	// Error is what went wrong the last time, in English.
	Error string
}

func readDeliveries(ctx context.Context, tx *casestore.Tx, rest string, args ...any) (out []Delivery, err error) {
	rows, err := tx.Query(ctx, `SELECT id, alert, channel, state, due, attempts, error, created, ended FROM alert_deliveries `+rest, args...)
	if err != nil {
		return nil, err //nolint:wrapcheck // Query says what was done
	}
	defer rows.Close() //nolint:errcheck // rows.Err says it
	for rows.Next() {
		var d Delivery
		var state string
		var due, created, ended int64
		if err := rows.Scan(&d.ID, &d.Alert, &d.Channel, &state, &due, &d.Attempts, &d.Error, &created, &ended); err != nil {
			return nil, fmt.Errorf("reading a delivery: %w", err)
		}
		d.State, d.Due, d.Created, d.Ended = DeliveryState(state), casestore.Time(due), casestore.Time(created), casestore.Time(ended)
		out = append(out, d)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading deliveries: %w", err)
	}
	return out, nil
}

const (
	atOnce   = 100 // deliveries of one look
	minPause = time.Second
	maxPause = time.Hour
)

// Deliver sends what is due. What was sent is noted afterwards: a program that
// dies between sends the same again, under the same id. What one channel gets at
// the same time is one message.
func (s *Service) Deliver(ctx context.Context) error {
	now := s.o.Now()
	var due []Delivery
	alerts := map[string]Alert{}
	err := s.o.DB.View(ctx, func(tx *casestore.Tx) (err error) {
		if due, err = readDeliveries(ctx, tx, `WHERE state = ? AND due <= ? ORDER BY due, id LIMIT ?`, string(Waiting), casestore.Micros(now), atOnce); err != nil {
			return err
		}
		for _, d := range due {
			found, err := readAlerts(ctx, tx, `WHERE id = ?`, d.Alert)
			if err != nil {
				return err
			}
			for _, a := range found {
				alerts[d.Alert] = a
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading deliveries: %w", err)
	}
	var order []string
	by := map[string][]Delivery{}
	for _, d := range due {
		// What was tried goes by itself, so that its id stays.
		key := d.Channel
		if d.Attempts > 0 {
			key = d.ID
		}
		if by[key] == nil {
			order = append(order, key)
		}
		by[key] = append(by[key], d)
	}
	var errs []error
	for _, key := range order {
		group := by[key]
		channel, err := s.Channels.Get(ctx, group[0].Channel)
		if err == nil && channel.State != watchlist.Active {
			err = errors.New("the channel is not there any more")
		}
		if err == nil && (channel.Text.Digest == AtOnce || slices.ContainsFunc(group, func(d Delivery) bool { return alerts[d.Alert].Urgent })) {
			for _, d := range group {
				errs = append(errs, s.settle(ctx, []Delivery{d}, s.send(ctx, &channel.Text, []Delivery{d}, alerts)))
			}
			continue
		}
		if err == nil {
			err = s.send(ctx, &channel.Text, group, alerts)
		}
		errs = append(errs, s.settle(ctx, group, err))
	}
	return errors.Join(errs...)
}

// send tells a channel of some alerts in one message.
func (s *Service) send(ctx context.Context, c *Channel, ds []Delivery, alerts map[string]Alert) error {
	secret := ""
	if len(c.Secret) > 0 {
		v, err := s.o.Key.Open(sealedAs, c.Secret)
		if err != nil {
			return fmt.Errorf("opening the channel's secret: %w", err)
		}
		secret = v["secret"]
	}
	m := Message{ID: ds[0].ID, At: ds[0].Created, Title: i18n.T(c.Lang, "alert.title", "count", len(ds))}
	for _, d := range ds {
		a := alerts[d.Alert]
		m.Lines = append(m.Lines, Line{ID: a.ID, Kind: string(a.On), Sentence: a.Sentence(c.Lang), Link: s.link(&a), Urgent: a.Urgent, At: a.Created})
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	return s.o.Sender.Send(ctx, c, secret, m) //nolint:wrapcheck // its time is asked for
}

func (s *Service) link(a *Alert) string {
	if a.said.Short != "" {
		return s.o.Base + "/findings/" + a.said.Short
	}
	if a.On == Burst {
		return s.o.Base + "/live"
	}
	return s.o.Base + "/alerts"
}

// settle notes how deliveries went.
func (s *Service) settle(ctx context.Context, ds []Delivery, failed error) error {
	now := s.o.Now()
	ctx = context.WithoutCancel(ctx)
	err := s.o.DB.Housekeep(ctx, func(tx *casestore.Tx) error {
		for _, d := range ds {
			if failed == nil {
				if _, err := tx.Exec(ctx, `UPDATE alert_deliveries SET state = ?, attempts = attempts + 1, error = '', ended = ? WHERE id = ?`, string(Sent), casestore.Micros(now), d.ID); err != nil {
					return err
				}
				continue
			}
			pause := min(maxPause, minPause<<min(d.Attempts, 12))
			at := now.Add(pause/2 + time.Duration(s.o.Jitter()*float64(pause/2)))
			if until := collect.RetryAt(failed); until.After(at) {
				at = until
			}
			state, ended := Waiting, int64(0)
			if at.Sub(d.Created) > s.o.GiveUp {
				state, ended = Failed, casestore.Micros(now)
			}
			text := failed.Error()
			if _, err := tx.Exec(ctx, `UPDATE alert_deliveries SET state = ?, due = ?, attempts = attempts + 1, error = ?, ended = ? WHERE id = ?`,
				string(state), casestore.Micros(at), text[:min(len(text), 500)], ended, d.ID); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("noting deliveries: %w", err)
	}
	return nil
}

// Retry has a delivery that was given up tried again.
func (s *Service) Retry(ctx context.Context, p *auth.Principal, id string) error {
	if p == nil || p.Token != "" {
		return watchlist.ErrPerson
	}
	err := s.o.DB.Change(ctx, func(tx *casestore.Tx) error {
		now := casestore.Micros(s.o.Now())
		n, err := tx.Exec(ctx, `UPDATE alert_deliveries SET state = ?, due = ?, created = ?, ended = 0 WHERE id = ? AND state = ?`, string(Waiting), now, now, id, string(Failed))
		switch {
		case err != nil:
			return err
		case n == 0:
			return casestore.ErrNotFound
		}
		return tx.Log(ctx, casestore.Line{Actor: p.Actor(), Action: string(auth.AlertEdit), Object: "alert-delivery:" + id, Detail: map[string]any{"to": "again"}})
	})
	if err != nil {
		return fmt.Errorf("trying a delivery again: %w", err)
	}
	return nil
}
