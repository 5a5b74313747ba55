// Package secret keeps the master key of an installation and everything that
// follows from it: derived keys, sealed values, keyed hashes, bearer tokens and
// password hashes. Nothing here is ever written to a log.
package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
)

// MasterSize is the length of a master key in bytes.
const MasterSize = 32

// Keys derives every key of an installation from its master key. It is safe
// for use by many goroutines at once.
type Keys struct {
	master [MasterSize]byte
}

// ErrSealed is what Open answers for a value that was not sealed with these
// keys for that purpose, or was changed since.
var ErrSealed = errors.New("secret: the value was not sealed with this key")

// FromBytes makes Keys of a master key that the caller keeps, for tests and for
// keys that come from a vault.
func FromBytes(master []byte) (*Keys, error) {
	if len(master) != MasterSize {
		return nil, fmt.Errorf("secret: a master key has %d bytes, this one has %d", MasterSize, len(master))
	}
	if subtle.ConstantTimeCompare(master, make([]byte, MasterSize)) == 1 {
		return nil, errors.New("secret: the master key is all zeros")
	}
	k := &Keys{}
	copy(k.master[:], master)
	return k, nil
}

// Derive returns the key for one purpose. The same purpose always gives the
// same key; different purposes give keys that tell nothing of one another.
func (k *Keys) Derive(purpose string) [32]byte {
	key, err := hkdf.Key(sha256.New, k.master[:], nil, "muster "+purpose, 32)
	if err != nil {
		panic("secret: derive: " + err.Error()) // only for lengths that HKDF cannot give
	}
	return [32]byte(key)
}

// MAC returns the keyed hash of data, 32 bytes, under which a secret may be
// stored and looked up.
func (k *Keys) MAC(purpose string, data []byte) []byte {
	key := k.Derive("mac " + purpose)
	return MAC(key, data)
}

// MAC is HMAC-SHA256, for callers that keep a derived key at hand.
func MAC(key [32]byte, data []byte) []byte {
	h := hmac.New(sha256.New, key[:])
	h.Write(data)
	return h.Sum(nil)
}

// Equal compares two secrets in a time that does not depend on where they
// differ.
func Equal(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }

// Fingerprint names the master key without telling anything of it. A database
// that remembers it recognises a wrong key at start.
func (k *Keys) Fingerprint() string {
	return hex.EncodeToString(k.MAC("fingerprint", []byte("muster"))[:16])
}

// Seal encrypts plain so that only Open with the same purpose reads it back.
// Sealing a value twice gives two different results.
func (k *Keys) Seal(purpose string, plain []byte) []byte {
	aead := k.aead(purpose)
	nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+len(plain)+aead.Overhead())
	rand.Read(nonce) // never fails (crypto/rand)
	return aead.Seal(nonce, nonce, plain, nil)
}

// Open reads what Seal wrote. It answers ErrSealed for anything else.
func (k *Keys) Open(purpose string, sealed []byte) ([]byte, error) {
	aead := k.aead(purpose)
	n := aead.NonceSize()
	if len(sealed) < n {
		return nil, ErrSealed
	}
	plain, err := aead.Open(nil, sealed[:n], sealed[n:], nil)
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}

func (k *Keys) aead(purpose string) cipher.AEAD {
	key := k.Derive("seal " + purpose)
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic("secret: " + err.Error()) // only for a wrong key length
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic("secret: " + err.Error()) // only for a wrong block size
	}
	return aead
}

// String keeps the master key out of logs.
func (k *Keys) String() string { return "secret.Keys" }

// GoString keeps the master key out of logs.
func (k *Keys) GoString() string { return "secret.Keys" }
