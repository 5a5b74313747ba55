package signin

import (
	"slices"
	"strconv"

	"github.com/muster-id/muster/identity"
)

// The authentication context classes, in rising order. They are what the acr
// claim says; ACRValues lists the other names that apps may ask by. What was
// proved stands in amr (RFC 8176):
//
//	password                     pwd
//	passkey                      pop, user, mfa
//	code of an app, or recovery  otp
//	code by letter               otp
//	code by SMS                  otp, sms
//	two of them                  mfa besides
const (
	ACR1 = "urn:muster:acr:1" // one factor
	ACR2 = "urn:muster:acr:2" // two factors
	ACR3 = "urn:muster:acr:3" // a passkey with user verification: phishing-resistant
)

// aliases are other names of the levels: the numbers that many apps send, and
// "phr" of OpenID EAP. "0" is any session at all (OpenID Connect Core section 2).
var aliases = []struct {
	name  string
	level int
}{{ACR1, 1}, {ACR2, 2}, {ACR3, 3}, {"0", 0}, {"1", 1}, {"2", 2}, {"3", 3}, {"phr", 3}}

// ACRValues returns all names that can be asked for, for discovery.
func ACRValues() []string {
	var out []string
	for _, a := range aliases {
		out = append(out, a.name)
	}
	return out
}

// level returns the level of a name, -1 for one that is unknown.
func level(acr string) int {
	for _, a := range aliases {
		if a.name == acr {
			return a.level
		}
	}
	return -1
}

// wanted returns the least level that one of the names stands for, 0 if none is
// known.
func wanted(acr []string) int {
	least := -1
	for _, name := range acr {
		if l := level(name); l >= 0 && (least < 0 || l < least) {
			least = l
		}
	}
	return max(least, 0)
}

// acrOf returns the name of a level.
func acrOf(level int) string { return "urn:muster:acr:" + strconv.Itoa(level) }

// Meets reports whether a session is as good as one of the names asks for.
// Names that are unknown are met by none; without names every session will do.
func Meets(s identity.Session, acr []string) bool {
	have := level(s.ACR)
	return len(acr) == 0 || slices.ContainsFunc(acr, func(name string) bool {
		l := level(name)
		return l >= 0 && have >= l
	})
}

// ACRClaim returns the acr claim for a session: the first of the names asked for
// that the session meets, so that apps read the name they know; else its own.
func ACRClaim(s identity.Session, asked []string) string {
	for _, name := range asked {
		if Meets(s, []string{name}) {
			return name
		}
	}
	return s.ACR
}
