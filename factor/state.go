package factor

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
)

// stateLife is how long a person has for an enrolment or a sign-in.
const stateLife = 10 * time.Minute

// A state is what a ceremony remembers, sealed in the caller's hands.
type state struct {
	Kind    string // of the ceremony; no state passes for one of another
	Org     identity.OrgID
	User    identity.ID // zero: whoever it is
	Once    []byte      // names the state, which is good for once
	Expires time.Time
	TOTP    string                `json:",omitempty"` // the otpauth URL
	Passkey *webauthn.SessionData `json:",omitempty"`
}

// The kinds of ceremony.
const (
	enrolTOTP    = "enrol totp"
	enrolPasskey = "enrol passkey"
	usePasskey   = "use passkey"
)

// usedState is the kind of the artefact that remembers that a state was used.
const usedState = "factor_state"

func (s *Service) newState(kind string, org identity.OrgID, user identity.ID) *state {
	st := &state{Kind: kind, Org: org, User: user, Once: make([]byte, 16), Expires: s.now().Add(stateLife)}
	rand.Read(st.Once) // never fails (crypto/rand)
	return st
}

func (s *Service) sealState(st *state) ([]byte, error) {
	doc, err := json.Marshal(st)
	if err != nil {
		return nil, err
	}
	return s.keys.Seal("factor state "+st.Kind, doc), nil
}

// openState reads a state of a ceremony of this organisation; anything else, or
// an old one, is ErrWrong.
func (s *Service) openState(kind string, org identity.OrgID, sealed []byte) (*state, error) {
	doc, err := s.keys.Open("factor state "+kind, sealed)
	if err != nil {
		return nil, ErrWrong
	}
	st := &state{}
	if err := json.Unmarshal(doc, st); err != nil {
		return nil, err
	}
	if st.Kind != kind || st.Org != org || !s.now().Before(st.Expires) {
		return nil, ErrWrong
	}
	return st, nil
}

// useUp marks a state as used, in an Update; the second time is ErrWrong.
func (s *Service) useUp(ctx context.Context, tx *store.Tx, st *state) error {
	err := tx.PutArtefact(ctx, identity.Artefact{
		Org: st.Org, Kind: usedState, Hash: s.keys.MAC(usedState, st.Once),
		Subject: st.User, Version: 1, Created: s.now(), Expires: st.Expires,
	})
	if identity.KindOf(err) == identity.Conflict {
		return ErrWrong
	}
	return err
}
