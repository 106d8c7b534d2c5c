package alert

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"
)

// SMTP says how e-mail is sent.
type SMTP struct {
	// Server is host:port; empty: no e-mail is sent. TLS is "starttls" (the
	// default), "tls" from the start, or "none" for a server on this host.
	Server, TLS    string
	User, Password string
	// From is the sender's address.
	From string
}

// Post sends by e-mail and HTTP.
type Post struct {
	SMTP SMTP
	// Client reaches webhooks and chats.
	Client *http.Client
	// Now is for signatures.
	Now func() time.Time
}

// httpError is an answer that is not one of success.
type httpError struct {
	status int
	until  time.Time
}

func (e *httpError) Error() string {
	return "the channel answered " + strconv.Itoa(e.status) + " " + http.StatusText(e.status)
}

// RetryAt is when the server said that it may be asked again.
func (e *httpError) RetryAt() time.Time { return e.until }

// Send implements [Sender].
func (p *Post) Send(ctx context.Context, c *Channel, secret string, m Message) error {
	switch c.Medium {
	case Email:
		return p.email(ctx, c, &m)
	case Chat:
		body, err := json.Marshal(map[string]string{"text": plain(&m)})
		if err != nil {
			return fmt.Errorf("writing a message: %w", err)
		}
		return p.post(ctx, secret, http.Header{}, body)
	}
	body, err := json.Marshal(webhookBody(&m))
	if err != nil {
		return fmt.Errorf("writing a message: %w", err)
	}
	now := p.Now()
	h := http.Header{}
	h.Set(HeaderID, m.ID)
	h.Set(HeaderTimestamp, strconv.FormatInt(now.Unix(), 10))
	h.Set(HeaderSignature, Sign([]byte(secret), m.ID, now, body))
	return p.post(ctx, c.Target, h, body)
}

// hookAlert is an alert in a webhook's body, which docs/alerts.md describes.
type hookAlert struct {
	ID       string    `json:"id"`
	Kind     string    `json:"kind"`
	Sentence string    `json:"sentence"`
	Link     string    `json:"link"`
	Urgent   bool      `json:"urgent"`
	Time     time.Time `json:"time"`
}

func webhookBody(m *Message) any {
	alerts := make([]hookAlert, len(m.Lines))
	for i, l := range m.Lines {
		alerts[i] = hookAlert{l.ID, l.Kind, l.Sentence, l.Link, l.Urgent, l.At.UTC()}
	}
	return map[string]any{"type": "akashi.alerts", "id": m.ID, "timestamp": m.At.UTC(), "title": m.Title, "alerts": alerts}
}

// plain writes a message as text.
func plain(m *Message) string {
	var b strings.Builder
	b.WriteString(m.Title)
	for _, l := range m.Lines {
		b.WriteString("\n\n" + l.Sentence + "\n" + l.Link)
	}
	return b.String()
}

func (p *Post) post(ctx context.Context, to string, h http.Header, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("making a request: %w", errAddress)
	}
	req.Header = h
	req.Header.Set("Content-Type", "application/json")
	resp, err := p.Client.Do(req)
	if err != nil {
		return fmt.Errorf("reaching the channel: %w", unquoted(err))
	}
	defer resp.Body.Close()                                     //nolint:errcheck // only read
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 4096)) // so that the connection can be used again
	if resp.StatusCode/100 != 2 {
		e := &httpError{status: resp.StatusCode}
		if n, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && n >= 0 {
			e.until = p.Now().Add(min(time.Duration(n)*time.Second, 24*time.Hour))
		}
		return e
	}
	return nil
}

// email sends a message by SMTP.
func (p *Post) email(ctx context.Context, c *Channel, m *Message) error {
	if p.SMTP.Server == "" {
		return errNoSMTP
	}
	host, port, err := net.SplitHostPort(p.SMTP.Server)
	if err != nil {
		return fmt.Errorf("reading the mail server's address: %w", err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return fmt.Errorf("reading the mail server's port: %w", err)
	}
	msg := mail.NewMsg()
	if err := msg.From(p.SMTP.From); err != nil {
		return fmt.Errorf("writing the sender: %w", err)
	}
	if err := msg.To(c.Target); err != nil {
		return fmt.Errorf("writing the recipient: %w", err)
	}
	_, domain, _ := strings.Cut(p.SMTP.From, "@")
	msg.SetMessageIDWithValue(m.ID + "@" + strings.TrimSuffix(domain, ">"))
	msg.SetDateWithValue(m.At)
	msg.Subject(m.Title)
	msg.SetBodyString(mail.TypeTextPlain, plain(m))
	o := []mail.Option{mail.WithPort(number), mail.WithTimeout(20 * time.Second)}
	switch p.SMTP.TLS {
	case "none":
		o = append(o, mail.WithTLSPolicy(mail.NoTLS))
	case "tls":
		o = append(o, mail.WithSSL())
	default:
		o = append(o, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if p.SMTP.User != "" {
		o = append(o, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(p.SMTP.User), mail.WithPassword(p.SMTP.Password))
	}
	client, err := mail.NewClient(host, o...)
	if err != nil {
		return fmt.Errorf("opening the mail server: %w", err)
	}
	if err := client.DialAndSendWithContext(ctx, msg); err != nil {
		return fmt.Errorf("sending e-mail: %w", err)
	}
	return nil
}
