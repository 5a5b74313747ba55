package signin

import (
	"context"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/jobs"
	"github.com/muster-id/muster/mail"
	"github.com/muster-id/muster/store"
)

// A LinkKind says what a one-time link is for. It is part of what a link is
// stored under: none passes for another.
type LinkKind string

// The kinds of link that set a password.
const (
	LinkRecover LinkKind = "recover" // 30 minutes
	LinkWelcome LinkKind = "welcome" // 7 days; for a person whom an administrator made
)

var linkLife = map[LinkKind]time.Duration{LinkRecover: 30 * time.Minute, LinkWelcome: 7 * 24 * time.Hour}

// A Link is a one-time link as it is handed out, once.
type Link struct {
	Token   string
	URL     string
	Expires time.Time
}

// linkData is what is remembered of a link.
type linkData struct {
	// Email is the address that the link was sent to: who has it has the address.
	// Empty for a link that was handed over.
	Email string `json:",omitempty"`
	// Password is a keyed hash of what is stored of the password: the link is
	// void when somebody has set another.
	Password []byte
}

// Tokens of links say by their first letter what they are for, so that a page
// need not guess; what they open is what they are stored under.
var linkLetter = map[LinkKind]string{LinkRecover: "r", LinkWelcome: "w"}

func kindOfToken(token string) (LinkKind, bool) {
	for kind, letter := range linkLetter {
		if strings.HasPrefix(token, letter) && len(token) == 1+tokenLen {
			return kind, true
		}
	}
	return "", false
}

// tokenLen is the length of the random part of a token: 260 bits in base 32.
const tokenLen = 52

func (s *Service) linkHash(token string) []byte { return s.keys.MAC("signin link", []byte(token)) }

var errNoLink = identity.NewError(identity.NotFound, "", "This link does not work any more. Please ask for a new one.")

// Recovery is a request for a link to a new password.
type Recovery struct {
	Identifier string // as on the sign-in page
	Address    string // of the browser
}

// How many links one identifier may ask for in an hour, and one network.
const (
	recoveriesAnHour = 5
	networkAnHour    = 60
)

// A recoverJob is a request for a link.
type recoverJob struct {
	Identifier string
	Until      time.Time
}

// Recover asks for a letter with a link, public + P + "/recover/" + token, to
// the addresses of whoever the identifier names. It answers the same, and as
// fast, whether there is somebody or not: a job does the rest. An identifier
// that cannot be one is Invalid, too many requests are Throttled.
func (s *Service) Recover(ctx context.Context, org identity.Organisation, r Recovery) error {
	name := strings.TrimSpace(r.Identifier)
	if name == "" || len(name) > maxIdentifier || !utf8.ValidString(name) {
		return identity.NewError(identity.Invalid, "identifier", "This cannot be a user name or an address.")
	}
	policy, err := s.policy(ctx, org.ID)
	if err != nil {
		return err
	}
	if policy.NoRecovery {
		return identity.NewError(identity.Denied, "", "This organisation gives passwords out by its administrators alone.")
	}
	who := s.suspect(org.ID, identity.ID{}, name, r.Address, identity.ID{})
	return s.db.Update(ctx, func(tx *store.Tx) error {
		if err := s.ration(ctx, tx, org.ID, "recover:"+who.far, recoveriesAnHour, time.Hour); err != nil {
			return err
		}
		if err := s.ration(ctx, tx, org.ID, "recover-net:"+identity.Network(r.Address), networkAnHour, time.Hour); err != nil {
			return err
		}
		return s.jobs.Add(ctx, tx, jobs.NewJob{
			Org: org.ID, Kind: KindRecover, Note: "Link to a new password",
			Body: recoverJob{Identifier: name, Until: s.now().Add(linkLife[LinkRecover])},
		})
	})
}

// sendRecovery is the handler of KindRecover.
func (s *Service) sendRecovery(ctx context.Context, j identity.Job, body []byte) error {
	var r recoverJob
	if err := json.Unmarshal(body, &r); err != nil {
		return jobs.Give{Err: err}
	}
	if !s.now().Before(r.Until) {
		return nil
	}
	policy, err := s.policy(ctx, j.Org)
	if err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *store.Tx) error {
		org, err := tx.Organisation(ctx, j.Org)
		if err != nil {
			return err
		}
		p, err := s.find(ctx, tx, org.ID, r.Identifier)
		if err != nil || p.ID.IsZero() {
			return err
		}
		marks, err := tx.Verified(ctx, org.ID, p.ID)
		if err != nil {
			return err
		}
		to := recoveryAddress(p, marks, r.Identifier, policy)
		if to == "" {
			return nil
		}
		err = s.ration(ctx, tx, org.ID, "recover-user:"+p.ID.String(), recoveriesAnHour, time.Hour)
		if identity.KindOf(err) == identity.Throttled {
			return nil // asked for under several names
		}
		if err != nil {
			return err
		}
		link, err := s.newLink(ctx, tx, org, p, LinkRecover, to)
		if err != nil {
			return err
		}
		return s.mail.Send(ctx, tx, mail.Letter{
			Org: org, User: p.ID, To: to, Name: p.Shown, Lang: p.Lang, Kind: mail.Recover, Link: link.URL, Until: link.Expires,
		})
	})
}

