package server

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/muster-id/muster/config"
)

// tlsConfig returns how HTTPS is spoken, nil where a proxy does it. TLS 1.2 is
// held to the suites of the FAPI 2.0 Security Profile (section 5.2.1).
func tlsConfig(cfg *config.Config) (*tls.Config, error) {
	if cfg.TLSCertFile == "" {
		return nil, nil
	}
	files := &keyPair{cert: cfg.TLSCertFile, key: cfg.TLSKeyFile}
	if _, err := files.get(nil); err != nil {
		return nil, hint("name a certificate chain and its key in PEM with --tls-cert-file and --tls-key-file", "read the certificate: %w", err)
	}
	secure := &tls.Config{
		MinVersion: tls.VersionTLS12,
		CipherSuites: []uint16{
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
		},
		GetCertificate: files.get,
		// Apps may show a certificate, also one that they signed themselves: who
		// it belongs to is decided where the app is known.
		ClientAuth: tls.RequestClientCert,
		NextProtos: []string{"h2", "http/1.1"},
	}
	askAt(secure, cfg.MTLSURL)
	return secure, nil
}

// askAt has certificates asked for at one URL alone, if there is one: browsers at
// all others would ask people for theirs.
func askAt(secure *tls.Config, mtls string) {
	u, err := url.Parse(mtls)
	if err != nil || u.Hostname() == "" {
		return
	}
	asking := secure.Clone()
	secure.ClientAuth = tls.NoClientCert
	secure.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		if strings.EqualFold(hello.ServerName, u.Hostname()) {
			return asking, nil
		}
		return nil, nil
	}
}

// A keyPair reads a certificate again when its file has changed.
type keyPair struct {
	cert, key string

	mu     sync.Mutex
	pair   *tls.Certificate
	looked time.Time
	stamp  time.Time // of the file that pair was read from
}

// keyPairAge is how often the file is looked at, at most.
const keyPairAge = 10 * time.Second

func (k *keyPair) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.pair != nil && time.Since(k.looked) < keyPairAge {
		return k.pair, nil
	}
	k.looked = time.Now()
	info, err := os.Stat(k.cert)
	if err == nil && k.pair != nil && info.ModTime().Equal(k.stamp) {
		return k.pair, nil
	}
	pair, err := tls.LoadX509KeyPair(k.cert, k.key)
	if err != nil {
		if k.pair != nil {
			return k.pair, nil // a half-written file: the old one serves until the next look
		}
		return nil, err
	}
	k.pair = &pair
	if info != nil {
		k.stamp = info.ModTime()
	}
	return k.pair, nil
}

// certificates finds the certificate of a caller, wherever it comes from, and
// puts it where the doors look for it: in the TLS state of the request. The
// header of a proxy counts only if the proxy is trusted, and never reaches a door.
type certificates struct {
	header      string
	trusted     []netip.Prefix
	authorities *x509.CertPool // nil: none
	next        http.Handler
}

func (c *certificates) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var cert *x509.Certificate
	if r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
		cert = r.TLS.PeerCertificates[0]
	}
	if c.header != "" {
		list := r.Header.Values(c.header)
		r.Header.Del(c.header)
		if trusts(c.trusted, r.RemoteAddr) {
			// A certificate of the connection is the proxy's own. Of two headers the
			// caller has written one.
			if cert = nil; len(list) == 1 {
				cert = parseCertificate(list[0])
			}
		}
	}
	if cert != nil || r.TLS != nil {
		state := tls.ConnectionState{}
		if r.TLS != nil {
			state = *r.TLS
		}
		state.PeerCertificates, state.VerifiedChains = nil, nil
		if cert != nil {
			state.PeerCertificates = []*x509.Certificate{cert}
			state.VerifiedChains = c.chains(cert, r)
		}
		r.TLS = &state
	}
	c.next.ServeHTTP(w, r)
}

// chains returns the ways from a certificate to an authority that apps may
// authenticate by.
func (c *certificates) chains(cert *x509.Certificate, r *http.Request) [][]*x509.Certificate {
	if c.authorities == nil {
		return nil
	}
	between := x509.NewCertPool()
	if r.TLS != nil {
		for _, more := range r.TLS.PeerCertificates {
			between.AddCert(more)
		}
	}
	chains, err := cert.Verify(x509.VerifyOptions{
		Roots: c.authorities, Intermediates: between, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if err != nil {
		return nil
	}
	return chains
}

// parseCertificate reads URL-encoded PEM, as nginx and Envoy send it; nil for
// anything else.
func parseCertificate(text string) *x509.Certificate {
	text, err := url.PathUnescape(text)
	if err != nil {
		return nil
	}
	block, _ := pem.Decode([]byte(text))
	if block == nil || block.Type != "CERTIFICATE" {
		return nil
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil
	}
	return cert
}

// SelfSigned returns a certificate for this machine alone and its key, for
// trying things out. They are made in dir where they are not there or have run
// out.
func SelfSigned(dir string) (certFile, keyFile string, err error) {
	certFile, keyFile = filepath.Join(dir, "tls.pem"), filepath.Join(dir, "tls.key")
	if pair, err := tls.LoadX509KeyPair(certFile, keyFile); err == nil && time.Now().Before(pair.Leaf.NotAfter.Add(-24*time.Hour)) {
		return certFile, keyFile, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return "", "", err
	}
	form := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "Muster on this machine"},
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(0, 3, 0),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, form, form, &key.PublicKey, key)
	if err != nil {
		return "", "", err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", "", err
	}
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			return "", "", fmt.Errorf("write a certificate: %w", err)
		}
	}
	return certFile, keyFile, nil
}
