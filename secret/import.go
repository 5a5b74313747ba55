package secret

import (
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"hash"
	"strconv"
	"strings"

	"github.com/go-crypt/crypt/algorithm/shacrypt"
	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
	"golang.org/x/crypto/scrypt"
)

// ErrHashKind is what CheckImport answers for a text that is no hash of a kind
// that can be checked: argon2id, argon2i, bcrypt, scrypt, PBKDF2 (also as Django
// writes it), SSHA, SSHA256, SSHA512 and the SHA-256 and SHA-512 kinds of
// crypt(3).
var ErrHashKind = errors.New("secret: the hash is of an unknown kind or damaged")

// ErrHashCost is what CheckImport answers for a hash against which checking a
// password would take too long or too much memory.
var ErrHashCost = errors.New("secret: checking a password against the hash would cost too much")

// What checking a hash may cost: about half a second, and 128 MiB.
const (
	maxHash        = 1024 // bytes of the text
	maxArgonMemory = 76 * 1024
	maxArgonTime   = 8
	maxArgonLanes  = 8
	maxBcrypt      = 13
	maxScrypt      = 128 << 20 // bytes: 128·N·r
	maxScryptLanes = 4
	maxPBKDF2      = 2_000_000
	maxSHACrypt    = 1_000_000
	minSum         = 16 // bytes of a hash worth checking
	maxSum         = 128
)

// A hashed is a hash that can be checked at a bounded cost.
type hashed struct {
	foreign bool // not made by HashPassword
	check   func(plain []byte) bool
}

// CheckImport reports why a hash of another system cannot be taken over, or nil:
// ErrHashKind or ErrHashCost.
func CheckImport(encoded string) error {
	_, err := parseHash(encoded)
	return err
}

// NeedsRehash reports whether a stored hash is not what HashPassword makes now.
func NeedsRehash(phc string) bool { return !strings.HasPrefix(phc, phcPrefix) }

// parseHash reads a hash and bounds its cost before anything is computed.
func parseHash(text string) (hashed, error) {
	if len(text) > maxHash {
		return hashed{}, ErrHashKind
	}
	text, label := unwrap(text)
	if label != "" {
		return parseSSHA(label, text)
	}
	if rest, ok := strings.CutPrefix(text, "pbkdf2_sha256$"); ok {
		return parseDjango(rest, sha256.New)
	}
	if rest, ok := strings.CutPrefix(text, "pbkdf2_sha1$"); ok {
		return parseDjango(rest, sha1.New)
	}
	part := strings.Split(text, "$")
	if len(part) < 4 || part[0] != "" {
		return hashed{}, ErrHashKind
	}
	switch kind := part[1]; kind {
	case "argon2id", "argon2i":
		return parseArgon(text, part)
	case "2a", "2b", "2y":
		return parseBcrypt(text)
	case "scrypt":
		return parseScrypt(part)
	case "pbkdf2", "pbkdf2-sha1", "pbkdf2-sha256", "pbkdf2-sha512":
		return parsePBKDF2(part)
	case "5", "6":
		return parseSHACrypt(text, part)
	}
	return hashed{}, ErrHashKind
}

// unwrap takes off the label in braces that LDAP and others put before a hash. It
// returns the label, in capitals, where it says the kind.
func unwrap(text string) (rest, label string) {
	if !strings.HasPrefix(text, "{") {
		return text, ""
	}
	label, rest, ok := strings.Cut(text[1:], "}")
	if !ok {
		return text, ""
	}
	switch label = strings.ToUpper(label); label {
	case "CRYPT", "BCRYPT", "BLF-CRYPT", "ARGON2", "ARGON2ID", "ARGON2I", "SHA256-CRYPT", "SHA512-CRYPT", "SCRYPT":
		return rest, ""
	}
	return rest, label
}

// sums are the hash functions by the name that labels and identifiers end in.
var sums = map[string]func() hash.Hash{"": sha1.New, "SHA1": sha1.New, "256": sha256.New, "SHA256": sha256.New, "512": sha512.New, "SHA512": sha512.New}

// parseSSHA reads {SSHA...}base64(hash + salt).
func parseSSHA(label, text string) (hashed, error) {
	bits, ok := strings.CutPrefix(label, "SSHA")
	make, known := sums[bits]
	if !ok || !known {
		return hashed{}, ErrHashKind
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	size := make().Size()
	if err != nil || len(raw) < size+4 || len(raw) > size+64 {
		return hashed{}, ErrHashKind
	}
	return hashed{foreign: true, check: func(plain []byte) bool {
		h := make()
		h.Write(plain)
		h.Write(raw[size:])
		return Equal(h.Sum(nil), raw[:size])
	}}, nil
}

// params reads "m=1,t=2,p=3" with exactly those keys in any order.
func params(text string, keys ...string) ([]uint64, error) {
	fields := strings.Split(text, ",")
	if len(fields) != len(keys) {
		return nil, ErrHashKind
	}
	out := make([]uint64, len(keys))
	for i, key := range keys {
		found := false
		for _, f := range fields {
			value, ok := strings.CutPrefix(f, key+"=")
			if !ok {
				continue
			}
			n, err := count(value)
			if err != nil {
				return nil, err
			}
			out[i], found = n, true
		}
		if !found {
			return nil, ErrHashKind
		}
	}
	return out, nil
}

// count reads a number; one that does not fit is a cost.
func count(text string) (uint64, error) {
	n, err := strconv.ParseUint(text, 10, 32)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return 0, ErrHashCost
	case err != nil:
		return 0, ErrHashKind
	}
	return n, nil
}

