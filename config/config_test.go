package config_test

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/muster-id/muster/config"
)

func TestDefaults(t *testing.T) {
	t.Chdir(t.TempDir())
	got, err := config.Read(config.Sources{})
	if err != nil {
		t.Fatal(err)
	}
	want := &config.Config{
		Database:          config.Database{Driver: config.SQLite, Path: "data/muster.db"},
		SQLiteMmap:        true,
		DataDir:           "data",
		MasterKeyFile:     "data/master.key",
		Listen:            "127.0.0.1:8080",
		SMTPTLS:           "starttls",
		LogLevel:          "info",
		LogFormat:         "json",
		RateLimit:         1200,
		MaxBody:           10 << 20,
		MaxBulkOperations: 1000,
		MaxPage:           1000,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      2 * time.Minute,
		IdleTimeout:       2 * time.Minute,
		Drain:             5 * time.Second,
		Stop:              25 * time.Second,
		Retention:         30 * 24 * time.Hour,
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
		t.Errorf("defaults differ (-want +got):\n%s", diff)
	}
}

// write makes a file in the working folder, which is a fresh one.
func write(t *testing.T, name, text string) string {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestPrecedence(t *testing.T) {
	for name, c := range map[string]struct {
		file string
		env  []string
		flag map[string]string
		want string
	}{
		"nothing set":                   {want: "127.0.0.1:8080"},
		"the file wins over defaults":   {file: "listen: :1001", want: ":1001"},
		"the environment over the file": {file: "listen: :1001", env: []string{"MUSTER_LISTEN=:1002"}, want: ":1002"},
		"the flag over all": {file: "listen: :1001", env: []string{"MUSTER_LISTEN=:1002"},
			flag: map[string]string{"listen": ":1003"}, want: ":1003"},
		"an empty variable is not set": {file: "listen: :1001", env: []string{"MUSTER_LISTEN="}, want: ":1001"},
		"an empty value in the file":   {file: "listen:", want: "127.0.0.1:8080"},
		"an empty file":                {file: "\n# nothing here\n", want: "127.0.0.1:8080"},
		"variables that dev writes": {env: []string{"MUSTER_URL=http://h", "MUSTER_SCIM_TOKEN=t", "MUSTER_PID=1", "MUSTER_TEST_X=1"},
			want: "127.0.0.1:8080"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			if c.file != "" {
				write(t, "muster.yaml", c.file)
			}
			got, err := config.Read(config.Sources{Env: c.env, Flags: c.flag})
			if err != nil {
				t.Fatal(err)
			}
			if got.Listen != c.want {
				t.Errorf("Listen = %q, want %q", got.Listen, c.want)
			}
		})
	}
}

func TestFileChoice(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "a.yaml", "listen: :1\nlog_level: debug # why not\ntrusted_proxies: [10.0.0.0/8, '192.0.2.7']")
	write(t, "b.yaml", "listen: :2")
	got, err := config.Read(config.Sources{Env: []string{"MUSTER_CONFIG=a.yaml"}})
	if err != nil || got.Listen != ":1" || got.LogLevel != "debug" || len(got.TrustedProxies) != 2 {
		t.Errorf("MUSTER_CONFIG=a.yaml: %+v, %v", got, err)
	}
	got, err = config.Read(config.Sources{File: "b.yaml", Env: []string{"MUSTER_CONFIG=a.yaml"}})
	if err != nil || got.Listen != ":2" {
		t.Errorf("--config b.yaml: %+v, %v", got, err)
	}
	if _, err := config.Read(config.Sources{File: "c.yaml"}); err == nil {
		t.Error("a file that was named and is not there was passed over")
	}
}

func TestSecretFromFile(t *testing.T) {
	t.Chdir(t.TempDir())
	path := write(t, "dsn", "postgres://ann:secret@db/muster\n")
	got, err := config.Read(config.Sources{Env: []string{"MUSTER_DATABASE_URL_FILE=" + path}})
	if err != nil {
		t.Fatal(err)
	}
	if got.Database.URL != "postgres://ann:secret@db/muster" {
		t.Errorf("URL = %q", got.Database.URL)
	}
	if text := got.Database.String(); text != "postgres://ann@db/muster" {
		t.Errorf("String() = %q, want it without the password", text)
	}
}

