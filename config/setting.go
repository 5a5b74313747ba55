package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Setting is one thing that can be set, for those who make flags and
// documentation of it.
type Setting struct {
	Key     string // as the file spells it, "database_url"
	Doc     string // one line
	Default string // "" for none
	Secret  bool   // may come from a file named by MUSTER_…_FILE
	Bool    bool   // its flag may stand without a value

	set func(*Config, string) error
}

// Flag returns the name of the flag, "database-url".
func (s Setting) Flag() string { return strings.ReplaceAll(s.Key, "_", "-") }

// Env returns the name of the environment variable, "MUSTER_DATABASE_URL".
func (s Setting) Env() string { return prefix + strings.ToUpper(s.Key) }

const prefix = "MUSTER_"

// Settings returns all settings in the order in which people should read them.
func Settings() []Setting {
	return slices.Clone(settings)
}

var settings = []Setting{
	{Key: "database_url", Default: "sqlite:./data/muster.db", Secret: true, set: setDatabase,
		Doc: "where the data is: sqlite:PATH or postgres://…"},
	{Key: "database_pool", Default: "0", set: integer(func(c *Config) *int { return &c.DatabasePool }, 0, 1000),
		Doc: "connections to the database, 0 by the number of processors"},
	{Key: "sqlite_mmap", Default: "true", Bool: true, set: setMmap,
		Doc: "let SQLite map its file into memory"},
	{Key: "master_key_file", set: text(func(c *Config) *string { return &c.MasterKeyFile }),
		Doc: "the key that seals secrets at rest, made on first start (default master.key beside the database)"},
	{Key: "data_dir", set: text(func(c *Config) *string { return &c.DataDir }),
		Doc: "folder for files of our own (default the folder of the SQLite file, or data)"},
	{Key: "listen", Default: "127.0.0.1:8080", set: setListen,
		Doc: "address to listen on, host:port"},
	{Key: "public_url", set: setPublicURL,
		Doc: "URL that clients use, where it is not http://<listen>"},
	{Key: "trusted_proxies", set: networks(func(c *Config) *[]netip.Prefix { return &c.TrustedProxies }),
		Doc: "addresses or networks whose X-Forwarded headers count, separated by commas"},
	{Key: "tls_cert_file", set: text(func(c *Config) *string { return &c.TLSCertFile }),
		Doc: "certificate chain in PEM, to serve HTTPS without a proxy"},
	{Key: "tls_key_file", set: text(func(c *Config) *string { return &c.TLSKeyFile }),
		Doc: "the key of tls_cert_file"},
	{Key: "client_ca_file", set: text(func(c *Config) *string { return &c.ClientCAFile }),
		Doc: "authorities in PEM whose certificates apps may authenticate with"},
	{Key: "client_header", set: text(func(c *Config) *string { return &c.ClientHeader }),
		Doc: "header in which a trusted proxy passes the certificate of a client, in URL-encoded PEM"},
	{Key: "mtls_url", set: setMTLSURL,
		Doc: "URL with a host of its own where apps show their certificates, so that browsers are not asked for one"},
	{Key: "smtp_host", set: text(func(c *Config) *string { return &c.SMTPHost }),
		Doc: "mail server; without one letters stay in the outbox"},
	{Key: "smtp_port", Default: "0", set: integer(func(c *Config) *int { return &c.SMTPPort }, 0, 65535),
		Doc: "port of the mail server, 0 by smtp_tls"},
	{Key: "smtp_tls", Default: "starttls", set: word(func(c *Config) *string { return &c.SMTPTLS }, TLSModes),
		Doc: "starttls, tls, or none for a mail server on the same machine"},
	{Key: "smtp_user", set: text(func(c *Config) *string { return &c.SMTPUser }),
		Doc: "user at the mail server, if it asks for one"},
	{Key: "smtp_password", Secret: true, set: text(func(c *Config) *string { return &c.SMTPPassword }),
		Doc: "password at the mail server"},
	{Key: "mail_from", set: text(func(c *Config) *string { return &c.MailFrom }),
		Doc: "address that letters come from"},
	{Key: "outbound_private", set: networks(func(c *Config) *[]netip.Prefix { return &c.OutboundPrivate }),
		Doc: "private addresses or networks that may be called (keys and logout of apps, webhooks), separated by commas"},
	{Key: "outbound_ca_file", set: text(func(c *Config) *string { return &c.OutboundCAFile }),
		Doc: "further authorities in PEM for calls to others"},
	{Key: "bootstrap_user", set: text(func(c *Config) *string { return &c.BootstrapUser }),
		Doc: "e-mail address of the first administrator, made where there is none"},
	{Key: "bootstrap_password", Secret: true, set: text(func(c *Config) *string { return &c.BootstrapPassword }),
		Doc: "password of the first administrator"},
	{Key: "log_level", Default: "info", set: word(func(c *Config) *string { return &c.LogLevel }, LogLevels),
		Doc: "debug, info, warn or error"},
	{Key: "log_format", Default: "json", set: word(func(c *Config) *string { return &c.LogFormat }, LogFormats),
		Doc: "json or text"},
	{Key: "rate_limit", Default: "1200", set: integer(func(c *Config) *int { return &c.RateLimit }, 0, 10_000_000),
		Doc: "sign-ins, device codes and registrations that one network may begin in a minute, 0 without limit"},
	{Key: "max_body", Default: "10MiB", set: setBody,
		Doc: "largest request body, with unit B, KiB or MiB"},
	{Key: "max_bulk_operations", Default: "1000", set: integer(func(c *Config) *int { return &c.MaxBulkOperations }, 1, 100_000),
		Doc: "operations in one bulk request"},
	{Key: "max_page", Default: "1000", set: integer(func(c *Config) *int { return &c.MaxPage }, 1, 10_000),
		Doc: "resources in one page of a list"},
	{Key: "read_timeout", Default: "30s", set: duration(func(c *Config) *time.Duration { return &c.ReadTimeout }, time.Second),
		Doc: "time to read a request with its body"},
	{Key: "write_timeout", Default: "2m", set: duration(func(c *Config) *time.Duration { return &c.WriteTimeout }, time.Second),
		Doc: "time to answer a request"},
	{Key: "idle_timeout", Default: "2m", set: duration(func(c *Config) *time.Duration { return &c.IdleTimeout }, time.Second),
		Doc: "time a connection may wait for its next request"},
	{Key: "drain", Default: "5s", set: duration(func(c *Config) *time.Duration { return &c.Drain }, 0),
		Doc: "time between saying not ready and taking no more requests, for balancers to notice"},
	{Key: "stop", Default: "25s", set: duration(func(c *Config) *time.Duration { return &c.Stop }, 0),
		Doc: "time that requests get to finish when the server stops"},
	{Key: "retention", Default: "720h", set: duration(func(c *Config) *time.Duration { return &c.Retention }, 0),
		Doc: "how long deleted resources can be restored, with unit h or d"},
}

