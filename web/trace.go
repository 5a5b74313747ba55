package web

import "encoding/hex"

// A Trace is the position in a distributed trace that a caller sent along in
// the traceparent header (W3C Trace Context). The zero Trace is none.
type Trace struct {
	ID      [16]byte
	Span    [8]byte
	Sampled bool
}

// IsZero reports whether the caller sent no trace along.
func (t Trace) IsZero() bool { return t.ID == [16]byte{} }

// String returns the trace id in hexadecimal, as log lines show it.
func (t Trace) String() string { return hex.EncodeToString(t.ID[:]) }

// ParseTraceparent reads the value of a traceparent header. Whatever is not
// well formed gives ok false and is to be ignored, as the recommendation asks
// (section 3.2.2): version ff, zero ids, upper case, and a version 00 with
// anything after the flags.
func ParseTraceparent(s string) (t Trace, ok bool) {
	if len(s) < 55 || s[2] != '-' || s[35] != '-' || s[52] != '-' {
		return Trace{}, false
	}
	version, ok := lowerHex(s[:2])
	if !ok || version[0] == 0xff {
		return Trace{}, false
	}
	if len(s) > 55 && (version[0] == 0 || s[55] != '-') {
		return Trace{}, false
	}
	id, ok1 := lowerHex(s[3:35])
	span, ok2 := lowerHex(s[36:52])
	flags, ok3 := lowerHex(s[53:55])
	if !ok1 || !ok2 || !ok3 {
		return Trace{}, false
	}
	copy(t.ID[:], id[:])
	copy(t.Span[:], span[:])
	t.Sampled = flags[0]&1 == 1
	if t.ID == [16]byte{} || t.Span == [8]byte{} {
		return Trace{}, false
	}
	return t, true
}

// lowerHex decodes at most 32 lower-case hexadecimal digits.
func lowerHex(s string) (b [16]byte, ok bool) {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return b, false
		}
	}
	_, err := hex.Decode(b[:], []byte(s))
	return b, err == nil
}
