package factor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
)

// maxResponse bounds what a browser answers, in bytes.
const maxResponse = 64 << 10

// A Ceremony is one use of a passkey under way.
type Ceremony struct {
	// Options are those of navigator.credentials.create or get, with the member
	// "publicKey", binary values in base64url.
	Options json.RawMessage
	State   []byte // sealed; keep it and give it back to Finish
}

// relyingParty is our side of passkeys: the host of the public URL and exactly
// its origin. It is nil where browsers allow no passkeys.
func relyingParty(public, name string) (*webauthn.WebAuthn, error) {
	u, err := url.Parse(public)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("the public URL %q is none", public)
	}
	host := u.Hostname()
	if _, err := netip.ParseAddr(host); err == nil {
		return nil, nil
	}
	local := host == "localhost" || strings.HasSuffix(host, ".localhost")
	if u.Scheme != "https" && !local {
		return nil, nil
	}
	required := true
	return webauthn.New(&webauthn.Config{
		RPID: host, RPDisplayName: name, RPOrigins: []string{u.Scheme + "://" + u.Host},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			RequireResidentKey: &required, ResidentKey: protocol.ResidentKeyRequirementRequired,
			UserVerification: protocol.VerificationRequired,
		},
	})
}

// PasskeysWork reports whether browsers allow passkeys at our public URL: not at
// an IP address, and without TLS only at localhost.
func (s *Service) PasskeysWork() bool { return s.web != nil }

var errNoPasskeys = identity.NewError(identity.Invalid, "", "Passkeys do not work at this address; they need a host name and HTTPS.")

// An owner is a user as package webauthn sees one.
type owner struct {
	handle        []byte
	name, display string
	passkeys      []webauthn.Credential
}

func (o owner) WebAuthnID() []byte                         { return o.handle }
func (o owner) WebAuthnName() string                       { return o.name }
func (o owner) WebAuthnDisplayName() string                { return o.display }
func (o owner) WebAuthnCredentials() []webauthn.Credential { return o.passkeys }

// handle names a user in passkeys. Organisations share a host, so the handle
// names the organisation as well.
func handle(org identity.OrgID, user identity.ID) []byte {
	return append(org[:], user[:]...)
}

// owner reads the passkeys of a user.
func (s *Service) owner(ctx context.Context, org identity.OrgID, user identity.ID) (owner, error) {
	o := owner{handle: handle(org, user)}
	var rows []identity.Authenticator
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		rows, err = tx.Authenticators(ctx, org, user)
		return err
	})
	if err != nil {
		return o, err
	}
	for _, a := range rows {
		if a.Kind != Passkey {
			continue
		}
		var c webauthn.Credential
		if err := s.unseal(a, &c); err != nil {
			return o, err
		}
		o.passkeys = append(o.passkeys, c)
	}
	return o, nil
}

// ceremony seals what a ceremony remembers.
func (s *Service) ceremony(st *state, options any, data *webauthn.SessionData) (*Ceremony, error) {
	st.Passkey = data
	sealed, err := s.sealState(st)
	if err != nil {
		return nil, err
	}
	doc, err := json.Marshal(options)
	return &Ceremony{Options: doc, State: sealed}, err
}

// BeginRegistration begins the enrolment of a passkey. name is the user's name,
// display how they are called.
func (s *Service) BeginRegistration(ctx context.Context, org identity.OrgID, user identity.ID, name, display string) (*Ceremony, error) {
	if s.web == nil {
		return nil, errNoPasskeys
	}
	o, err := s.owner(ctx, org, user)
	if err != nil {
		return nil, err
	}
	if o.name, o.display = name, display; display == "" {
		o.display = name
	}
	exclude := webauthn.Credentials(o.passkeys).CredentialDescriptors()
	options, data, err := s.web.BeginRegistration(o, webauthn.WithExclusions(exclude))
	if err != nil {
		return nil, fmt.Errorf("begin a passkey: %w", err)
	}
	return s.ceremony(s.newState(enrolPasskey, org, user), options, data)
}

