package outbound

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A site is an HTTPS server on a loopback address that counts its requests.
type site struct {
	*httptest.Server
	hits atomic.Int64
	cas  *x509.CertPool
}

func newSite(t *testing.T, h http.HandlerFunc) *site {
	t.Helper()
	s := &site{cas: x509.NewCertPool()}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.hits.Add(1)
		h(w, r)
	}))
	s.Config.ErrorLog = nil
	s.StartTLS()
	t.Cleanup(s.Close)
	s.cas.AddCert(s.Certificate())
	return s
}

func (s *site) port() string {
	u, _ := url.Parse(s.URL)
	return u.Port()
}

func hello(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_, _ = io.WriteString(w, `{"hello":"world"}`)
}

// wantRefused fails the test unless err is a refusal by our own rules.
func wantRefused(t *testing.T, what string, err error) {
	t.Helper()
	if e, ok := errors.AsType[*Error](err); !ok || !e.Refused {
		t.Errorf("%s: error %v, want a refusal", what, err)
	}
}

func TestGet(t *testing.T) {
	s := newSite(t, hello)
	c := New(Options{AllowPrivate: true, CAs: s.cas})
	body, header, err := c.Get(t.Context(), s.URL+"/x#part", 64, "application/json")
	if err != nil || string(body) != `{"hello":"world"}` || header.Get("Content-Type") == "" {
		t.Errorf("Get = %q, %v, %v", body, header, err)
	}
	for phrase, o := range map[string]Options{
		"a prefix that is allowed": {CAs: s.cas, Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}},
		"a name that leads there": {CAs: s.cas, Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")},
			Resolve: func(context.Context, string) ([]netip.Addr, error) {
				return []netip.Addr{netip.MustParseAddr("::ffff:127.0.0.1")}, nil
			}},
	} {
		if _, _, err := New(o).Get(t.Context(), "https://example.com:"+s.port(), 64); o.Resolve != nil && err != nil {
			t.Errorf("%s: %v", phrase, err)
		}
		if _, _, err := New(o).Get(t.Context(), s.URL, 64); err != nil {
			t.Errorf("%s: %v", phrase, err)
		}
	}
}

func TestPost(t *testing.T) {
	var got string
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got = r.Header.Get("Content-Type") + " " + string(b) + r.Header.Get("Cookie")
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
		w.WriteHeader(http.StatusTeapot)
	})
	c := New(Options{AllowPrivate: true, CAs: s.cas})
	for range 2 {
		status, err := c.Post(t.Context(), s.URL, http.Header{"Content-Type": {"text/plain"}}, []byte("hi"))
		if err != nil || status != http.StatusTeapot || got != "text/plain hi" {
			t.Errorf("Post = %d, %v; the server saw %q", status, err, got)
		}
	}
}

