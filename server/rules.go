package server

import (
	"context"
	"crypto/x509"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/muster-id/muster/access"
	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/claims"
	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/factor"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/jobs"
	"github.com/muster-id/muster/logout"
	"github.com/muster-id/muster/mail"
	"github.com/muster-id/muster/outbound"
	"github.com/muster-id/muster/session"
	"github.com/muster-id/muster/signin"
	"github.com/muster-id/muster/token"
)

// Rules are everything that decides, without a door: what the doors are put
// over, and what the command line works with.
type Rules struct {
	Directory *directory.Directory
	Access    *access.Service
	Jobs      *jobs.Service
	Mail      *mail.Service
	Sessions  *session.Service
	Apps      *app.Service
	Claims    *claims.Service
	Tokens    *token.Service
	Factors   *factor.Service
	SignIn    *signin.Service
	Logout    *logout.Service
	Outbound  *outbound.Client
}

// makeRules builds the rules over an opened database, from the bottom up.
func (h *House) makeRules() error {
	cfg, public := h.Config, h.Config.URL(h.Config.Listen)
	authorities, err := certPool(cfg.OutboundCAFile, true)
	if err != nil {
		return err
	}
	r := &h.Rules
	r.Outbound = outbound.New(outbound.Options{Allow: cfg.OutboundPrivate, CAs: authorities})
	r.Jobs = jobs.New(jobs.Options{DB: h.DB, Keys: h.Keys, Log: h.Log})
	r.Mail = mail.New(mail.Options{DB: h.DB, Jobs: r.Jobs, Log: h.Log, SMTP: mail.SMTP{
		Host: cfg.SMTPHost, Port: cfg.SMTPPort, TLS: mail.TLS(cfg.SMTPTLS), User: cfg.SMTPUser, Password: cfg.SMTPPassword, From: cfg.MailFrom,
	}})
	r.Sessions = session.New(session.Options{DB: h.DB, Keys: h.Keys, Jobs: r.Jobs})
	r.Directory = directory.New(directory.Options{DB: h.DB, Keys: h.Keys, Session: r.Sessions, Log: h.Log})
	r.Access = access.New(access.Options{DB: h.DB, Directory: r.Directory, Log: h.Log})
	r.Apps = app.New(app.Options{DB: h.DB, Keys: h.Keys, Fetch: r.Outbound, Public: public, Log: h.Log})
	r.Claims = claims.New(h.DB)
	r.Claims.Roles = r.held
	r.Tokens = token.New(token.Options{DB: h.DB, Keys: h.Keys, Apps: r.Apps, Claims: r.Claims, Entrusted: r.entrusted, Public: public, Log: h.Log})
	if r.Factors, err = factor.New(factor.Options{DB: h.DB, Keys: h.Keys, Public: public}); err != nil {
		return err
	}
	r.SignIn = signin.New(signin.Options{
		DB: h.DB, Keys: h.Keys, Directory: r.Directory, Sessions: r.Sessions, Factors: r.Factors,
		Mail: r.Mail, Jobs: r.Jobs, Public: public, Log: h.Log,
	})
	r.Logout = logout.New(logout.Options{
		DB: h.DB, Keys: h.Keys, Apps: r.Apps, Tokens: r.Tokens, Fetch: r.Outbound, Jobs: r.Jobs, Log: h.Log,
	})
	return nil
}

// held tells the claims what roles a person has. Of two roles that give the same
// claim the one whose name comes first counts.
func (r *Rules) held(ctx context.Context, org identity.OrgID, user identity.ID) (claims.Held, error) {
	held := claims.Held{Claims: map[string]string{}}
	list, err := r.Access.RolesOf(ctx, org, identity.UserSubject, user)
	if err != nil {
		return held, err
	}
	slices.SortFunc(list, func(a, b access.Holding) int { return strings.Compare(a.Role.Name, b.Role.Name) })
	for _, h := range list {
		if !slices.Contains(held.Roles, h.Role.Name) {
			held.Roles = append(held.Roles, h.Role.Name)
		}
		for name, value := range h.Role.ClaimMapper {
			if _, taken := held.Claims[name]; !taken {
				held.Claims[name] = value
			}
		}
	}
	return held, nil
}

// certPool reads authorities from a PEM file; nil without one. system adds
// those of the system.
func certPool(file string, system bool) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read authorities: %w", err)
	}
	pool := x509.NewCertPool()
	if system {
		if pool, err = x509.SystemCertPool(); err != nil {
			return nil, fmt.Errorf("read the system's authorities: %w", err)
		}
	}
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s holds no certificate in PEM", file)
	}
	return pool, nil
}

// handlers are what does the jobs. Letters wait in the outbox until there is a
// mail server.
func (r *Rules) handlers() map[string]jobs.Handler {
	all := r.Logout.Handlers()
	for kind, do := range r.SignIn.Handlers(r.Outbound.Post) {
		all[kind] = do
	}
	if r.Mail.Sends() {
		all[mail.Job] = r.Mail.Handle
	}
	return all
}

// RecoverAdministrator makes a link by which an administrator sets a new
// password, and takes their second factors away if they have lost them.
func (h *House) RecoverAdministrator(ctx context.Context, by identity.Actor, org identity.Organisation, user identity.ID, lost bool) (signin.Link, error) {
	role, err := h.SignIn.IsAdministrator(ctx, org.ID, user)
	if err != nil {
		return signin.Link{}, err
	}
	if role == "" {
		return signin.Link{}, hint("muster admin appoint makes somebody one", "this person is not an administrator of %s", org.Slug)
	}
	if lost {
		list, err := h.Factors.List(ctx, org.ID, user)
		if err != nil {
			return signin.Link{}, err
		}
		for _, f := range list {
			if err := h.Factors.Remove(ctx, org.ID, user, f.ID); err != nil {
				return signin.Link{}, err
			}
		}
	}
	return h.SignIn.Link(ctx, by, org, user, signin.LinkRecover)
}

// entrusted returns what a person may do with our own doors.
func (r *Rules) entrusted(ctx context.Context, org identity.OrgID, user identity.ID) (identity.Perms, error) {
	return r.Access.Perms(ctx, org, identity.UserSubject, user)
}
