package store

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store/find"
)

// A scanner reads the columns of a row from left to right.
type scanner struct {
	rows Rows
	col  int
}

func scan(r Rows) *scanner { return &scanner{rows: r} }

func (s *scanner) int() int64 {
	s.col++
	return s.rows.Int(s.col - 1)
}

func (s *scanner) bool() bool { return s.int() != 0 }

func (s *scanner) view() []byte {
	s.col++
	return s.rows.Bytes(s.col - 1)
}

func (s *scanner) bytes() []byte { return bytes.Clone(s.view()) }
func (s *scanner) text() string  { return string(s.view()) }

func (s *scanner) id() (id identity.ID) {
	copy(id[:], s.view())
	return id
}

func (s *scanner) org() (id identity.OrgID) {
	copy(id[:], s.view())
	return id
}

// time reads milliseconds; 0 is the zero time.
func (s *scanner) time() time.Time {
	ms := s.int()
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// millis is the form in which times are stored.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// clean removes the one character that PostgreSQL cannot keep in a text.
func clean(s string) string { return find.Clean(s) }

// nullable stores an empty text as NULL.
func nullable(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// nullableID stores a zero id as NULL.
func nullableID(id identity.ID) any {
	if id.IsZero() {
		return nil
	}
	return id
}

func number(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// maxList is how many values a list of parameters holds.
const maxList = 256

// chunks calls fn with parts of list of at most maxList.
func chunks[T any](list []T, fn func([]T) error) error {
	for len(list) > 0 {
		n := min(len(list), maxList)
		if err := fn(list[:n]); err != nil {
			return err
		}
		list = list[n:]
	}
	return nil
}

// listParams returns "$first, $first+1, ..." for a list, padded to a power of
// four by repeating the last value so that few different statements arise.
func listParams[T any](first int, list []T) (string, []any) {
	n := 1
	for n < len(list) {
		n *= 4
	}
	args := make([]any, n)
	for i := range args {
		args[i] = list[min(i, len(list)-1)]
	}
	return params(first, n), args
}

func params(first, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		writeParam(&b, first+i)
	}
	return b.String()
}

func writeParam(b *strings.Builder, n int) {
	b.WriteByte('$')
	b.WriteString(strconv.Itoa(n))
}

// words reads a list of words without spaces.
func (s *scanner) words() []string { return strings.Fields(s.text()) }
