package secret

import (
	"crypto/rand"
	"hash/crc32"
	"math/big"
	"strings"
)

// TokenPrefix starts every token, so that a scanner of source code can find one
// that was checked in by mistake.
const TokenPrefix = "muster_"

const (
	digits     = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	randomLen  = 43 // 256 bits in base 62
	checkLen   = 6  // 32 bits in base 62
	payloadLen = randomLen + checkLen
)

// NewToken makes a bearer token "prefix_" + 256 random bits + checksum. prefix
// starts with TokenPrefix and says what the token opens, "muster_scim".
func NewToken(prefix string) string {
	var raw [32]byte
	rand.Read(raw[:]) // never fails (crypto/rand)
	body := base62(new(big.Int).SetBytes(raw[:]), randomLen)
	return prefix + "_" + body + checksum(prefix+"_"+body)
}

// LooksLikeToken reports whether s has the shape and the checksum of a token:
// whether it is worth asking the database about, or reporting as a leak.
func LooksLikeToken(s string) bool {
	if !strings.HasPrefix(s, TokenPrefix) || len(s) > 128 {
		return false
	}
	cut := strings.LastIndexByte(s, '_') + 1
	if len(s)-cut != payloadLen || cut <= len(TokenPrefix) {
		return false
	}
	return s[len(s)-checkLen:] == checksum(s[:len(s)-checkLen])
}

func checksum(s string) string {
	return base62(new(big.Int).SetUint64(uint64(crc32.ChecksumIEEE([]byte(s)))), checkLen)
}

// base62 writes n with exactly width digits.
func base62(n *big.Int, width int) string {
	text := make([]byte, width)
	base, rest := big.NewInt(int64(len(digits))), new(big.Int)
	for i := width - 1; i >= 0; i-- {
		n.DivMod(n, base, rest)
		text[i] = digits[rest.Int64()]
	}
	return string(text)
}