// recoveryAddress returns the address for a link: the one that was typed if it
// is the person's, else the first that will do. It is always as the directory
// has it.
func recoveryAddress(p person, marks map[string]time.Time, typed string, policy Policy) string {
	list := p.Emails
	if have, ok := p.hasEmail(typed); ok {
		list = append([]string{have}, list...)
	}
	for _, e := range list {
		_, ok := marks[emailKind+":"+directory.Fold(e)]
		if mail.CheckAddress(e) == nil && (ok || !policy.RecoverVerified) {
			return e
		}
	}
	return ""
}

// passwordMark is a keyed hash of what is stored of a password.
func (s *Service) passwordMark(ctx context.Context, tx *store.Tx, org identity.OrgID, user identity.ID) ([]byte, error) {
	sealed, err := tx.Credential(ctx, org, user, "password")
	if err != nil && identity.KindOf(err) != identity.NotFound {
		return nil, err
	}
	return s.keys.MAC("signin password mark", sealed), nil
}

// newLink stores a link. Older ones of its kind end.
func (s *Service) newLink(ctx context.Context, tx *store.Tx, org identity.Organisation, p person, kind LinkKind, email string) (Link, error) {
	mark, err := s.passwordMark(ctx, tx, org.ID, p.ID)
	if err != nil {
		return Link{}, err
	}
	data, err := json.Marshal(linkData{Email: email, Password: mark})
	if err != nil {
		return Link{}, err
	}
	if err := tx.EndArtefactsOf(ctx, org.ID, p.ID, []string{string(kind)}); err != nil {
		return Link{}, err
	}
	token, now := linkLetter[kind]+randomText(), s.now()
	link := Link{Token: token, URL: s.page(org, "/recover/"+token), Expires: now.Add(linkLife[kind])}
	return link, tx.PutArtefact(ctx, identity.Artefact{
		Org: org.ID, Kind: string(kind), Hash: s.linkHash(token), Subject: p.ID, Created: now, Expires: link.Expires,
		Data: s.keys.Seal("signin link", data),
	})
}

// Link makes a link that sets the password of a person, for administrators to
// hand over. It needs nobody's password. Whoever may call it is the caller's
// question, but nobody gets into the account of who may do more: Denied.
func (s *Service) Link(ctx context.Context, by identity.Actor, org identity.Organisation, user identity.ID, kind LinkKind) (link Link, err error) {
	if linkLife[kind] == 0 {
		return Link{}, identity.NewError(identity.Invalid, "kind", "A link is of the kind recover or welcome.")
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		p, err := s.person(ctx, tx, org.ID, user)
		if err != nil {
			return err
		}
		if err := s.dir.MayHandOver(ctx, tx, by, user); err != nil {
			return err
		}
		if link, err = s.newLink(ctx, tx, org, p, kind, ""); err != nil {
			return err
		}
		return s.record(ctx, tx, by, org.ID, userType, user, map[string][2]any{"passwordLink": {nil, string(kind)}})
	})
	return link, err
}

// Invite is Link, sent to the person's address.
func (s *Service) Invite(ctx context.Context, by identity.Actor, org identity.Organisation, user identity.ID) error {
	return s.db.Update(ctx, func(tx *store.Tx) error {
		p, err := s.person(ctx, tx, org.ID, user)
		if err != nil {
			return err
		}
		to := recoveryAddress(p, nil, "", Policy{})
		if to == "" {
			return identity.NewError(identity.Invalid, "emails", "The person has no e-mail address to send a letter to.")
		}
		link, err := s.newLink(ctx, tx, org, p, LinkWelcome, to)
		if err != nil {
			return err
		}
		err = s.mail.Send(ctx, tx, mail.Letter{
			Org: org, User: p.ID, To: to, Name: p.Shown, Lang: p.Lang, Kind: mail.Welcome, Link: link.URL, Until: link.Expires,
		})
		if err != nil {
			return err
		}
		return s.record(ctx, tx, by, org.ID, userType, user, map[string][2]any{"passwordLink": {nil, string(LinkWelcome)}})
	})
}

