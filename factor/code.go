package factor

import (
	"time"
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
func (s *Service) NewCode(binding string) (text string, c Code) { panic("unfinished") }

// CheckCode checks a code and spends a try, or all of them when it is right:
// store c, by compare-and-set, before you believe the answer. It returns ErrWrong
// for a wrong, spent or old one.
func (s *Service) CheckCode(c *Code, binding, text string) error { panic("unfinished") }

// Resend returns how long to wait before another code may be sent, 0 if none.
func (s *Service) Resend(c Code) time.Duration { panic("unfinished") }
