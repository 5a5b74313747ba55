package scim

import (
	"net/http"
	"strconv"
	"strings"
)

// etag is the entity tag of a version; the same for every projection of it,
// hence weak (RFC 7644 section 3.14).
func etag(version int64) string { return string(appendETag(nil, version)) }

func appendETag(dst []byte, version int64) []byte {
	dst = append(dst, `W/"`...)
	dst = strconv.AppendInt(dst, version, 10)
	return append(dst, '"')
}

// tags is the value of If-Match or If-None-Match.
type tags struct {
	any  bool
	list []string // without the W/, with the quotes
}

// parseTags reads a list of entity tags. What is not one matches nothing.
func parseTags(s string) tags {
	var t tags
	for {
		s = strings.TrimLeft(s, ", \t")
		switch {
		case s == "":
			return t
		case s[0] == '*':
			t.any = true
			s = s[1:]
			continue
		}
		s = strings.TrimPrefix(s, "W/")
		end := 0
		if s != "" && s[0] == '"' {
			end = strings.IndexByte(s[1:], '"') + 2
		}
		if end < 2 { // no quoted tag: skip to the next one
			i := strings.IndexByte(s, ',')
			if i < 0 {
				return t
			}
			s = s[i:]
			continue
		}
		t.list = append(t.list, s[:end])
		s = s[end:]
	}
}

func (t tags) match(version int64) bool {
	if t.any {
		return true
	}
	tag := etag(version)[len("W/"):]
	for _, x := range t.list {
		if x == tag {
			return true
		}
	}
	return false
}

// condition returns the check that If-Match and If-None-Match ask for before a
// write, nil for none.
func condition(match, none string) func(version int64) bool {
	if match == "" && none == "" {
		return nil
	}
	m, n := parseTags(match), parseTags(none)
	return func(v int64) bool {
		return (match == "" || m.match(v)) && (none == "" || !n.match(v))
	}
}

// header joins the lines of a header field.
func header(h http.Header, name string) string { return strings.Join(h[name], ",") }
