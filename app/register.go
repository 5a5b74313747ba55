package app

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/store"
)

const (
	registrationPrefix = secret.TokenPrefix + "reg"
	initialPrefix      = secret.TokenPrefix + "initial"
)

// A Registered is an app after it registered, read or changed its registration.
type Registered struct {
	App    identity.App
	Secret string // client_secret, when a new one was made; shown this once
	Token  string // registration access token
}

// A RegistrationError says why a registration was refused.
type RegistrationError struct {
	Code        string // of RFC 7591, "invalid_token" (RFC 6750) or "access_denied"
	Description string
	Status      int
}

func (e *RegistrationError) Error() string { return e.Code + ": " + e.Description }

func badToken() error {
	return &RegistrationError{Code: "invalid_token", Description: "The token does not open this registration.", Status: http.StatusUnauthorized}
}

func badMetadata(code, text string) error {
	return &RegistrationError{Code: code, Description: text, Status: http.StatusBadRequest}
}

// Register makes an app from what it says of itself. token is the initial access
// token, "" if none came. Errors that the client may see are *RegistrationError.
// Such an app never has privileged scopes, is never trusted, and never acts for
// others by the grant types password, token-exchange or jwt-bearer.
func (s *Service) Register(ctx context.Context, org identity.Organisation, m Metadata, token string) (Registered, error) {
	p, err := s.Provider(ctx, org.ID)
	if err != nil {
		return Registered{}, err
	}
	if err := s.mayRegister(ctx, org.ID, p, token); err != nil {
		return Registered{}, err
	}
	at := s.now()
	a := identity.App{Org: org.ID, ID: identity.NewID(), ClientID: newClientID(), Created: at, Modified: at, Version: 1}
	if a.AppSettings, err = s.described(ctx, m, identity.AppSettings{}, p); err != nil {
		return Registered{}, err
	}
	issued, err := s.firstSecret(&a, time.Time{})
	if err != nil {
		return Registered{}, err
	}
	out := Registered{Secret: issued.Text, Token: secret.NewToken(registrationPrefix)}
	a.RegistrationHash = secret.MAC(s.registrationKey, []byte(out.Token))
	by := identity.Actor{Kind: identity.BySystem, Org: org.ID, Name: "registration"}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		if p.Registration == RegistrationToken {
			if err := s.useInitial(ctx, tx, org.ID, token); err != nil {
				return err
			}
		}
		return s.insert(ctx, tx, by, a)
	})
	if err != nil {
		return Registered{}, err
	}
	out.App = a
	return out, nil
}

// mayRegister turns strangers away before anything is fetched for them.
func (s *Service) mayRegister(ctx context.Context, org identity.OrgID, p Provider, token string) error {
	switch p.Registration {
	case RegistrationOpen:
		return nil
	case RegistrationToken:
		return s.db.View(ctx, func(tx *store.Tx) error {
			_, err := s.initial(ctx, tx, org, token)
			return err
		})
	}
	return &RegistrationError{Code: "access_denied", Description: "Apps cannot register themselves here.", Status: http.StatusForbidden}
}

// registered finds the app that a registration access token opens.
func (s *Service) registered(ctx context.Context, org identity.OrgID, clientID, token string) (identity.App, error) {
	known, err := s.Get(ctx, org, clientID)
	if identity.KindOf(err) == identity.NotFound {
		return identity.App{}, badToken() // RFC 7592 section 2.1
	}
	if err != nil {
		return identity.App{}, err
	}
	hash := secret.MAC(s.registrationKey, []byte(token))
	if known.ClientID != clientID || known.Disabled || len(known.RegistrationHash) == 0 || !secret.Equal(known.RegistrationHash, hash) {
		return identity.App{}, badToken()
	}
	return *known, nil
}

// ReadRegistration returns an app to itself; token is its registration access
// token.
func (s *Service) ReadRegistration(ctx context.Context, org identity.Organisation, clientID, token string) (Registered, error) {
	a, err := s.registered(ctx, org.ID, clientID, token)
	if err != nil {
		return Registered{}, err
	}
	return Registered{App: a, Token: token}, nil
}

// UpdateRegistration replaces all that an app said of itself; what others set of
// it stays. Privileged scopes that it was given are lost: who gave them knew
// another app.
func (s *Service) UpdateRegistration(ctx context.Context, org identity.Organisation, clientID, token string, m Metadata) (Registered, error) {
	if _, err := s.registered(ctx, org.ID, clientID, token); err != nil {
		return Registered{}, err
	}
	if m.text("client_id") != clientID {
		return Registered{}, badMetadata(InvalidClientMetadata, "client_id is not that of this registration.")
	}
	var out Registered
	var err error
	for range maxTries {
		if out, err = s.reregister(ctx, org.ID, clientID, token, m); identity.KindOf(err) != identity.Stale {
			break
		}
	}
	return out, err
}

func (s *Service) reregister(ctx context.Context, org identity.OrgID, clientID, token string, m Metadata) (Registered, error) {
	known, err := s.registered(ctx, org, clientID, token)
	if err != nil {
		return Registered{}, err
	}
	old, err := s.read(ctx, org, known.ID)
	if err != nil {
		return Registered{}, err
	}
	if text := m.text("client_secret"); text != "" && !s.secretMatches(&old, text, s.now()) {
		return Registered{}, badMetadata(InvalidClientMetadata, "client_secret is not that of this registration.")
	}
	p, err := s.Provider(ctx, org)
	if err != nil {
		return Registered{}, err
	}
	a := old
	if a.AppSettings, err = s.described(ctx, m, old.AppSettings, p); err != nil {
		return Registered{}, err
	}
	var issued IssuedSecret
	var added []identity.AppSecret
	if usesSecret(a.AuthMethod) && !s.hasSecret(&old, a.AuthMethod) {
		if issued, err = s.firstSecret(&a, time.Time{}); err != nil {
			return Registered{}, err
		}
		added = append(added, issued.AppSecret)
	}
	by := identity.Actor{Kind: identity.ByApp, Org: org, ID: a.ID, Name: a.ClientID}
	if a, err = s.replace(ctx, by, a, old, added...); err != nil {
		return Registered{}, err
	}
	return Registered{App: a, Secret: issued.Text, Token: token}, nil
}

// hasSecret reports whether an app has a living secret that a method can use.
func (s *Service) hasSecret(a *identity.App, method string) bool {
	at := s.now()
	return slices.ContainsFunc(a.Secrets, func(have identity.AppSecret) bool {
		return have.Alive(at) && (method != identity.AuthSecretJWT || have.Sealed != nil)
	})
}

// DeleteRegistration removes an app that registered itself.
func (s *Service) DeleteRegistration(ctx context.Context, org identity.Organisation, clientID, token string) error {
	a, err := s.registered(ctx, org.ID, clientID, token)
	if err != nil {
		return err
	}
	by := identity.Actor{Kind: identity.ByApp, Org: org.ID, ID: a.ID, Name: a.ClientID}
	err = s.Delete(ctx, by, org.ID, a.ID)
	if identity.KindOf(err) == identity.NotFound {
		return badToken() // somebody else deleted it at this moment
	}
	return err
}