func TestFaultsAreReportedAtOnce(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "muster.yaml", "lissten: :1\nretention: -3h\nlog_format: [json, {a: b}]\nretention: 1h")
	_, err := config.Read(config.Sources{
		Env: []string{
			"MUSTER_LISEN=:2", "MUSTER_MAX_PAGE=lots", "MUSTER_QQQQQQQQQQQQ=1",
			"MUSTER_DATABASE_URL=postgres://ann:hunter2@/x", "MUSTER_DATABASE_URL_FILE=dsn",
		},
		Flags: map[string]string{"public_url": "id.example.com"},
	})
	if err == nil {
		t.Fatal("no error")
	}
	got := err.Error()
	for _, want := range []string{
		`muster.yaml:1: lissten is not a setting (did you mean "listen"?)`,
		`muster.yaml:2: retention must be a time`,
		`muster.yaml:3: log_format must be a plain value`,
		`muster.yaml:4: retention is set twice`,
		`MUSTER_LISEN is not a setting (did you mean "MUSTER_LISTEN"?)`,
		`MUSTER_QQQQQQQQQQQQ is not a setting`,
		`MUSTER_MAX_PAGE must be a number from 1 to 10000`,
		`MUSTER_DATABASE_URL and MUSTER_DATABASE_URL_FILE are both set`,
		`MUSTER_DATABASE_URL must name a host`,
		`--public-url must be an absolute URL`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("missing %q in:\n%s", want, got)
		}
	}
	if strings.Contains(got, "hunter2") {
		t.Errorf("the password is told:\n%s", got)
	}
}

func TestValues(t *testing.T) {
	for name, c := range map[string]struct {
		key, value string
		ok         bool
	}{
		"a name instead of a port":      {"listen", "localhost:http", false},
		"port 0 asks for any":           {"listen", "127.0.0.1:0", true},
		"a port beyond the last":        {"listen", ":65536", false},
		"IPv6":                          {"listen", "[::1]:8080", true},
		"no port":                       {"listen", "localhost", false},
		"a public URL":                  {"public_url", "https://id.example.com/", true},
		"certificates that never come":  {"mtls_url", "https://mtls.example.com/", false},
		"one without TLS":               {"mtls_url", "http://mtls.example.com", false},
		"one with a path":               {"mtls_url", "https://example.com/mtls", false},
		"a public URL with a path":      {"public_url", "https://example.com/id", false},
		"a public URL with a query":     {"public_url", "https://example.com?x", false},
		"a public URL with a user":      {"public_url", "https://ann:x@example.com", false},
		"a public URL of another kind":  {"public_url", "ftp://example.com", false},
		"one proxy":                     {"trusted_proxies", "10.0.0.1", true},
		"no proxy address":              {"trusted_proxies", "10.0.0.1, proxy", false},
		"an address with a zone":        {"trusted_proxies", "fe80::1%eth0", false},
		"a level in capitals":           {"log_level", "DEBUG", true},
		"a level that is none":          {"log_level", "loud", false},
		"a body limit":                  {"max_body", "2MiB", true},
		"a body limit in bytes":         {"max_body", "4096", true},
		"a body limit that is too much": {"max_body", "1025MiB", false},
		"a body limit that is nothing":  {"max_body", "0", false},
		"a body limit that overflows":   {"max_body", "99999999999999999999KiB", false},
		"a time without unit":           {"retention", "30", false},
		"a time in days":                {"retention", "30d", true},
		"a time beyond reason":          {"retention", "9999999h", false},
		"no time at all":                {"read_timeout", "0s", false},
		"a truth that is none":          {"sqlite_mmap", "maybe", false},
		"a switch turned off":           {"sqlite_mmap", "false", true},
		"SQLite in memory":              {"database_url", "sqlite::memory:", false},
		"SQLite without a path":         {"database_url", "sqlite:", false},
		"SQLite in a folder":            {"database_url", "sqlite:./data/", false},
		"SQLite as a URL with a host":   {"database_url", "sqlite://data/muster.db", false},
		"SQLite as a URL":               {"database_url", "sqlite:///var/lib/muster.db", true},
		"PostgreSQL by a socket":        {"database_url", "postgres:///muster?host=/run/postgresql", true},
		"PostgreSQL without a host":     {"database_url", "postgres:///muster", false},
		"another engine":                {"database_url", "mysql://h/d", false},
		"no URL":                        {"database_url", "muster.db", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			_, err := config.Read(config.Sources{Flags: map[string]string{c.key: c.value}})
			if (err == nil) != c.ok {
				t.Errorf("%s = %q: %v, want ok %v", c.key, c.value, err, c.ok)
			}
		})
	}
}