// TestAttack24 lets others name addresses that are not theirs.
func TestAttack24(t *testing.T) {
	s := newSite(t, hello)
	loopback := func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
	}
	p := s.port()
	for phrase, uri := range map[string]string{
		"B24 the loopback address":            "https://127.0.0.1:" + p,
		"B24 another loopback address":        "https://127.8.8.8:" + p,
		"B24 the loopback address of IPv6":    "https://[::1]:" + p,
		"B24 localhost":                       "https://localhost:" + p,
		"B24 an address mapped into IPv6":     "https://[::ffff:127.0.0.1]:" + p,
		"B24 the same in hexadecimal":         "https://[::ffff:7f00:1]:" + p,
		"B24 an IPv4-compatible address":      "https://[::127.0.0.1]:" + p,
		"B24 NAT64":                           "https://[64:ff9b::7f00:1]:" + p,
		"B24 6to4":                            "https://[2002:7f00:1::]:" + p,
		"B24 a decimal address":               "https://2130706433:" + p,
		"B24 a short address":                 "https://127.1:" + p,
		"B24 an octal address":                "https://0177.0.0.1:" + p,
		"B24 a hexadecimal address":           "https://0x7f000001:" + p,
		"B24 no address":                      "https://0.0.0.0:" + p,
		"B24 no address of IPv6":              "https://[::]:" + p,
		"B24 the metadata of clouds":          "https://169.254.169.254/latest",
		"B24 the metadata of clouds by IPv6":  "https://[fd00:ec2::254]/latest",
		"B24 a private network":               "https://10.0.0.1",
		"B24 a carrier's network":             "https://100.64.0.1",
		"B24 a link-local address with zone":  "https://[fe80::1%25lo]:" + p,
		"B24 multicast":                       "https://224.0.0.1",
		"B24 plain HTTP":                      "http://127.0.0.1:" + p,
		"B24 a file":                          "file:///etc/passwd",
		"B24 a user before the host":          "https://example.com@127.0.0.1:" + p,
		"B24 no host":                         "https:///x",
		"B24 a very long address":             "https://example.com/" + strings.Repeat("a", maxURL),
		"B24 a name that leads to ourselves":  "https://example.com:" + p,
		"B24 a name with a dot that leads so": "https://example.com.:" + p,
	} {
		t.Run(phrase, func(t *testing.T) {
			c := New(Options{CAs: s.cas, Resolve: loopback})
			_, _, err := c.Get(t.Context(), uri, 1024)
			wantRefused(t, "Get "+uri, err)
			_, err = c.Post(t.Context(), uri, http.Header{"Content-Type": {"text/plain"}}, nil)
			wantRefused(t, "Post "+uri, err)
		})
	}
	if n := s.hits.Load(); n != 0 {
		t.Errorf("the server was asked %d times", n)
	}
}

func TestAttack24Rebinding(t *testing.T) {
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		hello(w, r)
	})
	asked := 0
	c := New(Options{CAs: s.cas, Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")},
		Resolve: func(context.Context, string) ([]netip.Addr, error) {
			asked++
			if asked == 1 {
				return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
			}
			return []netip.Addr{netip.MustParseAddr("127.0.0.2")}, nil
		}})
	uri := "https://example.com:" + s.port()
	if _, _, err := c.Get(t.Context(), uri, 64); err != nil {
		t.Fatal(err)
	}
	c.http.CloseIdleConnections()
	_, _, err := c.Get(t.Context(), uri, 64)
	wantRefused(t, "B24 a name that has changed its mind", err)
	if s.hits.Load() != 1 || asked != 2 {
		t.Errorf("%d requests after %d look-ups, want 1 after 2", s.hits.Load(), asked)
	}
}

// TestAttack24Answers lets a server that may be asked answer in hostile ways.
func TestAttack24Answers(t *testing.T) {
	inside := newSite(t, hello)
	stop := make(chan struct{})
	defer close(stop)
	for phrase, c := range map[string]struct {
		answer http.HandlerFunc
		text   string
	}{
		"B24 a redirect inside": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, inside.URL, http.StatusFound)
		}, "The server answered with the status 302."},
		"B24 a body without end": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			for range 1 << 14 {
				if _, err := w.Write(make([]byte, 1<<16)); err != nil {
					return
				}
			}
		}, "The answer is longer than 64 bytes."},
		"B24 a body that says how long it is": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", "1073741824")
		}, "The answer is longer than 64 bytes."},
		"B24 another type": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, `{}`)
		}, "The server answered with an unexpected Content-Type."},
		"B24 an error with a secret": {func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "the secret of the inside", http.StatusInternalServerError)
		}, "The server answered with the status 500."},
		"B24 a body that drips": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			for {
				_, _ = io.WriteString(w, " ")
				w.(http.Flusher).Flush()
				select {
				case <-stop:
					return
				case <-r.Context().Done():
					return
				case <-time.After(20 * time.Millisecond):
				}
			}
		}, "The server did not answer in time."},
		"B24 no answer": {func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-stop:
			case <-r.Context().Done():
			}
		}, "The server did not answer in time."},
		"B24 headers without end": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Long", strings.Repeat("a", 1<<20))
		}, "The server could not be reached."},
	} {
		t.Run(phrase, func(t *testing.T) {
			s := newSite(t, c.answer)
			client := New(Options{AllowPrivate: true, CAs: s.cas, Timeout: 500 * time.Millisecond})
			start := time.Now()
			body, _, err := client.Get(t.Context(), s.URL, 64, "application/json")
			if err == nil || err.Error() != c.text || body != nil {
				t.Errorf("Get = %q, %v, want %q", body, err, c.text)
			}
			if took := time.Since(start); took > 3*time.Second {
				t.Errorf("Get took %v", took)
			}
		})
	}
	if n := inside.hits.Load(); n != 0 {
		t.Errorf("the redirect was followed %d times", n)
	}
}

