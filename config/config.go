// Package config reads the settings of Muster: flags over environment
// variables MUSTER_* over a file muster.yaml over defaults. Every setting has
// one name in three spellings: --sqlite-mmap, MUSTER_SQLITE_MMAP, sqlite_mmap.
// All faults are reported at once, and a name that nobody knows is a fault.
package config

import (
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"time"
)

// A Config is everything that can be set. Read makes one; the zero Config is
// not usable.
type Config struct {
	Database      Database
	DatabasePool  int    // connections to PostgreSQL, and readers of SQLite; 0: by the number of processors
	SQLiteMmap    bool   // whether SQLite maps the database file into memory
	MasterKeyFile string // the key that seals secrets at rest; made on first start
	DataDir       string // where files of ours stand; the folder of the SQLite file

	Listen         string // host:port
	PublicURL      string // absolute, no slash at the end; "": as Listen says
	TrustedProxies []netip.Prefix
	TLSCertFile    string // certificate chain and key for HTTPS; both or none
	TLSKeyFile     string
	ClientCAFile   string // certificate authorities of apps that authenticate by certificate
	ClientHeader   string // header in which a trusted proxy passes the certificate of a client
	MTLSURL        string // where apps show certificates, like PublicURL; "": everywhere

	SMTPHost     string // "": letters stay in the outbox
	SMTPPort     int    // 0: by SMTPTLS
	SMTPTLS      string // starttls, tls, none
	SMTPUser     string
	SMTPPassword string
	MailFrom     string

	OutboundPrivate []netip.Prefix // private networks that may be called
	OutboundCAFile  string         // further authorities for calls to others

	BootstrapUser     string // user name or e-mail of the first administrator
	BootstrapPassword string

	LogLevel  string // debug, info, warn, error
	LogFormat string // json, text

	RateLimit int // sign-ins and the like that one network may begin in a minute; 0 without limit

	MaxBody           int64 // bytes of a request body
	MaxBulkOperations int
	MaxPage           int // resources in one page of a list

	ReadTimeout  time.Duration // to read a request with its body
	WriteTimeout time.Duration // to answer it
	IdleTimeout  time.Duration // between requests on one connection
	Drain        time.Duration // between "not ready" and closing the door
	Stop         time.Duration // to finish requests after that

	Retention time.Duration // of deleted resources
}

// LogLevels and LogFormats are the values that the settings of those names take.
var (
	LogLevels  = []string{"debug", "info", "warn", "error"}
	LogFormats = []string{"json", "text"}
)

// TLSModes are the values of smtp_tls.
var TLSModes = []string{"starttls", "tls", "none"}

var loopback = netip.AddrFrom4([4]byte{127, 0, 0, 1})

// LocalURL returns the URL under which the server that listens on addr answers
// on this machine.
func LocalURL(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "http://" + addr
	}
	// Passkeys belong to a name, never to an address: on this machine to this one.
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && (ip.IsUnspecified() || ip == loopback) {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// URL returns the public URL, or that of the address where none is set.
func (c *Config) URL(addr string) string {
	if c.PublicURL != "" {
		return c.PublicURL
	}
	if c.TLSCertFile != "" {
		return "https" + strings.TrimPrefix(LocalURL(addr), "http")
	}
	return LocalURL(addr)
}

// Certificates reports whether certificates of clients can arrive: over our own
// HTTPS, or in a header of a proxy.
func (c *Config) Certificates() bool { return c.TLSCertFile != "" || c.ClientHeader != "" }

// derive fills in what follows from other settings.
func (c *Config) derive() {
	if c.DataDir == "" {
		c.DataDir = "data"
		if c.Database.Driver == SQLite {
			c.DataDir = filepath.Dir(c.Database.Path)
		}
	}
	if c.MasterKeyFile == "" {
		c.MasterKeyFile = filepath.Join(c.DataDir, "master.key")
	}
	c.PublicURL = strings.TrimRight(c.PublicURL, "/")
}