func TestFileLimit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "big.yaml")
	if err := os.WriteFile(path, []byte("#"+strings.Repeat("x", 1<<20)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := config.Read(config.Sources{File: path}); err == nil || !strings.Contains(err.Error(), "larger than 1 MiB") {
		t.Errorf("a file over 1 MiB: %v", err)
	}
}

func TestEverySettingHasItsWords(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range config.Settings() {
		if s.Key == "" || s.Doc == "" || seen[s.Key] {
			t.Errorf("setting %+v is unnamed, without words, or there twice", s)
		}
		seen[s.Key] = true
	}
}

func TestTogether(t *testing.T) {
	for phrase, c := range map[string]struct{ env, want string }{
		"a certificate without its key":   {"MUSTER_TLS_CERT_FILE=a", "tls_key_file"},
		"a mail server without an author": {"MUSTER_SMTP_HOST=a", "mail_from"},
		"a header that anybody may write": {"MUSTER_CLIENT_HEADER=a", "trusted_proxies"},
		"an administrator without a door": {"MUSTER_BOOTSTRAP_USER=a", "bootstrap_password"},
		"a password in the clear":         {"MUSTER_SMTP_TLS=none MUSTER_SMTP_USER=a MUSTER_SMTP_PASSWORD=b", "in the clear"},
	} {
		t.Run(phrase, func(t *testing.T) {
			t.Chdir(t.TempDir())
			_, err := config.Read(config.Sources{Env: strings.Fields(c.env)})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Read = %v, want a fault about %s", err, c.want)
			}
		})
	}
}

func TestLocalURL(t *testing.T) {
	for addr, want := range map[string]string{
		"127.0.0.1:8080": "http://localhost:8080",
		"0.0.0.0:80":     "http://localhost:80",
		"[::]:80":        "http://localhost:80",
		":80":            "http://localhost:80",
		"[::1]:80":       "http://[::1]:80",
	} {
		if got := config.LocalURL(addr); got != want {
			t.Errorf("LocalURL(%q) = %q, want %q", addr, got, want)
		}
	}
}

// FuzzFile checks that no settings file brings the reader down, and that a file
// that is read twice says the same twice.
func FuzzFile(f *testing.F) {
	f.Add("listen: :8080\nretention: 30d\n")
	f.Add("trusted_proxies:\n  - 10.0.0.0/8\n")
	f.Add("a: &a [*a]")
	f.Add("? {}\n: x")
	f.Add("--- x\n--- y")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(dir, "muster.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		a, err1 := config.Read(config.Sources{File: path})
		b, err2 := config.Read(config.Sources{File: path})
		if (err1 == nil) != (err2 == nil) || (a == nil) != (err1 != nil) || (b == nil) != (err2 != nil) {
			t.Errorf("two readings of %q differ: %v, %v", text, err1, err2)
		}
	})
}

// FuzzParseDatabase checks that what a database calls itself is again a
// database and never tells a password.
func FuzzParseDatabase(f *testing.F) {
	f.Add("sqlite:./data/muster.db")
	f.Add("sqlite:///abs/x.db")
	f.Add("postgres://ann:hunter2@db:5432/muster?sslmode=require")
	f.Add("postgres:///m?host=/run&password=x")
	f.Fuzz(func(t *testing.T, in string) {
		d, err := config.ParseDatabase(in)
		if err != nil {
			return
		}
		if d.Driver == config.SQLite {
			again, err := config.ParseDatabase(d.String())
			if err != nil || again != d {
				t.Errorf("ParseDatabase(%q) calls itself %q, which is %+v, %v", in, d, again, err)
			}
			return
		}
		if strings.Contains(d.String(), "?") || strings.Contains(d.String(), ":hunter2@") {
			t.Errorf("ParseDatabase(%q) tells %q", in, d)
		}
	})
}
