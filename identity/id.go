// Package identity is the vocabulary of Muster: the nouns that every floor
// speaks of, the ids that name them, and the one error that a caller may see.
package identity

import (
	"encoding/hex"
	"errors"
	"strings"

	"github.com/google/uuid"
)

// An ID names a stored thing: a UUIDv7, so that ids of one kind sort by the
// time they were made.
type ID [16]byte

// An OrgID names an organisation. Every stored thing belongs to one.
type OrgID [16]byte

// NewID makes an ID.
func NewID() ID { return ID(uuid.Must(uuid.NewV7())) }

// NewOrgID makes an OrgID.
func NewOrgID() OrgID { return OrgID(uuid.Must(uuid.NewV7())) }

// ParseID reads what String writes. ok is false for anything else, also for
// capital letters: ids are told apart by case (RFC 7643 section 3.1), and such
// an id names nothing.
func ParseID(s string) (id ID, ok bool) {
	if strings.ContainsAny(s, "ABCDEF") {
		return id, false
	}
	b, ok := parse(s)
	return ID(b), ok
}

// ParseOrgID reads the 36-character form in any case.
func ParseOrgID(s string) (id OrgID, ok bool) {
	b, ok := parse(s)
	return OrgID(b), ok
}

func (id ID) String() string    { return text(id) }
func (id OrgID) String() string { return text(id) }

// IsZero reports whether id names nothing.
func (id ID) IsZero() bool { return id == ID{} }

// IsZero reports whether id names nothing.
func (id OrgID) IsZero() bool { return id == OrgID{} }

func text(b [16]byte) string {
	var s [36]byte
	hex.Encode(s[0:8], b[0:4])
	hex.Encode(s[9:13], b[4:6])
	hex.Encode(s[14:18], b[6:8])
	hex.Encode(s[19:23], b[8:10])
	hex.Encode(s[24:36], b[10:16])
	s[8], s[13], s[18], s[23] = '-', '-', '-', '-'
	return string(s[:])
}

func parse(s string) (b [16]byte, ok bool) {
	if len(s) != 36 {
		return b, false
	}
	u, err := uuid.Parse(s)
	return u, err == nil
}

// MarshalText writes the id as String does.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (id *ID) UnmarshalText(text []byte) error {
	got, ok := ParseID(string(text))
	if !ok {
		return errors.New("not an id")
	}
	*id = got
	return nil
}

// MarshalText writes the id as String does.
func (id OrgID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (id *OrgID) UnmarshalText(text []byte) error {
	got, ok := ParseOrgID(string(text))
	if !ok {
		return errors.New("not an id of an organisation")
	}
	*id = got
	return nil
}
