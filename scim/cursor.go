package scim

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"time"

	"github.com/muster-id/muster/scim/schema"
)

// A cursor is a sealed position (RFC 9865). The key that seals it is derived
// from the client and the whole query, so a cursor opens for nothing else, and a
// forged one, another client's and one of another query cannot be told apart.
type cursorBox struct{ aead cipher.AEAD }

// cursorHead is expiry (seconds, 8 bytes) and count (4 bytes).
const cursorHead = 12

// maxCursor bounds what we try to open. A position may hold a value that is
// sorted by.
const maxCursor = 64 << 10

var (
	errCursor  = invalid(schema.InvalidCursor, "The cursor is not valid for this query.")
	errExpired = invalid(schema.ExpiredCursor, "The cursor has expired; start again with an empty one.")
	errCount   = invalid(schema.InvalidCount, "The count differs from that of the first page.")
)

func (s *Server) cursors(c *Client, q *listing) cursorBox {
	mac := hmac.New(sha256.New, s.opts.CursorKey[:])
	write := func(values ...string) {
		mac.Write(strconv.AppendInt(nil, int64(len(values)), 10))
		for _, v := range values {
			mac.Write(strconv.AppendInt([]byte{':'}, int64(len(v)), 10))
			mac.Write([]byte{':'})
			mac.Write([]byte(v))
		}
	}
	write(c.ID, q.filter, q.sortBy, strconv.FormatBool(q.desc))
	for _, rt := range q.types {
		write(rt.Name)
	}
	write(q.attributes...)
	write(q.excluded...)
	block, err := aes.NewCipher(mac.Sum(nil))
	if err != nil {
		panic(err) // a key of 32 bytes is always good
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err)
	}
	return cursorBox{aead}
}

func (b cursorBox) seal(position []byte, count int, expires time.Time) string {
	plain := make([]byte, cursorHead, cursorHead+len(position))
	binary.BigEndian.PutUint64(plain, uint64(expires.Unix()))
	binary.BigEndian.PutUint32(plain[8:], uint32(count))
	plain = append(plain, position...)
	return base64.RawURLEncoding.EncodeToString(b.aead.Seal(nil, nil, plain, nil))
}

func (b cursorBox) open(cursor string, count int, now time.Time) (position []byte, err error) {
	if len(cursor) > maxCursor {
		return nil, errCursor
	}
	sealed, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return nil, errCursor
	}
	plain, err := b.aead.Open(nil, nil, sealed, nil)
	if err != nil || len(plain) < cursorHead {
		return nil, errCursor
	}
	if now.Unix() >= int64(binary.BigEndian.Uint64(plain)) {
		return nil, errExpired
	}
	if uint32(count) != binary.BigEndian.Uint32(plain[8:]) {
		return nil, errCount
	}
	return plain[cursorHead:], nil
}
