package duck

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"

	"github.com/zeebo/xxh3"
)

// row is a row of an answer, as the driver gives it. Its values may be kept.
type row []driver.Value

func (r row) int(i int) int64 {
	switch v := r[i].(type) {
	case int64:
		return v
	case int32:
		return int64(v)
	case uint8:
		return int64(v)
	case uint64:
		return int64(v) //nolint:gosec // counts
	}
	return 0
}

func (r row) uint(i int) uint64 {
	v, _ := r[i].(uint64)
	return v
}

func (r row) byte(i int) byte {
	v, _ := r[i].(uint8)
	return v
}

func (r row) string(i int) string {
	switch v := r[i].(type) {
	case string:
		return v
	case []byte:
		return string(v)
	}
	return ""
}

func (r row) bytes(i int) []byte {
	v, _ := r[i].([]byte)
	return v
}

// each calls use for every row of an answer. It goes past package database/sql,
// whose conversions cost more than the query.
func each(ctx context.Context, c *sql.Conn, query string, args []any, use func(row) error) error {
	named := make([]driver.NamedValue, len(args))
	for i, a := range args {
		v, err := driver.DefaultParameterConverter.ConvertValue(a)
		if u, is := a.(uint64); is {
			v, err = u, nil
		}
		if err != nil {
			return fmt.Errorf("argument %d: %w", i+1, err)
		}
		named[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
	}
	return c.Raw(func(dc any) error {
		q, ok := dc.(driver.QueryerContext)
		if !ok {
			return errors.New("the driver answers no queries")
		}
		rows, err := q.QueryContext(ctx, query, named)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		r := make(row, len(rows.Columns()))
		for {
			switch err := rows.Next(r); {
			case errors.Is(err, io.EOF):
				return ctx.Err()
			case err != nil:
				return err
			}
			if err := use(r); err != nil {
				return err
			}
		}
	})
}

// hash gives the keyed hash of a string of a kind.
func (s *Store) hash(k kind, v string) uint64 {
	return xxh3.HashStringSeed(v, s.seed+uint64(k))
}