// A LinkView says what the page of a link shows.
type LinkView struct {
	Kind      LinkKind
	Org       identity.Organisation
	Name      string // user name of the person
	MinLength int
	Expires   time.Time
	Error     string // key, as in View
	Retry     time.Duration
	Done      bool // the password is set; the person now signs in
}

// linkOf reads a link that still holds.
func (s *Service) linkOf(ctx context.Context, tx *store.Tx, org identity.OrgID, token string) (identity.Artefact, linkData, person, error) {
	var d linkData
	kind, ok := kindOfToken(token)
	if !ok {
		return identity.Artefact{}, d, person{}, errNoLink
	}
	a, err := tx.Artefact(ctx, org, string(kind), s.linkHash(token))
	if identity.KindOf(err) == identity.NotFound || err == nil && !a.Alive(s.now()) {
		return a, d, person{}, errNoLink
	}
	if err != nil {
		return a, d, person{}, err
	}
	if err := s.open("signin link", a.Data, &d); err != nil {
		return a, d, person{}, err
	}
	p, err := s.person(ctx, tx, org, a.Subject)
	if identity.KindOf(err) == identity.NotFound {
		return a, d, p, errNoLink
	}
	if err != nil {
		return a, d, p, err
	}
	mark, err := s.passwordMark(ctx, tx, org, p.ID)
	if err != nil {
		return a, d, p, err
	}
	if _, has := p.hasEmail(d.Email); !equal(mark, d.Password) || d.Email != "" && !has {
		return a, d, p, errNoLink
	}
	return a, d, p, nil
}

// OpenLink shows what a link to a new password is for and consumes nothing. A
// link that is unknown, used, expired or overtaken by a newer password or
// another address is NotFound.
func (s *Service) OpenLink(ctx context.Context, org identity.Organisation, token string) (*LinkView, error) {
	v, _, err := s.openLink(ctx, org, token)
	return v, err
}

func (s *Service) openLink(ctx context.Context, org identity.Organisation, token string) (*LinkView, person, error) {
	policy, err := s.policy(ctx, org.ID)
	if err != nil {
		return nil, person{}, err
	}
	var a identity.Artefact
	var p person
	err = s.db.View(ctx, func(tx *store.Tx) error {
		a, _, p, err = s.linkOf(ctx, tx, org.ID, token)
		return err
	})
	if err != nil {
		return nil, person{}, err
	}
	return &LinkView{Kind: LinkKind(a.Kind), Org: org, Name: p.Name, MinLength: policy.MinLength, Expires: a.Expires}, p, nil
}

// UseLink sets the password by a link, exactly once. All sessions of the person
// end, and all remembered browsers: the next sign-in asks for the second factor.
// It signs nobody in. A password that will not do leaves the link as it is and
// gives its View with Error.
func (s *Service) UseLink(ctx context.Context, org identity.Organisation, token, password string) (*LinkView, error) {
	v, p, err := s.openLink(ctx, org, token)
	if err != nil {
		return nil, err
	}
	policy, err := s.policy(ctx, org.ID)
	if err != nil {
		return nil, err
	}
	if v.Error = policy.judge(password, p.words(org)); v.Error != "" {
		return v, nil
	}
	phc, fault, err := s.hash(ctx, password)
	if w := RetryAfter(err); w > 0 {
		v.Error, v.Retry = ErrBusy, w
		return v, nil
	}
	if v.Error = fault; err != nil || fault != "" {
		return v, err
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error { return s.spendLink(ctx, tx, org, token, phc) })
	if err != nil {
		return nil, err
	}
	v.Done = true
	return v, nil
}

// spendLink uses a link up and stores the password.
func (s *Service) spendLink(ctx context.Context, tx *store.Tx, org identity.Organisation, token, phc string) error {
	a, d, p, err := s.linkOf(ctx, tx, org.ID, token)
	if err != nil {
		return err
	}
	_, err = tx.ConsumeArtefact(ctx, org.ID, a.Kind, a.Hash, s.now())
	if k := identity.KindOf(err); k == identity.Conflict || k == identity.NotFound {
		return errNoLink
	}
	if err != nil {
		return err
	}
	if d.Email != "" {
		if err := tx.PutVerified(ctx, org.ID, p.ID, emailKind, directory.Fold(d.Email), s.now()); err != nil {
			return err
		}
	}
	// Whoever lost control of an account has apps and API tokens of a stranger out
	// of it as well, also those that outlive the session (attack C47).
	if _, err := tx.EndGrantsOf(ctx, org.ID, p.ID, identity.ID{}, s.now()); err != nil {
		return err
	}
	return s.setPassword(ctx, tx, self(org.ID, p), org, p, phc, identity.ID{})
}