// saltAndSum decodes the last two parts of a hash.
func saltAndSum(enc *base64.Encoding, salt, sum string) ([]byte, []byte, error) {
	s, err1 := enc.DecodeString(salt)
	h, err2 := enc.DecodeString(sum)
	if err1 != nil || err2 != nil || len(h) < minSum || len(h) > maxSum {
		return nil, nil, ErrHashKind
	}
	return s, h, nil
}

func parseArgon(text string, part []string) (hashed, error) {
	if len(part) != 6 || part[2] != "v="+strconv.Itoa(argon2.Version) {
		return hashed{}, ErrHashKind
	}
	n, err := params(part[3], "m", "t", "p")
	if err != nil {
		return hashed{}, err
	}
	m, t, p := n[0], n[1], n[2]
	if m > maxArgonMemory || t > maxArgonTime || p > maxArgonLanes {
		return hashed{}, ErrHashCost
	}
	salt, want, err := saltAndSum(base64.RawStdEncoding, part[4], part[5])
	if err != nil || t < 1 || p < 1 {
		return hashed{}, ErrHashKind
	}
	derive := argon2.IDKey
	if part[1] == "argon2i" {
		derive = argon2.Key
	}
	return hashed{foreign: NeedsRehash(text), check: func(plain []byte) bool {
		return Equal(derive(plain, salt, uint32(t), uint32(m), uint8(p), uint32(len(want))), want)
	}}, nil
}

func parseBcrypt(text string) (hashed, error) {
	cost, err := bcrypt.Cost([]byte(text))
	// A hash of an impossible cost, such as 99, asks for too much work as well.
	if len(text) == 60 && len(text) > 6 && text[4:6] > strconv.Itoa(maxBcrypt) {
		return hashed{}, ErrHashCost
	}
	if err != nil || len(text) != 60 {
		return hashed{}, ErrHashKind
	}
	if cost > maxBcrypt {
		return hashed{}, ErrHashCost
	}
	return hashed{foreign: true, check: func(plain []byte) bool {
		// bcrypt knows the first 72 bytes only; those who made the hash did as well.
		return bcrypt.CompareHashAndPassword([]byte(text), plain[:min(len(plain), 72)]) == nil
	}}, nil
}

func parseScrypt(part []string) (hashed, error) {
	if len(part) != 5 {
		return hashed{}, ErrHashKind
	}
	n, err := params(part[2], "ln", "r", "p")
	if err != nil {
		return hashed{}, err
	}
	ln, r, p := n[0], n[1], n[2]
	if ln > 24 || r > 64 || p > maxScryptLanes || 128*r<<ln > maxScrypt {
		return hashed{}, ErrHashCost
	}
	salt, want, err := saltAndSum(base64.RawStdEncoding, part[3], part[4])
	if err != nil || ln < 1 || r < 1 || p < 1 {
		return hashed{}, ErrHashKind
	}
	return hashed{foreign: true, check: func(plain []byte) bool {
		got, err := scrypt.Key(plain, salt, 1<<ln, int(r), int(p), len(want))
		return err == nil && Equal(got, want)
	}}, nil
}

// adapted is base64 with "." for "+" and without padding.
var adapted = base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789./").WithPadding(base64.NoPadding)

// parsePBKDF2 reads $pbkdf2-sha256$rounds$salt$hash.
func parsePBKDF2(part []string) (hashed, error) {
	if len(part) != 5 {
		return hashed{}, ErrHashKind
	}
	salt, want, err := saltAndSum(adapted, part[3], part[4])
	if err != nil {
		return hashed{}, err
	}
	_, name, _ := strings.Cut(strings.ToUpper(part[1]), "-")
	return derived(sums[name], part[2], salt, want)
}

// parseDjango reads what follows "pbkdf2_sha256$": rounds$salt$hash.
func parseDjango(rest string, make func() hash.Hash) (hashed, error) {
	part := strings.Split(rest, "$")
	if len(part) != 3 {
		return hashed{}, ErrHashKind
	}
	want, err := base64.StdEncoding.DecodeString(part[2])
	if err != nil || len(want) < minSum || len(want) > maxSum {
		return hashed{}, ErrHashKind
	}
	return derived(make, part[0], []byte(part[1]), want)
}

func derived(make func() hash.Hash, rounds string, salt, want []byte) (hashed, error) {
	n, err := count(rounds)
	switch {
	case err != nil:
		return hashed{}, err
	case n > maxPBKDF2:
		return hashed{}, ErrHashCost
	case n < 1:
		return hashed{}, ErrHashKind
	}
	return hashed{foreign: true, check: func(plain []byte) bool {
		got, err := pbkdf2.Key(make, string(plain), salt, int(n), len(want))
		return err == nil && Equal(got, want)
	}}, nil
}

// parseSHACrypt reads $5$ and $6$ of crypt(3), with or without rounds.
func parseSHACrypt(text string, part []string) (hashed, error) {
	if rounds, ok := strings.CutPrefix(part[2], "rounds="); ok {
		n, err := count(rounds)
		switch {
		case err != nil:
			return hashed{}, err
		case n > maxSHACrypt:
			return hashed{}, ErrHashCost
		case n < 1000 || len(part) != 5:
			return hashed{}, ErrHashKind
		}
	} else if len(part) != 4 {
		return hashed{}, ErrHashKind
	}
	d, err := shacrypt.Decode(text)
	if err != nil || len(d.Salt()) > 16 {
		return hashed{}, ErrHashKind
	}
	return hashed{foreign: true, check: d.MatchBytes}, nil
}
