package mail_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	netmail "net/mail"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/jobs"
	"github.com/muster-id/muster/mail"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/storetest"
)

// A postOffice is a mail server that keeps what it gets.
type postOffice struct {
	mu      sync.Mutex
	letters [][]byte
	users   []string
	refuse  []error // one for each attempt, then it accepts
}

func (p *postOffice) NewSession(*smtp.Conn) (smtp.Session, error) { return &counter{office: p}, nil }

func (p *postOffice) got() [][]byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.letters
}

// A counter is one connection to the post office.
type counter struct{ office *postOffice }

func (c *counter) Reset()                               {}
func (c *counter) Logout() error                        { return nil }
func (c *counter) Mail(string, *smtp.MailOptions) error { return nil }
func (c *counter) AuthMechanisms() []string             { return []string{sasl.Plain} }
func (c *counter) Rcpt(to string, _ *smtp.RcptOptions) error {
	c.office.mu.Lock()
	defer c.office.mu.Unlock()
	if len(c.office.refuse) > 0 {
		err := c.office.refuse[0]
		c.office.refuse = c.office.refuse[1:]
		return err
	}
	return nil
}

func (c *counter) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "post" || password != "horse" {
			return errors.New("no")
		}
		c.office.mu.Lock()
		defer c.office.mu.Unlock()
		c.office.users = append(c.office.users, user)
		return nil
	}), nil
}

func (c *counter) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	c.office.mu.Lock()
	defer c.office.mu.Unlock()
	c.office.letters = append(c.office.letters, text)
	return err
}

// open starts a mail server whose certificate the process trusts.
func open(t *testing.T, mode mail.TLS) (*postOffice, mail.SMTP) {
	t.Helper()
	p := &postOffice{}
	srv := smtp.NewServer(p)
	srv.Domain = "localhost"
	srv.AllowInsecureAuth = false
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if mode != mail.Plain {
		srv.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}}
	}
	if mode == mail.Implicit {
		ln = tls.NewListener(ln, srv.TLSConfig)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.Serve(ln) // ends with Close
	}()
	t.Cleanup(func() {
		srv.Close()
		ln.Close()
		<-done
	})
	return p, mail.SMTP{Host: "localhost", Port: ln.Addr().(*net.TCPAddr).Port, TLS: mode, From: "no-reply@id.example.com"}
}

// certificate is that of localhost, which TestMain has the process trust.
var certificate tls.Certificate

func TestMain(m *testing.M) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	form := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, form, form, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	certificate = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	dir, err := os.MkdirTemp("", "mail")
	if err != nil {
		panic(err)
	}
	file := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(file, pemOf(der), 0o600); err != nil {
		panic(err)
	}
	os.Setenv("SSL_CERT_FILE", file)
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

func pemOf(der []byte) []byte {
	var b bytes.Buffer
	if err := pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: der}); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// A desk is the service under test with a database of its own.
type desk struct {
	*mail.Service
	db   *store.DB
	jobs *jobs.Service
	org  identity.Organisation
}

func newDesk(t *testing.T, db *store.DB, server mail.SMTP) *desk {
	t.Helper()
	keys, err := secret.FromBytes(bytes.Repeat([]byte{7}, secret.MasterSize))
	if err != nil {
		t.Fatal(err)
	}
	j := jobs.New(jobs.Options{DB: db, Keys: keys})
	d := &desk{db: db, jobs: j, Service: mail.New(mail.Options{DB: db, Jobs: j, SMTP: server})}
	id := identity.NewOrgID()
	d.org = identity.Organisation{ID: id, Slug: "acme-" + id.String(), Name: "Acme", Created: time.Now(), Modified: time.Now()}
	if err := db.Update(t.Context(), func(tx *store.Tx) error { return tx.InsertOrganisation(t.Context(), d.org) }); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *desk) letter() mail.Letter {
	return mail.Letter{Org: d.org, To: "ann@example.com", Name: "Ann", Lang: "de", Kind: mail.Recover,
		Link: "https://id.example.com/o/acme/recover/abc", Until: time.Now().Add(30 * time.Minute)}
}

func (d *desk) send(t *testing.T, l mail.Letter) error {
	t.Helper()
	return d.db.Update(t.Context(), func(tx *store.Tx) error { return d.Send(t.Context(), tx, l) })
}

// work does jobs until there is something in the outbox that has ended.
func (d *desk) work(t *testing.T) mail.Posted {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- d.jobs.Work(ctx, map[string]jobs.Handler{mail.Job: d.Handle}) }()
	var last mail.Posted
	for ctx.Err() == nil && last.Finished.IsZero() && !last.Failed {
		list, err := d.Outbox(ctx, d.org.ID, identity.ID{}, 1)
		if err != nil {
			t.Fatal(err)
		}
		last = list[0]
		time.Sleep(10 * time.Millisecond)
	}
	cancel()
	if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	return last
}

func TestSend(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for phrase, mode := range map[string]mail.TLS{"STARTTLS": mail.StartTLS, "implicit TLS": mail.Implicit, "plain": mail.Plain} {
			t.Run(phrase, func(t *testing.T) {
				office, server := open(t, mode)
				if mode != mail.Plain {
					server.User, server.Password = "post", "horse"
				}
				d := newDesk(t, db, server)
				if err := d.send(t, d.letter()); err != nil {
					t.Fatal(err)
				}
				if l := d.work(t); l.Failed || l.Finished.IsZero() {
					t.Fatalf("the letter did not go out: %+v", l.Job)
				}
				if got := office.got(); len(got) != 1 {
					t.Fatalf("the post office has %d letters", len(got))
				}
				msg, err := netmail.ReadMessage(bytes.NewReader(office.got()[0]))
				if err != nil {
					t.Fatal(err)
				}
				for name, want := range map[string]string{"To": "<ann@example.com>", "From": "<no-reply@id.example.com>",
					"Subject": "Neues Passwort bei Acme", "Content-Language": "de", "Auto-Submitted": "auto-generated"} {
					if got := msg.Header.Get(name); got != want {
						t.Errorf("%s: %q, want %q", name, got, want)
					}
				}
				if mode != mail.Plain && len(office.users) == 0 {
					t.Error("nobody logged in at the post office")
				}
			})
		}
	})
}

