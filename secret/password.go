package secret

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/secure/precis"
)

// MaxPassword is the length in bytes over which a password is refused before
// any work is done on it.
const MaxPassword = 1024

// The cost of argon2id: 19 MiB, two passes, one lane. See Cheaply.
var (
	argonTime   uint32 = 2
	argonMemory uint32 = 19 * 1024
)

const (
	argonThreads = 1
	saltSize     = 16
	hashSize     = 32
)

// ErrPassword is what HashPassword answers for a text that cannot be a
// password: empty, too long, or with characters that PRECIS forbids.
var ErrPassword = errors.New("secret: not a usable password")

// ErrBusy is the answer when too many passwords are being hashed already. The
// same request may succeed in a moment.
var ErrBusy = errors.New("secret: too many passwords are being checked at once")

// A gate bounds how many passwords are hashed at once, and so the memory, and
// how many wait for that and how long.
type gate struct {
	slots   chan struct{}
	queue   int64
	wait    time.Duration
	waiting atomic.Int64
}

func newGate(slots int, queue int64, wait time.Duration) *gate {
	return &gate{slots: make(chan struct{}, slots), queue: queue, wait: wait}
}

// hashing is the gate that all hashing goes through.
var hashing = newGate(runtime.NumCPU(), 64, 2*time.Second)

// do runs work when its turn comes; otherwise it returns ErrBusy or the error of
// ctx without having run it.
func (g *gate) do(ctx context.Context, work func()) error {
	if err := g.enter(ctx); err != nil {
		return err
	}
	defer func() { <-g.slots }()
	work()
	return nil
}

func (g *gate) enter(ctx context.Context) error {
	select {
	case g.slots <- struct{}{}:
		return nil
	default:
	}
	defer g.waiting.Add(-1)
	if g.waiting.Add(1) > g.queue {
		return ErrBusy
	}
	late := time.NewTimer(g.wait)
	defer late.Stop()
	select {
	case g.slots <- struct{}{}:
		return nil
	case <-late.C:
		return ErrBusy
	case <-ctx.Done():
		return ctx.Err()
	}
}

// phcPrefix starts what HashPassword returns.
var phcPrefix = prefix()

func prefix() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$", argon2.Version, argonMemory, argonTime, argonThreads)
}

// Cheaply makes the hashes of this process cost next to nothing, until restore;
// they then protect nothing. It is for tests of what is behind a password and
// called while nothing is hashed; a rule keeps everything else from calling it.
func Cheaply() (restore func()) {
	time, memory := argonTime, argonMemory
	set := func(t, m uint32) {
		argonTime, argonMemory = t, m
		phcPrefix = prefix()
	}
	set(1, 8)
	return func() { set(time, memory) }
}

// HashPassword returns the argon2id hash of a password in PHC form. It takes
// tens of milliseconds; call it outside of transactions. It waits for its turn,
// but not long and not in a long queue: then it is ErrBusy.
func HashPassword(ctx context.Context, password string) (string, error) {
	plain, err := prepare(password)
	if err != nil {
		return "", err
	}
	salt := make([]byte, saltSize)
	rand.Read(salt) // never fails (crypto/rand)
	var sum []byte
	err = hashing.do(ctx, func() {
		sum = argon2.IDKey([]byte(plain), salt, argonTime, argonMemory, argonThreads, hashSize)
	})
	if err != nil {
		return "", err
	}
	b64 := base64.RawStdEncoding
	return phcPrefix + b64.EncodeToString(salt) + "$" + b64.EncodeToString(sum), nil
}

// Nobody returns a hash that no password has. Checking against it takes as long
// as against that of somebody.
func Nobody() string {
	b64 := base64.RawStdEncoding
	return phcPrefix + b64.EncodeToString(make([]byte, saltSize)) + "$" + b64.EncodeToString(make([]byte, hashSize))
}

// CheckPassword reports whether password is the one that a hash was made of, by
// HashPassword or by another system (see CheckImport). A hash that asks for too
// much work is refused, not computed. It is ErrBusy as HashPassword is.
func CheckPassword(ctx context.Context, phc, password string) (bool, error) {
	if password == "" || len(password) > MaxPassword {
		return false, nil
	}
	h, err := parseHash(phc)
	if err != nil {
		return false, fmt.Errorf("check password: %w", err)
	}
	// Ours are made of the prepared form, those of others of what was typed.
	var tries []string
	if plain, err := prepare(password); err == nil {
		tries = append(tries, plain)
	}
	if h.foreign && (len(tries) == 0 || tries[0] != password) {
		tries = append(tries, password)
	}
	same := false
	for _, plain := range tries {
		err := hashing.do(ctx, func() { same = h.check([]byte(plain)) })
		if same || err != nil {
			return same, err
		}
	}
	return false, nil
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
