package app

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/muster-id/muster/identity"
)

// maxURI is the length in bytes of the URIs in settings.
const maxURI = 2048

// RedirectMatches reports whether got is one of the registered URIs: byte for
// byte, except that the port of http://127.0.0.1 and http://[::1] is free
// (RFC 8252 section 7.3); only native apps can register those. A URI that could
// not be registered matches nothing.
func RedirectMatches(registered []string, got string) bool {
	if _, bad := parseURI(got); bad != "" {
		return false
	}
	if slices.Contains(registered, got) {
		return true
	}
	host, rest, ok := loopback(got)
	if !ok {
		return false
	}
	return slices.ContainsFunc(registered, func(r string) bool {
		h, p, ok := loopback(r)
		return ok && h == host && p == rest
	})
}

// loopback takes a redirect to a loopback address apart: its host, and what
// comes after the port.
func loopback(uri string) (host, rest string, ok bool) {
	for _, host = range []string{"http://127.0.0.1", "http://[::1]"} {
		if rest, ok = strings.CutPrefix(uri, host); ok {
			break
		}
	}
	if !ok {
		return "", "", false
	}
	if port, ok := strings.CutPrefix(rest, ":"); ok {
		rest = strings.TrimLeft(port, "0123456789")
		if !validPort(port[:len(port)-len(rest)]) {
			return "", "", false
		}
	}
	return host, rest, rest == "" || rest[0] == '/' || rest[0] == '?'
}

func validPort(s string) bool {
	n := 0
	for _, c := range []byte(s) {
		if c < '0' || c > '9' || len(s) > 5 {
			return false
		}
		n = n*10 + int(c-'0')
	}
	return n >= 1 && n <= 65535 && s[0] != '0'
}

// parseURI reads an absolute URI in a form that no two parsers read differently.
// bad says what is wrong with it, "" if nothing is.
func parseURI(s string) (u *url.URL, bad string) {
	if s == "" || len(s) > maxURI {
		return nil, "it has 1 to 2048 characters"
	}
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7F || strings.IndexByte("\"<>\\^`{|}", c) >= 0 {
			return nil, "it has characters that no URI has"
		}
	}
	if strings.Contains(s, "#") {
		return nil, "it has a fragment"
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Scheme == "":
		return nil, "it is not an absolute URI"
	case u.User != nil:
		return nil, "it names a user"
	case u.Opaque != "":
		return nil, "it has nothing like a path"
	case !strings.HasPrefix(s, u.Scheme+":"):
		return nil, "its scheme is not in lower case"
	case u.Host != "" && !validHost(u):
		return nil, "its host is not written plainly"
	case dotted(u.Path):
		return nil, "its path has parts that lead upwards"
	}
	return u, ""
}

// validHost reports whether a host is a name or an address in its usual form.
func validHost(u *url.URL) bool {
	host, port := u.Hostname(), u.Port()
	if strings.HasSuffix(u.Host, ":") || port != "" && !validPort(port) {
		return false
	}
	if strings.HasPrefix(u.Host, "[") {
		a, err := netip.ParseAddr(host)
		return err == nil && a.Is6() && a.Zone() == ""
	}
	if len(host) > 253 {
		return false
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, c := range []byte(label) {
			if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
				return false
			}
		}
	}
	return true
}

// dotted reports whether a path, its escapes resolved, has a segment that some
// servers take for a step up or for none at all, or characters that none may see.
func dotted(path string) bool {
	for s := range strings.SplitSeq(path, "/") {
		name, _, _ := strings.Cut(s, ";")
		if name == "." || name == ".." {
			return true
		}
	}
	return strings.ContainsFunc(path, func(c rune) bool { return c == '\\' || c < ' ' || c == 0x7F })
}

// A place says what kind of URI a setting holds.
type place int

const (
	securePlace   place = iota // https
	pagePlace                  // http or https: shown to people as a link
	redirectPlace              // where browsers are sent with an answer
)

// checkURI says what is wrong with a URI for a kind of app, "" if nothing is.
func checkURI(s string, where place, typ identity.AppType) string {
	u, bad := parseURI(s)
	switch {
	case bad != "":
		return bad
	case u.Scheme == "https" && u.Host != "":
		return ""
	case where == pagePlace && u.Scheme == "http" && u.Host != "":
		return ""
	case where != redirectPlace:
		return "it does not begin with https://"
	}
	if typ != identity.NativeApp {
		if u.Scheme == "http" && u.Hostname() == "localhost" && (typ == identity.WebApp || typ == identity.SPA) {
			return ""
		}
		return "it does not begin with https://; http is for localhost alone"
	}
	if u.Scheme == "http" {
		if _, _, ok := loopback(s); ok {
			return ""
		}
		return "http is for 127.0.0.1 and [::1] alone"
	}
	if !strings.Contains(u.Scheme, ".") || strings.HasSuffix(u.Scheme, ".") {
		return "a scheme of an app's own is a domain name backwards, com.example.app"
	}
	return ""
}

// checkOrigin says what is wrong with an origin that may call us from a browser.
func checkOrigin(s string) string {
	u, bad := parseURI(s)
	switch {
	case bad != "":
		return bad
	case u.Scheme != "https" && (u.Scheme != "http" || u.Hostname() != "localhost"):
		return "it does not begin with https://; http is for localhost alone"
	case s != u.Scheme+"://"+strings.ToLower(u.Host):
		return "an origin is a scheme, a host in lower case and perhaps a port, nothing more"
	case u.Scheme == "https" && u.Port() == "443" || u.Scheme == "http" && u.Port() == "80":
		return "an origin does not name the usual port"
	}
	return ""
}