func TestUntrusted(t *testing.T) {
	s := newSite(t, hello)
	_, _, err := New(Options{AllowPrivate: true}).Get(t.Context(), s.URL, 64)
	if err == nil || err.Error() != "The certificate of the server is not one that we trust." {
		t.Errorf("Get without the authority: %v", err)
	}
}

func TestSlowHandshake(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c := New(Options{AllowPrivate: true, Timeout: 200 * time.Millisecond})
	_, err = c.Post(t.Context(), "https://"+l.Addr().String(), http.Header{"Content-Type": {"text/plain"}}, nil)
	if err == nil || err.Error() != "The server did not answer in time." {
		t.Errorf("Post to a silent listener: %v", err)
	}
}

func TestFailuresRest(t *testing.T) {
	s := newSite(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) })
	c := New(Options{AllowPrivate: true, CAs: s.cas})
	for range 3 {
		if _, _, err := c.Get(t.Context(), s.URL, 64); err == nil {
			t.Error("Get of what is not there succeeds")
		}
	}
	if n := s.hits.Load(); n != 1 {
		t.Errorf("a failing URL was asked %d times in a row, want once", n)
	}
	c.hosts.failures[s.URL] = failure{time.Now().Add(-rest), "old"}
	_, _, _ = c.Get(t.Context(), s.URL, 64)
	if n := s.hits.Load(); n != 2 {
		t.Errorf("after its rest the URL was asked %d times, want twice", n)
	}
	for i := range maxFailures + 10 {
		c.hosts.fail(fmt.Sprint(i), "x")
	}
	if n := len(c.hosts.failures); n > maxFailures {
		t.Errorf("%d failures are remembered, more than %d", n, maxFailures)
	}
}

// TestPerHost asks one host many times at once.
func TestPerHost(t *testing.T) {
	var inside, most atomic.Int64
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		n := inside.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		time.Sleep(5 * time.Millisecond)
		inside.Add(-1)
		hello(w, r)
	})
	c := New(Options{AllowPrivate: true, CAs: s.cas})
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			if _, _, err := c.Get(t.Context(), s.URL, 64); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := most.Load(); n > perHost {
		t.Errorf("%d requests ran at once, more than %d", n, perHost)
	}
	if n := len(c.hosts.busy); n != 0 {
		t.Errorf("%d hosts are remembered as busy", n)
	}
}

func TestPublic(t *testing.T) {
	for text, want := range map[string]bool{
		"8.8.8.8": true, "1.1.1.1": true, "172.15.0.1": true, "172.32.0.1": true, "100.63.255.255": true, "100.128.0.1": true,
		"2606:4700::1111": true, "2a00::1": true,
		"192.168.1.1": false, "172.16.0.1": false, "172.31.255.255": false, "198.18.0.1": false, "255.255.255.255": false,
		"::ffff:8.8.8.8": false, "64:ff9b::808:808": false, "64:ff9b:1::1": false, "2001:db8::1": false, "2001::1": false,
		"fc00::1": false, "fe80::1": false, "ff02::1": false, "4000::1": false, "::": false, "::1": false,
	} {
		if got := public(netip.MustParseAddr(text)); got != want {
			t.Errorf("public(%s) = %v, want %v", text, got, want)
		}
	}
	if public(netip.Addr{}) {
		t.Error("no address is public")
	}
}

// FuzzCheck holds that what is accepted names a host by HTTPS and no user.
func FuzzCheck(f *testing.F) {
	for _, s := range []string{"https://example.com/a?b#c", "http://a", "https://a@b", "https://[::1]:8/", "https:\\\\a", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, err := check(s)
		if err == nil && (u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Fragment != "") {
			t.Errorf("check(%q) = %v", s, u)
		}
	})
}
