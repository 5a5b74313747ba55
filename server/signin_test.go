package server_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/muster-id/muster/config"
	"github.com/muster-id/muster/server"
)

// TestServesHTTPS serves with a certificate made for this machine.
func TestServesHTTPS(t *testing.T) {
	cert, key, err := server.SelfSigned(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	r := run(t, settings(t, "", map[string]string{"tls_cert_file": cert, "tls_key_file": key}))
	if !strings.HasPrefix(r.url, "https://localhost:") {
		t.Fatalf("the server says that it is at %s", r.url)
	}
	text, err := os.ReadFile(cert)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	for phrase, c := range map[string]struct {
		conf *tls.Config
		ok   bool
	}{
		"TLS 1.3":                  {&tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS13}, true},
		"TLS 1.2 with GCM":         {&tls.Config{RootCAs: pool, MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}}, true},
		"TLS 1.2 with CBC":         {&tls.Config{RootCAs: pool, MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}}, false},
		"TLS 1.1":                  {&tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, false},
		"an authority of somebody": {&tls.Config{RootCAs: x509.NewCertPool()}, false},
	} {
		t.Run(phrase, func(t *testing.T) {
			client := &http.Client{Transport: &http.Transport{TLSClientConfig: c.conf, DisableKeepAlives: true}}
			res, err := client.Get(r.url + "/.well-known/openid-configuration")
			if (err == nil) != c.ok {
				t.Fatalf("the handshake: %v, want success %v", err, c.ok)
			}
			if err == nil {
				res.Body.Close()
			}
		})
	}
}

// TestAttackClientHeader: the header in which a proxy passes certificates counts
// from a trusted proxy alone, and reaches no door from anybody.
func TestAttackClientHeader(t *testing.T) {
	dir := t.TempDir()
	cert, _, err := server.SelfSigned(dir)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(cert)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	for phrase, c := range map[string]struct {
		from, value string
		want        bool
	}{
		"15 a trusted proxy":                  {"10.0.0.1:1", url.QueryEscape(string(text)), true},
		"15 anybody":                          {"192.0.2.1:1", url.QueryEscape(string(text)), false},
		"15 a proxy with nonsense":            {"10.0.0.1:1", "nonsense", false},
		"15 a proxy with a key":               {"10.0.0.1:1", url.QueryEscape("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), false},
		"15 a proxy without header":           {"10.0.0.1:1", "", false},
		"15 a proxy with two headers":         {"10.0.0.1:1", url.QueryEscape(string(text)), false},
		"15 a proxy with its own certificate": {"10.0.0.1:1", "", false},
	} {
		t.Run(phrase, func(t *testing.T) {
			var seen *http.Request
			h := server.Certificates("X-Client-Cert", "10.0.0.0/8", cert, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = r }))
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr = c.from
			if c.value != "" {
				r.Header.Set("X-Client-Cert", strings.ReplaceAll(c.value, "+", "%20"))
			}
			if strings.HasSuffix(phrase, "two headers") {
				r.Header.Add("X-Client-Cert", "nonsense")
			}
			if strings.HasSuffix(phrase, "own certificate") {
				own, err := x509.ParseCertificate(block.Bytes)
				if err != nil {
					t.Fatal(err)
				}
				r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{own}}
			}
			h.ServeHTTP(httptest.NewRecorder(), r)
			got := seen.TLS != nil && len(seen.TLS.PeerCertificates) == 1 && string(seen.TLS.PeerCertificates[0].Raw) == string(block.Bytes)
			if got != c.want {
				t.Errorf("a certificate arrives: %v, want %v", got, c.want)
			}
			if seen.Header.Get("X-Client-Cert") != "" {
				t.Error("the header reaches a door")
			}
		})
	}
}

// TestCertificatesAsked: where apps show certificates at a host of its own,
// browsers are not asked for one anywhere else (RFC 8705 section 5).
func TestCertificatesAsked(t *testing.T) {
	dir := t.TempDir()
	cert, key, err := server.SelfSigned(dir)
	if err != nil {
		t.Fatal(err)
	}
	for phrase, c := range map[string]struct {
		mtls, host string
		want       tls.ClientAuthType
	}{
		"one host for all":  {"", "id.example.com", tls.RequestClientCert},
		"the host of apps":  {"https://mtls.example.com:8443", "MTLS.example.com", tls.RequestClientCert},
		"the usual host":    {"https://mtls.example.com:8443", "id.example.com", tls.NoClientCert},
		"who names no host": {"https://mtls.example.com:8443", "", tls.NoClientCert},
	} {
		set := map[string]string{"data_dir": dir, "tls_cert_file": cert, "tls_key_file": key}
		if c.mtls != "" {
			set["mtls_url"] = c.mtls
		}
		cfg, err := config.Read(config.Sources{Flags: set})
		if err != nil {
			t.Fatal(err)
		}
		got, err := server.TLSConfig(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if got.GetConfigForClient != nil {
			if other, err := got.GetConfigForClient(&tls.ClientHelloInfo{ServerName: c.host}); err != nil {
				t.Fatal(err)
			} else if other != nil {
				got = other
			}
		}
		if got.ClientAuth != c.want || len(got.CipherSuites) != 4 || got.MinVersion != tls.VersionTLS12 {
			t.Errorf("%s: certificates are asked for by %v, want %v", phrase, got.ClientAuth, c.want)
		}
	}
}

// TestClientAddress believes of X-Forwarded-For what trusted proxies say.
func TestClientAddress(t *testing.T) {
	for phrase, c := range map[string]struct{ remote, forwarded, want string }{
		"no proxy":                   {"192.0.2.9:1", "", "192.0.2.9"},
		"a proxy":                    {"10.0.0.1:1", "192.0.2.7", "192.0.2.7"},
		"two proxies":                {"10.0.0.1:1", "192.0.2.7, 10.0.0.2", "192.0.2.7"},
		"a client that lies":         {"10.0.0.1:1", "127.0.0.1, 192.0.2.7", "192.0.2.7"},
		"anybody who lies":           {"192.0.2.9:1", "127.0.0.1", "192.0.2.9"},
		"a proxy that says nonsense": {"10.0.0.1:1", "unknown", "10.0.0.1"},
		"IPv6":                       {"[2001:db8::1]:1", "", "2001:db8::1"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.remote
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := server.ClientAddress("10.0.0.0/8", r); got != c.want {
			t.Errorf("%s: %s, want %s", phrase, got, c.want)
		}
	}
}

// TestLimitsStrangers asks for more sign-ins than one network may begin.
func TestLimitsStrangers(t *testing.T) {
	r := run(t, settings(t, "", map[string]string{"rate_limit": "40"}))
	for _, path := range []string{"/oauth2/authorize?client_id=x", "/signin"} {
		limited := false
		for range 60 {
			if status, _ := r.get(t, path); status == http.StatusTooManyRequests {
				limited = true
				break
			}
		}
		if !limited {
			t.Errorf("%s answers 60 times in a row", path)
		}
	}
	if status, _ := r.get(t, "/.well-known/openid-configuration"); status != 200 {
		t.Errorf("discovery is limited too: %d", status)
	}
	res, err := http.Post(r.url+"/oauth2/register", "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	res, err = http.Post(r.url+"/oauth2/register", "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusTooManyRequests || res.Header.Get("Retry-After") == "" {
		t.Errorf("the second registration: %d, Retry-After %q", res.StatusCode, res.Header.Get("Retry-After"))
	}
}
