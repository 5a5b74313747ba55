package secret

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/secure/precis"
)

// MaxPassword is the length in bytes over which a password is refused before
// any work is done on it.
const MaxPassword = 1024

// The cost of argon2id: 19 MiB, two passes, one lane.
const (
	argonTime    = 2
	argonMemory  = 19 * 1024
	argonThreads = 1
	saltSize     = 16
	hashSize     = 32
)

// ErrPassword is what HashPassword answers for a text that cannot be a
// password: empty, too long, or with characters that PRECIS forbids.
var ErrPassword = errors.New("secret: not a usable password")

// slots bounds how many passwords are hashed at once, and so the memory.
var slots = make(chan struct{}, runtime.NumCPU())

// HashPassword returns the argon2id hash of a password in PHC form. It takes
// tens of milliseconds and may wait for its turn until ctx ends; call it outside
// of transactions.
func HashPassword(ctx context.Context, password string) (string, error) {
	plain, err := prepare(password)
	if err != nil {
		return "", err
	}
	salt := make([]byte, saltSize)
	rand.Read(salt) // never fails (crypto/rand)
	sum, err := argon(ctx, plain, salt, argonTime, argonMemory, argonThreads)
	if err != nil {
		return "", err
	}
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		argonMemory, argonTime, argonThreads, b64.EncodeToString(salt), b64.EncodeToString(sum)), nil
}

// CheckPassword reports whether password is the one that phc was made of. A
// hash that asks for more work than ours is refused, not computed.
func CheckPassword(ctx context.Context, phc, password string) (bool, error) {
	plain, err := prepare(password)
	if err != nil {
		return false, nil
	}
	part := strings.Split(phc, "$")
	if len(part) != 6 || part[1] != "argon2id" || part[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return false, errors.New("check password: the stored hash is of an unknown kind")
	}
	var m, t uint32
	var p uint8
	if _, err := fmt.Sscanf(part[3], "m=%d,t=%d,p=%d", &m, &t, &p); err != nil || m > 4*argonMemory || t < 1 || t > 8 || p < 1 || p > 4 {
		return false, errors.New("check password: the stored hash has unusable costs")
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(part[4])
	want, err2 := base64.RawStdEncoding.DecodeString(part[5])
	if err1 != nil || err2 != nil || len(want) != hashSize {
		return false, errors.New("check password: the stored hash is damaged")
	}
	got, err := argon(ctx, plain, salt, t, m, p)
	return err == nil && Equal(got, want), err
}

func argon(ctx context.Context, plain string, salt []byte, t, m uint32, p uint8) ([]byte, error) {
	select {
	case slots <- struct{}{}:
		defer func() { <-slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return argon2.IDKey([]byte(plain), salt, t, m, p, hashSize), nil
}

// prepare brings a password into the form that is hashed (RFC 7644 section 5,
// RFC 8265 section 4.2).
func prepare(password string) (string, error) {
	if password == "" || len(password) > MaxPassword {
		return "", ErrPassword
	}
	plain, err := precis.OpaqueString.String(password)
	if err != nil {
		return "", ErrPassword
	}
	return plain, nil
}
