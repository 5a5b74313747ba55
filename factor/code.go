package factor

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/muster-id/muster/secret"
)

// Of codes that are sent.
const (
	codeDigits = 6
	codeLife   = 10 * time.Minute
	codeTries  = 5
	codeResend = time.Minute
)

// A Code is what is kept of a code that was sent by letter or message. Its
// owner keeps it with the flow and stores it after every check.
type Code struct {
	Hash    []byte    `json:"hash"`
	Sent    time.Time `json:"sent"`
	Expires time.Time `json:"expires"`
	Tries   int       `json:"tries"` // left
}

// NewCode makes a code of six digits, good for ten minutes and five tries.
// binding says what it proves and where, such as the flow and the address; the
// code is good for nothing else.
func (s *Service) NewCode(binding string) (text string, c Code) {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		panic("factor: " + err.Error()) // crypto/rand never fails
	}
	text = fmt.Sprintf("%0*d", codeDigits, n)
	at := s.now()
	return text, Code{Hash: s.codeHash(binding, text), Sent: at, Expires: at.Add(codeLife), Tries: codeTries}
}

func (s *Service) codeHash(binding, text string) []byte {
	return s.keys.MAC("one-time code", []byte(text+"\x00"+binding))
}

// CheckCode checks a code and spends a try, or all of them when it is right:
// store c, by compare-and-set, before you believe the answer. It returns ErrWrong
// for a wrong, spent or old one.
func (s *Service) CheckCode(c *Code, binding, text string) error {
	if c.Tries <= 0 || !s.now().Before(c.Expires) {
		return ErrWrong
	}
	c.Tries--
	text = strings.ReplaceAll(strings.TrimSpace(text), " ", "")
	if len(text) != codeDigits || !secret.Equal(c.Hash, s.codeHash(binding, text)) {
		return ErrWrong
	}
	c.Tries = 0
	return nil
}

// Resend returns how long to wait before another code may be sent, 0 if none.
func (s *Service) Resend(c Code) time.Duration {
	return max(0, c.Sent.Add(codeResend).Sub(s.now()))
}
