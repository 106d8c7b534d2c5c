package casestore

import "context"

// markSetting is the setting that holds the log's mark; see DB.Sent.
const markSetting = "log.mark"

// Setting gives the value of a setting; ErrNotFound where it was never set.
func (t *Tx) Setting(ctx context.Context, name string) (value string, err error) {
	err = t.Get(ctx, `SELECT value FROM settings WHERE name = ?`, []any{name}, []any{&value})
	return value, err
}

// SetSetting sets a setting. A person's setting is logged by the caller, as
// every change; names are "area.name".
func (t *Tx) SetSetting(ctx context.Context, name, value string) error {
	_, err := t.Exec(ctx, `INSERT INTO settings (name, value) VALUES (?, ?)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, value)
	return err
}