// FinishRegistration stores the passkey that the browser made. response is the
// JSON of the PublicKeyCredential. Each state is good for once; ErrWrong if
// anything is not as it must be.
func (s *Service) FinishRegistration(ctx context.Context, org identity.OrgID, user identity.ID, state, response []byte, name string) (Info, error) {
	if s.web == nil {
		return Info{}, errNoPasskeys
	}
	st, err := s.openState(enrolPasskey, org, state)
	if err != nil {
		return Info{}, err
	}
	if st.User != user || st.Passkey == nil || len(response) > maxResponse {
		return Info{}, ErrWrong
	}
	if name, err = checkName(name); err != nil {
		return Info{}, err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(response)
	if err != nil {
		return Info{}, ErrWrong
	}
	made, err := s.web.CreateCredential(owner{handle: handle(org, user)}, *st.Passkey, parsed)
	if err != nil || !made.Flags.UserVerified {
		return Info{}, ErrWrong
	}
	made.Attestation = webauthn.CredentialAttestation{} // nobody looks at it again
	a, err := s.newAuthenticator(org, user, Passkey, name, made)
	if err != nil {
		return Info{}, err
	}
	a.Key = made.ID
	err = s.db.Update(ctx, func(tx *store.Tx) error { return s.enrol(ctx, tx, a, st) })
	if err != nil {
		return Info{}, wrong(err)
	}
	return s.info(a)
}

// BeginLogin begins a sign-in with a passkey: of a user, or with a zero id of
// whoever the browser has a passkey for. It is NotFound for a user without any.
func (s *Service) BeginLogin(ctx context.Context, org identity.OrgID, user identity.ID) (*Ceremony, error) {
	if s.web == nil {
		return nil, errNoPasskeys
	}
	verified := webauthn.WithUserVerification(protocol.VerificationRequired)
	if user.IsZero() {
		options, data, err := s.web.BeginDiscoverableLogin(verified)
		if err != nil {
			return nil, fmt.Errorf("begin a sign-in by passkey: %w", err)
		}
		return s.ceremony(s.newState(usePasskey, org, user), options, data)
	}
	o, err := s.owner(ctx, org, user)
	if err != nil {
		return nil, err
	}
	if len(o.passkeys) == 0 {
		return nil, identity.NewError(identity.NotFound, "", "There is no passkey.")
	}
	options, data, err := s.web.BeginLogin(o, verified)
	if err != nil {
		return nil, fmt.Errorf("begin a sign-in by passkey: %w", err)
	}
	return s.ceremony(s.newState(usePasskey, org, user), options, data)
}

// FinishLogin checks what the browser signed and says who it was. Each state is
// good for once. Everything that is not as it must be is ErrWrong.
func (s *Service) FinishLogin(ctx context.Context, org identity.OrgID, state, response []byte) (user identity.ID, used Info, err error) {
	if s.web == nil {
		return identity.ID{}, Info{}, errNoPasskeys
	}
	a, err := s.finishLogin(ctx, org, state, response)
	if err != nil {
		return identity.ID{}, Info{}, wrong(err)
	}
	used, err = s.info(a)
	return a.User, used, err
}

func (s *Service) finishLogin(ctx context.Context, org identity.OrgID, sealed, response []byte) (a identity.Authenticator, err error) {
	st, err := s.openState(usePasskey, org, sealed)
	if err != nil {
		return a, err
	}
	if st.Passkey == nil || len(response) > maxResponse {
		return a, ErrWrong
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(response)
	if err != nil {
		return a, ErrWrong
	}
	err = s.db.View(ctx, func(tx *store.Tx) (err error) {
		a, err = tx.AuthenticatorByKey(ctx, org, Passkey, parsed.RawID)
		return err
	})
	if err != nil {
		return a, err
	}
	if !st.User.IsZero() && a.User != st.User {
		return a, ErrWrong
	}
	o, err := s.owner(ctx, org, a.User)
	if err != nil {
		return a, err
	}
	c, err := s.validate(o, st, parsed)
	if err != nil {
		return a, err
	}
	if err := s.seal(&a, c); err != nil {
		return a, err
	}
	a.Used = s.now()
	return a, s.db.Update(ctx, func(tx *store.Tx) error {
		if err := s.useUp(ctx, tx, st); err != nil {
			return err
		}
		return tx.UpdateAuthenticator(ctx, a)
	})
}

// validate checks an assertion: challenge, origin, host, that the person was
// verified, the signature, and that the counter went on.
func (s *Service) validate(o owner, st *state, parsed *protocol.ParsedCredentialAssertionData) (*webauthn.Credential, error) {
	var c *webauthn.Credential
	var err error
	if st.User.IsZero() {
		c, err = s.web.ValidateDiscoverableLogin(func(_, handle []byte) (webauthn.User, error) {
			if !bytes.Equal(handle, o.handle) {
				return nil, errors.New("the passkey names another person")
			}
			return o, nil
		}, *st.Passkey, parsed)
	} else {
		c, err = s.web.ValidateLogin(o, *st.Passkey, parsed)
	}
	if err != nil || !parsed.Response.AuthenticatorData.Flags.HasUserVerified() {
		return nil, ErrWrong
	}
	// A counter that does not go on tells of a copy of the passkey.
	if c.Authenticator.CloneWarning {
		return nil, ErrWrong
	}
	return c, nil
}
