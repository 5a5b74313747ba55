package schema

import (
	"strings"
	"time"
)

// ParseTime reads an xsd:dateTime as clients send it: with an offset, "Z" or
// neither (taken as UTC), in either case, with any number of fraction digits,
// of which nine count. The result is in UTC. The error is an *Error with
// InvalidValue.
func ParseTime(s string) (time.Time, error) {
	p := timeParser{rest: s}
	year, month, day := p.digits(4), p.after('-', 2), p.after('-', 2)
	if p.bad || len(p.rest) == 0 || p.rest[0]|0x20 != 't' {
		return time.Time{}, badTime(s)
	}
	p.rest = p.rest[1:]
	hour, minute, second := p.digits(2), p.after(':', 2), p.after(':', 2)
	nanos, offset := p.fraction(), p.offset()
	endOfDay := hour == 24 && minute == 0 && second == 0 && nanos == 0
	switch {
	case p.bad, p.rest != "",
		year == 0, month < 1, month > 12, day < 1, day > daysIn(year, month),
		hour > 23 && !endOfDay, minute > 59, second > 59:
		return time.Time{}, badTime(s)
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, nanos, time.UTC)
	t = t.Add(-time.Duration(offset) * time.Minute)
	if y := t.Year(); y < 1 || y > 9999 {
		return time.Time{}, badTime(s)
	}
	return t, nil
}

func badTime(s string) error {
	if len(s) > 64 {
		s = strings.ToValidUTF8(s[:64], "") + "..."
	}
	return Errorf(InvalidValue, "%q is not a dateTime such as \"2011-05-13T04:42:34Z\".", s)
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// A timeParser takes a dateTime apart from the left. After a mistake bad is set
// and the results mean nothing.
type timeParser struct {
	rest string
	bad  bool
}

// digits reads exactly n digits.
func (p *timeParser) digits(n int) int {
	if len(p.rest) < n {
		p.bad = true
		return 0
	}
	v := 0
	for i := range n {
		c := p.rest[i]
		if c < '0' || c > '9' {
			p.bad = true
			return 0
		}
		v = v*10 + int(c-'0')
	}
	p.rest = p.rest[n:]
	return v
}

// after reads the separator and n digits.
func (p *timeParser) after(sep byte, n int) int {
	if len(p.rest) == 0 || p.rest[0] != sep {
		p.bad = true
		return 0
	}
	p.rest = p.rest[1:]
	return p.digits(n)
}

// fraction reads "." and digits, if they are there, and returns nanoseconds.
func (p *timeParser) fraction() int {
	if len(p.rest) == 0 || p.rest[0] != '.' {
		return 0
	}
	n, nanos := 1, 0
	for ; n < len(p.rest) && p.rest[n] >= '0' && p.rest[n] <= '9'; n++ {
		if n <= 9 {
			nanos = nanos*10 + int(p.rest[n]-'0')
		}
	}
	if n == 1 {
		p.bad = true
	}
	for i := n; i <= 9; i++ {
		nanos *= 10
	}
	p.rest = p.rest[n:]
	return nanos
}

// offset reads the time zone, if it is there, and returns minutes.
func (p *timeParser) offset() int {
	if len(p.rest) == 0 {
		return 0
	}
	sign := 1
	switch p.rest[0] {
	case 'Z', 'z':
		p.rest = p.rest[1:]
		return 0
	case '+':
	case '-':
		sign = -1
	default:
		p.bad = true
		return 0
	}
	p.rest = p.rest[1:]
	hours, minutes := p.digits(2), p.after(':', 2)
	if minutes > 59 || hours*60+minutes > 14*60 {
		p.bad = true
	}
	return sign * (hours*60 + minutes)
}

// FormatTime writes an instant as the engine stores and sends it:
// "2011-05-13T04:42:34.000Z", in UTC, cut off after the milliseconds.
func FormatTime(t time.Time) string {
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

// formatExact is FormatTime for a client's own value: it keeps more digits if
// there are any, so that nothing that was sent is lost.
func formatExact(t time.Time) string {
	if t.Nanosecond()%int(time.Millisecond) == 0 {
		return FormatTime(t)
	}
	return t.UTC().Format(time.RFC3339Nano)
}
