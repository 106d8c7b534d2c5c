// Package alert holds what alerts need to be held back and to be trusted: quiet
// hours, and the signature of webhooks.
package alert

import "time"

// Quiet are hours of the day in which what is not urgent waits. From and Until
// are minutes after midnight by the zone's clocks; From after Until reaches over
// midnight, and the same twice means no quiet hours.
type Quiet struct {
	From, Until int
	Zone        *time.Location
}

// Release gives when something that is ready at t may go out: t itself outside
// quiet hours, else their end. An end that the clocks skip is as late after the
// change as it would have been before it.
func (q Quiet) Release(t time.Time) time.Time {
	if q.From == q.Until {
		return t
	}
	local := t.In(q.Zone)
	now := local.Hour()*60 + local.Minute()
	over := q.From > q.Until
	if !over && (now < q.From || now >= q.Until) || over && now < q.From && now >= q.Until {
		return t
	}
	day := local.Day()
	if over && now >= q.From {
		day++
	}
	end := time.Date(local.Year(), local.Month(), day, 0, q.Until, 0, 0, q.Zone)
	if end.Before(t) { // the hour that the clocks repeat: its first end has passed
		return t
	}
	return end.UTC()
}