func setDatabase(c *Config, v string) (err error) {
	c.Database, err = ParseDatabase(v)
	return err
}

func setMmap(c *Config, v string) (err error) {
	if c.SQLiteMmap, err = strconv.ParseBool(v); err != nil {
		return errors.New("must be true or false")
	}
	return nil
}

func setListen(c *Config, v string) error {
	_, port, err := net.SplitHostPort(v)
	if err != nil {
		return errors.New(`must be host:port, as "127.0.0.1:8080" or ":8080"`)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || strconv.FormatUint(n, 10) != port {
		return errors.New("must end in a port from 0 to 65535")
	}
	c.Listen = v
	return nil
}

func setPublicURL(c *Config, v string) error {
	if err := rootURL(v); err != nil {
		return err
	}
	c.PublicURL = v
	return nil
}

func setMTLSURL(c *Config, v string) error {
	if err := rootURL(v); err != nil {
		return err
	}
	if !strings.HasPrefix(v, "https://") {
		return errors.New("must begin with https://")
	}
	c.MTLSURL = strings.TrimSuffix(v, "/")
	return nil
}

// rootURL checks that a text is the URL of a host.
func rootURL(v string) error {
	u, err := url.Parse(v)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Hostname() == "":
		return errors.New(`must be an absolute URL, as "https://id.example.com"`)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.ContainsAny(v, "?#"):
		return errors.New("must be a plain URL without user, query and fragment")
	case strings.Trim(u.Path, "/") != "":
		return errors.New("must have no path: Muster answers at the root of a host")
	}
	return nil
}

// networks reads addresses and networks that are separated by commas.
func networks(field func(*Config) *[]netip.Prefix) func(*Config, string) error {
	return func(c *Config, v string) error {
		var list []netip.Prefix
		for part := range strings.SplitSeq(v, ",") {
			part = strings.TrimSpace(part)
			if part == "" {
				continue
			}
			network, err := netip.ParsePrefix(part)
			if err != nil {
				ip, err := netip.ParseAddr(part)
				if err != nil || ip.Zone() != "" {
					return fmt.Errorf("%q is neither an address nor a network, as 10.0.0.0/8", part)
				}
				network = netip.PrefixFrom(ip, ip.BitLen())
			}
			list = append(list, network.Masked())
		}
		*field(c) = list
		return nil
	}
}

func setBody(c *Config, v string) error {
	number, unit := strings.TrimSuffix(v, "B"), int64(1)
	switch {
	case strings.HasSuffix(number, "Ki"):
		number, unit = strings.TrimSuffix(number, "Ki"), 1<<10
	case strings.HasSuffix(number, "Mi"):
		number, unit = strings.TrimSuffix(number, "Mi"), 1<<20
	}
	n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 32)
	if err != nil || n*unit < 1<<10 || n*unit > 1<<30 {
		return errors.New(`must be from 1KiB to 1024MiB, as "10MiB"`)
	}
	c.MaxBody = n * unit
	return nil
}

func text(field func(*Config) *string) func(*Config, string) error {
	return func(c *Config, v string) error {
		*field(c) = v
		return nil
	}
}

func word(field func(*Config) *string, words []string) func(*Config, string) error {
	return func(c *Config, v string) error {
		v = strings.ToLower(v)
		if !slices.Contains(words, v) {
			return fmt.Errorf("must be one of %s", strings.Join(words, ", "))
		}
		*field(c) = v
		return nil
	}
}

func integer(field func(*Config) *int, least, most int) func(*Config, string) error {
	return func(c *Config, v string) error {
		n, err := strconv.Atoi(v)
		if err != nil || n < least || n > most {
			return fmt.Errorf("must be a number from %d to %d", least, most)
		}
		*field(c) = n
		return nil
	}
}

// mostTime bounds every duration: ten years.
const mostTime = 10 * 365 * 24 * time.Hour

// ParseDuration reads what time.ParseDuration reads, and whole days as "30d".
func ParseDuration(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 12)
		return time.Duration(n) * 24 * time.Hour, err
	}
	return time.ParseDuration(s)
}

func duration(field func(*Config) *time.Duration, least time.Duration) func(*Config, string) error {
	return func(c *Config, v string) error {
		d, err := ParseDuration(v)
		if err != nil || d < least || d > mostTime {
			return fmt.Errorf(`must be a time of at least %s with its unit, as "30s", "5m" or "30d"`, least)
		}
		*field(c) = d
		return nil
	}
}
