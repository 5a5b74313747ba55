package config

import (
	"errors"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
)

// A Driver names a database engine.
type Driver string

// The engines.
const (
	SQLite   Driver = "sqlite"
	Postgres Driver = "postgres"
)

// A Database says where the data is.
type Database struct {
	Driver Driver
	Path   string // of the file, for SQLite
	URL    string // as given, for PostgreSQL; it may hold a password
}

// errDatabase is the one sentence for anything that is no database URL. The
// value is not repeated, because it may hold a password.
var errDatabase = errors.New(`must be "sqlite:PATH" or "postgres://USER@HOST/NAME"`)

// ParseDatabase reads "sqlite:PATH" or "postgres://…".
func ParseDatabase(s string) (Database, error) {
	scheme, rest, ok := strings.Cut(s, ":")
	if !ok {
		return Database{}, errDatabase
	}
	switch strings.ToLower(scheme) {
	case "sqlite":
		return parseSQLite(rest)
	case "postgres", "postgresql":
		return parsePostgres(s)
	}
	return Database{}, errDatabase
}

func parseSQLite(path string) (Database, error) {
	// sqlite:///abs/path is how some write sqlite:/abs/path.
	if strings.HasPrefix(path, "///") {
		path = path[2:]
	}
	switch {
	case strings.HasPrefix(path, "//"):
		return Database{}, errors.New(`must name a file, as "sqlite:./data/muster.db" or "sqlite:/var/lib/muster/muster.db"`)
	case path == "" || strings.HasSuffix(path, "/") || slices.Contains([]string{"/", ".", ".."}, filepath.Base(path)):
		return Database{}, errors.New("must name a file, not a folder")
	case strings.ContainsAny(path, "?#\x00"):
		return Database{}, errors.New("must be a plain path without ? and #")
	case path == ":memory:":
		return Database{}, errors.New("must name a file: nothing kept in memory survives the process")
	}
	return Database{Driver: SQLite, Path: filepath.Clean(path)}, nil
}

func parsePostgres(s string) (Database, error) {
	u, err := url.Parse(s)
	if err != nil || u.Opaque != "" || u.Fragment != "" {
		return Database{}, errDatabase
	}
	if u.Host == "" && u.Query().Get("host") == "" {
		return Database{}, errors.New("must name a host, as postgres://USER@HOST/NAME")
	}
	return Database{Driver: Postgres, URL: s}, nil
}

// String returns the database without its password, for people.
func (d Database) String() string {
	if d.Driver == SQLite {
		return "sqlite:" + d.Path
	}
	u, err := url.Parse(d.URL)
	if err != nil {
		return string(d.Driver) + ":"
	}
	// Options may hold a password too, so they are left out; only the host of a
	// socket is told.
	text := "postgres://"
	if name := u.User.Username(); name != "" {
		text += url.User(name).String() + "@"
	}
	host := u.Host
	if host == "" {
		host = u.Query().Get("host")
	}
	return text + host + u.EscapedPath()
}
