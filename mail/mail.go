// Package mail writes letters to people in their language and sends them by
// SMTP. A letter is a job, so that it is sent although the process may die;
// without a mail server it lies in the outbox, where an administrator reads it.
package mail

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/jobs"
	"github.com/muster-id/muster/locale"
	"github.com/muster-id/muster/store"
)

// Job is the kind of the jobs that hold letters.
const Job = "mail"

//go:embed words/*.toml
var wordFiles embed.FS

var words = locale.Must(wordFiles, "words")

// A TLS mode says how the connection to the mail server is protected.
type TLS string

// The modes. Plain is for a mail server on the same machine.
const (
	StartTLS TLS = "starttls" // must be offered
	Implicit TLS = "tls"
	Plain    TLS = "none"
)

// SMTP says which server sends letters. The zero SMTP is none.
type SMTP struct {
	Host     string
	Port     int
	TLS      TLS
	User     string // empty: without authentication
	Password string
	From     string // address
}

// Options are what a Service is made of.
type Options struct {
	DB   *store.DB
	Jobs *jobs.Service
	SMTP SMTP
	Now  func() time.Time // nil: time.Now
	Log  *slog.Logger     // nil: slog.Default
}

// A Service queues letters and sends them. It is safe for use by many
// goroutines at once.
type Service struct {
	db   *store.DB
	jobs *jobs.Service
	smtp SMTP
	now  func() time.Time
	log  *slog.Logger
}

// New makes a Service.
func New(o Options) *Service {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return &Service{db: o.DB, jobs: o.Jobs, smtp: o.SMTP, now: o.Now, log: o.Log}
}

// Sends reports whether there is a mail server, so that letters leave the
// outbox.
func (s *Service) Sends() bool { return s.smtp.Host != "" }

// shelf is how long a letter without an end of its own may wait to be sent.
const shelf = 24 * time.Hour

// Send queues a letter in a transaction: it goes out if the transaction holds.
func (s *Service) Send(ctx context.Context, tx *store.Tx, l Letter) error {
	if err := CheckAddress(l.To); err != nil {
		return err
	}
	now := s.now()
	if l.Until.IsZero() {
		l.Until = now.Add(shelf)
	}
	m, err := compose(words.For(l.Lang), l, now)
	if err != nil {
		return err
	}
	return s.jobs.Add(ctx, tx, jobs.NewJob{
		Org: l.Org.ID, Kind: Job, Subject: l.User, Body: m,
		Note: fmt.Sprintf("%s to %s", l.Kind, Masked(l.To)),
	})
}

// CheckAddress refuses what is not one plain e-mail address: two of them, a
// line feed, a display name, a quoted local part.
func CheckAddress(address string) error {
	bad := identity.NewError(identity.Invalid, "emails", "This is not an e-mail address.")
	local, domain, ok := strings.Cut(address, "@")
	switch {
	case !ok, local == "", domain == "", len(address) > 254, strings.Contains(domain, "@"):
		return bad
	case strings.ContainsFunc(address, func(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune("\"(),:;<>[\\]", r) }):
		return bad
	}
	if err := gomail.NewMsg().To(address); err != nil {
		return bad
	}
	return nil
}

// Handle sends the letter of a job. It is the handler of the jobs of kind Job.
func (s *Service) Handle(ctx context.Context, j identity.Job, body []byte) error {
	var m Message
	if err := json.Unmarshal(body, &m); err != nil {
		return jobs.Give{Err: fmt.Errorf("read letter %s: %w", j.ID, err)}
	}
	if s.now().After(m.Until) {
		return jobs.Give{Err: errors.New("what the letter is about has ended before it could be sent")}
	}
	msg, err := s.message(m)
	if err != nil {
		return jobs.Give{Err: err}
	}
	client, err := s.client()
	if err != nil {
		return err
	}
	if err := client.DialAndSendWithContext(ctx, msg); err != nil {
		return refused(err)
	}
	return nil
}

// refused tells a refusal for good (SMTP 5xx) from one for now.
func refused(err error) error {
	if e, ok := errors.AsType[*gomail.SendError](err); ok && !e.IsTemp() && e.ErrorCode() >= 500 {
		return jobs.Give{Err: err}
	}
	return err
}

func (s *Service) message(m Message) (*gomail.Msg, error) {
	msg := gomail.NewMsg()
	if err := msg.From(s.smtp.From); err != nil {
		return nil, fmt.Errorf("write a letter from %s: %w", s.smtp.From, err)
	}
	if err := msg.To(m.To); err != nil {
		return nil, fmt.Errorf("write a letter: %w", err)
	}
	msg.Subject(m.Subject)
	msg.SetDate()
	msg.SetMessageID()
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader("Content-Language", m.Lang)
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	return msg, nil
}

// sendTime bounds one attempt to send a letter.
const sendTime = 20 * time.Second

func (s *Service) client() (*gomail.Client, error) {
	o := []gomail.Option{gomail.WithTimeout(sendTime)}
	if s.smtp.Port > 0 {
		o = append(o, gomail.WithPort(s.smtp.Port))
	}
	switch s.smtp.TLS {
	case Implicit:
		o = append(o, gomail.WithSSL())
	case Plain:
		o = append(o, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		o = append(o, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if s.smtp.User != "" {
		o = append(o, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(s.smtp.User), gomail.WithPassword(s.smtp.Password))
	}
	c, err := gomail.NewClient(s.smtp.Host, o...)
	if err != nil {
		return nil, fmt.Errorf("reach the mail server: %w", err)
	}
	return c, nil
}

// A Posted letter is one in the outbox.
type Posted struct {
	identity.Job
	Message
}

// Outbox lists letters of an organisation, the newest first, from after one; a
// zero after begins with the newest. They hold links and codes: show them to
// administrators of the server alone.
func (s *Service) Outbox(ctx context.Context, org identity.OrgID, after identity.ID, limit int) ([]Posted, error) {
	var list []identity.Job
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		list, err = tx.Jobs(ctx, org, Job, after, limit)
		return err
	})
	if err != nil {
		return nil, err
	}
	out := make([]Posted, len(list))
	for i, j := range list {
		body, err := s.jobs.Open(j)
		if err == nil {
			err = json.Unmarshal(body, &out[i].Message)
		}
		if err != nil {
			return nil, fmt.Errorf("read letter %s: %w", j.ID, err)
		}
		out[i].Job = j
	}
	return out, nil
}
