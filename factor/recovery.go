package factor

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"slices"
	"strings"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/store"
)

// Of recovery codes there are ten, of ten letters of five bits each.
const (
	recoveryCodes  = 10
	recoveryLength = 10
)

// letters are digits and letters without I, L, O and U, which look like others
// or spell words.
const letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

var letterCode = base32.NewEncoding(letters).WithPadding(base32.NoPadding)

// recovery is what is kept of recovery codes.
type recovery struct {
	Hashes [][]byte // keyed, of those that are not spent
}

// NewRecovery makes ten recovery codes in the place of those that the user had.
// They are shown once.
func (s *Service) NewRecovery(ctx context.Context, org identity.OrgID, user identity.ID) ([]string, error) {
	shown, kept := make([]string, recoveryCodes), recovery{}
	for i := range shown {
		code := recoveryCode()
		shown[i] = code[:5] + "-" + code[5:]
		kept.Hashes = append(kept.Hashes, s.recoveryHash(org, user, code))
	}
	a, err := s.newAuthenticator(org, user, Recovery, "", kept)
	if err != nil {
		return nil, err
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		rows, err := tx.Authenticators(ctx, org, user)
		if err != nil {
			return err
		}
		for _, old := range rows {
			if old.Kind != Recovery {
				continue
			}
			if err := tx.DeleteAuthenticator(ctx, org, user, old.ID); err != nil {
				return err
			}
		}
		return s.enrol(ctx, tx, a, nil)
	})
	if err != nil {
		return nil, err
	}
	return shown, nil
}

func recoveryCode() string {
	var raw [7]byte // 56 bits, of which 50 are shown
	rand.Read(raw[:])
	return letterCode.EncodeToString(raw[:])[:recoveryLength]
}

func (s *Service) recoveryHash(org identity.OrgID, user identity.ID, code string) []byte {
	data := append(append([]byte(nil), org[:]...), user[:]...)
	return s.keys.MAC("recovery code", append(data, code...))
}

// lookAlike reads letters that are not in the alphabet as those they look like.
var lookAlike = strings.NewReplacer("I", "1", "L", "1", "O", "0", "-", "", " ", "")

// UseRecovery spends a recovery code and says how many are left. A wrong or
// spent one is ErrWrong.
func (s *Service) UseRecovery(ctx context.Context, org identity.OrgID, user identity.ID, code string) (left int, err error) {
	if len(code) > 4*recoveryLength {
		return 0, ErrWrong
	}
	hash := s.recoveryHash(org, user, lookAlike.Replace(strings.ToUpper(code)))
	err = s.prove(ctx, org, user, Recovery, func(a identity.Authenticator) (any, error) {
		var have recovery
		if err := s.unseal(a, &have); err != nil {
			return nil, err
		}
		n := len(have.Hashes)
		have.Hashes = slices.DeleteFunc(have.Hashes, func(h []byte) bool { return secret.Equal(h, hash) })
		left = len(have.Hashes)
		if left == n {
			return nil, nil
		}
		return have, nil
	})
	if err != nil {
		return 0, err
	}
	return left, nil
}