func TestRefusals(t *testing.T) {
	busy := &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "later"}
	gone := &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such person"}
	for phrase, c := range map[string]struct {
		refuse error
		failed bool
	}{"for now": {busy, false}, "for good": {gone, true}} {
		t.Run(phrase, func(t *testing.T) {
			office, server := open(t, mail.Plain)
			office.refuse = []error{c.refuse}
			d := newDesk(t, storetest.SQLite(t), server)
			if err := d.send(t, d.letter()); err != nil {
				t.Fatal(err)
			}
			list, err := d.Outbox(t.Context(), d.org.ID, identity.ID{}, 1)
			if err != nil {
				t.Fatal(err)
			}
			body, err := d.jobs.Open(list[0].Job)
			if err != nil {
				t.Fatal(err)
			}
			err = d.Handle(t.Context(), list[0].Job, body)
			if _, given := errors.AsType[jobs.Give](err); err == nil || given != c.failed {
				t.Errorf("Handle = %v, given up %v, want %v", err, given, c.failed)
			}
		})
	}
}

func TestTooLate(t *testing.T) {
	_, server := open(t, mail.Plain)
	d := newDesk(t, storetest.SQLite(t), server)
	l := d.letter()
	l.Until = time.Now().Add(-time.Second)
	if err := d.send(t, l); err != nil {
		t.Fatal(err)
	}
	if got := d.work(t); !got.Failed {
		t.Errorf("a letter whose link has ended went out: %+v", got.Job)
	}
}

// TestOutbox: without a mail server a letter stays, and can be read.
func TestOutbox(t *testing.T) {
	d := newDesk(t, storetest.SQLite(t), mail.SMTP{})
	if d.Sends() {
		t.Error("there is no mail server, but Sends says so")
	}
	if err := d.send(t, d.letter()); err != nil {
		t.Fatal(err)
	}
	list, err := d.Outbox(t.Context(), d.org.ID, identity.ID{}, 10)
	if err != nil || len(list) != 1 {
		t.Fatalf("Outbox = %d letters, %v", len(list), err)
	}
	if l := list[0]; !strings.Contains(l.Text, "/recover/abc") || l.Note != "recover to a•••@example.com" || !l.Finished.IsZero() {
		t.Errorf("the letter in the outbox: %+v", l)
	}
}

// TestAttack makes names and addresses that would like to be something else.
func TestAttack(t *testing.T) {
	t.Run("40 addresses that are more than one line or one address", func(t *testing.T) {
		for _, a := range []string{"a@b.com\n@c", "a@b.com\r\nBcc: x@y.z", "a@b@c.com", `"a b"@c.com`, "a@b.com, x@y.z", "Ann <a@b.com>", "@b.com", "a@", "a", "", strings.Repeat("a", 250) + "@b.com"} {
			if mail.CheckAddress(a) == nil {
				t.Errorf("CheckAddress(%q) = nil", a)
			}
		}
		for _, a := range []string{"a@b.com", "o'neil+tag@sub.example.org", "müller@example.de"} {
			if err := mail.CheckAddress(a); err != nil {
				t.Errorf("CheckAddress(%q) = %v", a, err)
			}
		}
	})
	t.Run("63 markup and lines in names", func(t *testing.T) {
		office, server := open(t, mail.Plain)
		d := newDesk(t, storetest.SQLite(t), server)
		l := d.letter()
		l.Lang = "en"
		l.Name = "<script>alert(1)</script>\r\nBcc: eve@example.com\r\n\r\nClick here: https://evil.example"
		l.Org.Name = "Acme\nSubject: free money\u202e"
		if err := d.send(t, l); err != nil {
			t.Fatal(err)
		}
		d.work(t)
		list, err := d.Outbox(t.Context(), d.org.ID, identity.ID{}, 1)
		if err != nil {
			t.Fatal(err)
		}
		m := list[0].Message
		if strings.Contains(m.HTML, "<script") || strings.ContainsAny(m.Subject, "\r\n\u202e") {
			t.Errorf("a name got out of its place: %q\n%s", m.Subject, m.HTML)
		}
		if first, _, _ := strings.Cut(m.Text, "\n"); !strings.Contains(first, "evil.example") {
			t.Errorf("the name has lines of its own:\n%s", m.Text)
		}
		msg, err := netmail.ReadMessage(bytes.NewReader(office.got()[0]))
		if err != nil || msg.Header.Get("Bcc") != "" {
			t.Errorf("the name began a header: %v %v", msg, err)
		}
	})
}

func FuzzCheckAddress(f *testing.F) {
	f.Add("a@b.com")
	f.Add("a@b.com\nBcc: c@d.e")
	f.Fuzz(func(t *testing.T, a string) {
		if mail.CheckAddress(a) == nil && (strings.ContainsAny(a, "\r\n ,;<>\"") || strings.Count(a, "@") != 1) {
			t.Errorf("CheckAddress(%q) = nil", a)
		}
	})
}
