package export

import (
	"fmt"
	"io"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"github.com/akashi-project/akashi/internal/poststore"
	"github.com/akashi-project/akashi/internal/query"
)

// row is a post in Parquet.
type row struct {
	Platform      string     `parquet:"platform,dict"`
	ID            string     `parquet:"id"`
	Time          time.Time  `parquet:"time,timestamp(microsecond)"`
	Account       string     `parquet:"account,dict"`
	AccountHandle string     `parquet:"account_handle,dict"`
	AccountName   string     `parquet:"account_name,dict"`
	Channel       string     `parquet:"channel,dict"`
	Type          string     `parquet:"type,dict"`
	Lang          string     `parquet:"lang,dict"`
	Text          string     `parquet:"text"`
	URL           string     `parquet:"url"`
	Links         []string   `parquet:"links,list"`
	Hashtags      []string   `parquet:"hashtags,list"`
	Mentions      []string   `parquet:"mentions,list"`
	Media         []string   `parquet:"media,list"`
	RepostOf      string     `parquet:"repost_of"`
	ReplyTo       string     `parquet:"reply_to"`
	QuoteOf       string     `parquet:"quote_of"`
	Source        string     `parquet:"source,dict"`
	Versions      int32      `parquet:"versions"`
	Deleted       *time.Time `parquet:"deleted,optional,timestamp(microsecond)"`
	Synthetic     bool       `parquet:"synthetic"`
	Marking       string     `parquet:"marking,dict"`
}

// A row group ends at either bound; it is held in memory until then.
const (
	groupRows  = 50_000
	groupBytes = 32 << 20
)

// columns writes Parquet, compressed with zstd.
type columns struct {
	w       *parquet.GenericWriter[row]
	marking string
	rows    []row
	held    int // rows in the group
	bytes   int // of their texts and lists
}

func newColumns(w io.Writer, o *Options) *columns {
	return &columns{
		w: parquet.NewGenericWriter[row](w,
			parquet.Compression(&zstd.Codec{}), parquet.CreatedBy("akashi", "", ""),
			parquet.KeyValueMetadata("akashi.marking", o.Marking)),
		marking: o.Marking,
	}
}

func (c *columns) write(posts []poststore.Post) error {
	for i := range posts {
		p := &posts[i]
		r := row{
			Platform: p.Platform, ID: p.ID, Time: p.Time.UTC(), Account: p.Account.ID, AccountHandle: p.Account.Handle,
			AccountName: p.Account.Name, Channel: p.Channel, Type: query.TypeOf(&p.Post), Lang: p.Lang, Text: p.Text, URL: p.URL,
			Links: links(p), Hashtags: p.Hashtags, Mentions: p.Mentions, Media: media(p), RepostOf: p.RepostOf, ReplyTo: p.ReplyTo,
			QuoteOf: p.QuoteOf, Source: p.Source, Versions: int32(p.Versions), //nolint:gosec // a post has few
			Synthetic: p.Synthetic, Marking: c.marking,
		}
		if !p.Deleted.IsZero() {
			at := p.Deleted.UTC()
			r.Deleted = &at
		}
		c.rows = append(c.rows, r)
		c.bytes += len(r.Text) + 64*(len(r.Links)+len(r.Hashtags)+len(r.Mentions)+len(r.Media)) + 200
		if c.held+len(c.rows) >= groupRows || c.bytes >= groupBytes {
			if err := c.hand(); err != nil {
				return err
			}
			if err := c.w.Flush(); err != nil {
				return fmt.Errorf("writing columns: %w", err)
			}
			c.held, c.bytes = 0, 0
		}
	}
	return c.hand()
}

// hand gives the rows to the writer.
func (c *columns) hand() error {
	if len(c.rows) == 0 {
		return nil
	}
	if _, err := c.w.Write(c.rows); err != nil {
		return fmt.Errorf("writing columns: %w", err)
	}
	c.held += len(c.rows)
	clear(c.rows)
	c.rows = c.rows[:0]
	return nil
}

func (c *columns) close() error {
	if err := c.w.Close(); err != nil {
		return fmt.Errorf("writing columns: %w", err)
	}
	return nil
}
