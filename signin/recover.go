package signin

import (
	"context"
	"time"

	"github.com/muster-id/muster/identity"
)

// A LinkKind says what a one-time link is for. It is part of what a link is
// stored under: none passes for another.
type LinkKind string

// The kinds of link that set a password.
const (
	LinkRecover LinkKind = "recover" // 30 minutes
	LinkWelcome LinkKind = "welcome" // 7 days; for a person whom an administrator made
)

// A Link is a one-time link as it is handed out, once.
type Link struct {
	Token   string
	URL     string
	Expires time.Time
}

// Recovery is a request for a link to a new password.
type Recovery struct {
	Identifier string // as on the sign-in page
	Address    string // of the browser
}

// Recover asks for a letter with a link, public + P + "/recover/" + token, to
// the addresses of whoever the identifier names. It answers the same, and as
// fast, whether there is somebody or not: a job does the rest. An identifier
// that cannot be one is Invalid, too many requests are Throttled.
func (s *Service) Recover(ctx context.Context, org identity.Organisation, r Recovery) error {
	panic("signin: recover")
}

// Link makes a link that sets the password of a person, for administrators to
// hand over. It needs nobody's password; whoever may call it is the caller's
// question.
func (s *Service) Link(ctx context.Context, by identity.Actor, org identity.Organisation, user identity.ID, kind LinkKind) (Link, error) {
	panic("signin: link")
}

// Invite is Link, sent to the person's address.
func (s *Service) Invite(ctx context.Context, by identity.Actor, org identity.Organisation, user identity.ID) error {
	panic("signin: invite")
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

// OpenLink shows what a link to a new password is for and consumes nothing. A
// link that is unknown, used, expired or overtaken by a newer password or
// another address is NotFound.
func (s *Service) OpenLink(ctx context.Context, org identity.Organisation, token string) (*LinkView, error) {
	panic("signin: open link")
}

// UseLink sets the password by a link, exactly once. All sessions of the person
// end, and all remembered browsers: the next sign-in asks for the second factor.
// It signs nobody in. A password that will not do leaves the link as it is and
// gives its View with Error.
func (s *Service) UseLink(ctx context.Context, org identity.Organisation, token, password string) (*LinkView, error) {
	panic("signin: use link")
}

// ChangePassword gives the person of a session another password, if they know
// the old one or have none yet. Their other sessions end. The result is the key
// of an Error of View, "" if the password is changed; errors as CheckPassword.
func (s *Service) ChangePassword(ctx context.Context, session identity.Session, old, password, address string) (string, error) {
	panic("signin: change password")
}

// DemandPassword makes a person choose a new password at the next sign-in.
func (s *Service) DemandPassword(ctx context.Context, by identity.Actor, org identity.OrgID, user identity.ID) error {
	panic("signin: demand password")
}
