package job

import (
	"fmt"
	"time"

	"github.com/riverqueue/river"
	"github.com/robfig/cron/v3"
)

// schedule is a job that comes again and again.
type schedule struct {
	expr  string
	since time.Time
	args  Args
	when  cron.Schedule
}

// ParseSchedule reads a cron expression of five fields (minute, hour, day,
// month, day of the week), or "@daily" and the like. It is meant in UTC unless
// it begins with "CRON_TZ=ZONE ".
func ParseSchedule(expr string) (cron.Schedule, error) {
	s, err := cron.ParseStandard(expr)
	if err != nil {
		return nil, fmt.Errorf("reading the schedule %q: %w", expr, err)
	}
	return s, nil
}

// Next gives the first time of a schedule after another, in UTC; zero where it
// never comes.
func Next(s cron.Schedule, after time.Time) time.Time {
	if n := s.Next(after.UTC()); !n.IsZero() {
		return n.UTC()
	}
	return time.Time{}
}

// Schedule has a job put in the queue, as a unique one, whenever a schedule
// says so. A schedule of the same name is replaced. since is when it was last
// kept: where a time of it has passed since then, the job comes once right
// away, however many were missed. Schedules live in memory: their owner sets
// them at each start.
func (q *Queue) Schedule(name, expr string, since time.Time, args Args) error {
	s, err := ParseSchedule(expr)
	if err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.started {
		q.client.PeriodicJobs().RemoveByID(name)
	}
	w := schedule{expr: expr, since: since, args: args, when: s}
	q.wanted[name] = w
	if q.started {
		return q.scheduleOne(name, w)
	}
	return nil
}

// Unschedule ends a schedule.
func (q *Queue) Unschedule(name string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.wanted, name)
	if q.started {
		q.client.PeriodicJobs().RemoveByID(name)
	}
}

func (q *Queue) scheduleAll() error {
	for name, w := range q.wanted {
		if err := q.scheduleOne(name, w); err != nil {
			return err
		}
	}
	return nil
}

func (q *Queue) scheduleOne(name string, w schedule) error {
	due := Next(w.when, w.since)
	_, err := q.client.PeriodicJobs().AddSafely(river.NewPeriodicJob(
		utc{w.when},
		func() (river.JobArgs, *river.InsertOpts) { return w.args, Once{Unique: true}.insert() },
		&river.PeriodicJobOpts{ID: name, RunOnStart: !w.since.IsZero() && !due.IsZero() && !due.After(time.Now())},
	))
	if err != nil {
		return fmt.Errorf("setting the schedule %q: %w", name, err)
	}
	return nil
}

// utc is a cron schedule in UTC, for River, which asks in local time.
type utc struct{ cron.Schedule }

func (s utc) Next(t time.Time) time.Time {
	if n := Next(s.Schedule, t); !n.IsZero() {
		return n
	}
	return river.NeverSchedule().Next(t)
}
