package factor

import (
	"context"
	"encoding/json"

	"github.com/muster-id/muster/identity"
)

// A Ceremony is one use of a passkey under way.
type Ceremony struct {
	// Options are those of navigator.credentials.create or get, with the member
	// "publicKey", binary values in base64url.
	Options json.RawMessage
	State   []byte // sealed; keep it and give it back to Finish
}

// PasskeysWork reports whether browsers allow passkeys at our public URL: not at
// an IP address, and without TLS only at localhost.
func (s *Service) PasskeysWork() bool { panic("unfinished") }

// BeginRegistration begins the enrolment of a passkey. name is the user's name,
// display how they are called.
func (s *Service) BeginRegistration(ctx context.Context, org identity.OrgID, user identity.ID, name, display string) (*Ceremony, error) {
	panic("unfinished")
}

// FinishRegistration stores the passkey that the browser made. response is the
// JSON of the PublicKeyCredential. Each state is good for once; ErrWrong if
// anything is not as it must be.
func (s *Service) FinishRegistration(ctx context.Context, org identity.OrgID, user identity.ID, state, response []byte, name string) (Info, error) {
	panic("unfinished")
}

// BeginLogin begins a sign-in with a passkey: of a user, or with a zero id of
// whoever the browser has a passkey for.
func (s *Service) BeginLogin(ctx context.Context, org identity.OrgID, user identity.ID) (*Ceremony, error) {
	panic("unfinished")
}

// FinishLogin checks what the browser signed and says who it was. Each state is
// good for once. Everything that is not as it must be is ErrWrong.
func (s *Service) FinishLogin(ctx context.Context, org identity.OrgID, state, response []byte) (user identity.ID, used Info, err error) {
	panic("unfinished")
}
