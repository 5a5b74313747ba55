package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"time"

	"github.com/muster-id/muster/config"
	"github.com/muster-id/muster/secret"
	"github.com/muster-id/muster/store"
)

// A State is how grave a Finding is.
type State string

// The states of a finding.
const (
	Good State = "ok"
	Warn State = "warn" // works, and should be looked at
	Bad  State = "fail"
)

// A Finding is what the doctor says about one part.
type Finding struct {
	Part  string `json:"part"`
	State State  `json:"state"`
	Text  string `json:"text"`
	Hint  string `json:"hint,omitempty"`
}

// Examine looks at everything that a server needs, and changes nothing.
func Examine(ctx context.Context, cfg *config.Config, b Build) []Finding {
	list := examineDatabase(ctx, cfg)
	return append(list, examineDisk(cfg), examineClock(b, time.Now()), examineURL(ctx, cfg))
}

// examineDatabase looks at the database, and at what can only be known with it.
func examineDatabase(ctx context.Context, cfg *config.Config) []Finding {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	l, db, err := openStore(ctx, cfg, Existing)
	if err == nil {
		err = db.Ping(ctx)
	}
	if err != nil {
		if db != nil {
			err = errors.Join(err, db.Close())
		}
		return []Finding{bad("database", errors.Join(err, l.release())), examineKey(ctx, cfg, nil)}
	}
	list := []Finding{
		{"database", Good, fmt.Sprintf("%s answers", cfg.Database), ""},
		examineMigrations(ctx, db),
		examineKey(ctx, cfg, db),
	}
	if err := errors.Join(db.Close(), l.release()); err != nil {
		list = append(list, bad("database", err))
	}
	return list
}

// bad makes a finding of an error.
func bad(part string, err error) Finding {
	f := Finding{Part: part, State: Bad, Text: err.Error()}
	if h, ok := errors.AsType[*Hint](err); ok {
		f.Hint = h.Hint
	}
	return f
}

func examineMigrations(ctx context.Context, db *store.DB) Finding {
	const part = "migrations"
	list, err := db.MigrationStatus(ctx)
	if err != nil {
		return bad(part, err)
	}
	pending := 0
	for _, m := range list {
		if !m.Applied {
			pending++
		}
	}
	if pending > 0 {
		return Finding{part, Warn, fmt.Sprintf("%d of %d are not applied", pending, len(list)), "muster migrate up, or muster serve, applies them"}
	}
	return Finding{part, Good, fmt.Sprintf("all %d are applied", len(list)), ""}
}

// examineKey looks at the master key; db is nil where there is no database.
func examineKey(ctx context.Context, cfg *config.Config, db *store.DB) Finding {
	const part = "master key"
	path := cfg.MasterKeyFile
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if db == nil {
			return Finding{part, Warn, "there is none yet at " + path, "muster serve makes it on the first start"}
		}
		return Finding{part, Bad, "there is none at " + path, "put the key back that the database was begun with"}
	}
	keys, err := secret.Open(path)
	if err != nil {
		return bad(part, err)
	}
	if db == nil {
		return Finding{part, Good, path + " can be read by its owner alone", ""}
	}
	h := &House{Config: cfg, DB: db, Keys: keys}
	if err := h.checkKey(ctx); err != nil {
		return bad(part, err)
	}
	return Finding{part, Good, path + " belongs to the database and can be read by its owner alone", ""}
}

// The least space that should be free on the disk, and that must be.
const (
	fewBytes    = 1 << 30
	tooFewBytes = 64 << 20
)

func examineDisk(cfg *config.Config) Finding {
	const part = "disk"
	dir := cfg.DataDir
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return Finding{part, Warn, "there is no folder " + dir + " yet", "muster serve makes it on the first start"}
	}
	f, err := os.CreateTemp(dir, ".doctor-*")
	if err != nil {
		return Finding{part, Bad, "the folder " + dir + " cannot be written to", "give the folder to the user that runs muster"}
	}
	err = errors.Join(f.Close(), os.Remove(f.Name()))
	if err != nil {
		return bad(part, err)
	}
	free, ok := freeBytes(dir)
	text := fmt.Sprintf("%d MiB free in %s", free>>20, dir)
	switch {
	case !ok:
		return Finding{part, Good, dir + " can be written to", ""}
	case free < tooFewBytes:
		return Finding{part, Bad, text, "make room: a full disk refuses every write"}
	case free < fewBytes:
		return Finding{part, Warn, text, "make room before it runs out"}
	}
	return Finding{part, Good, text, ""}
}

// examineClock compares the clock with a time that has certainly passed: that
// of the source which this program was built from.
func examineClock(b Build, now time.Time) Finding {
	const part = "clock"
	text := "it is " + now.UTC().Format(time.RFC3339)
	if built, err := time.Parse(time.RFC3339, b.Time); err == nil && now.Before(built.Add(-time.Hour)) {
		return Finding{part, Bad, text + ", before this program was written", "set the clock, and keep it with NTP: tokens expire by it"}
	}
	return Finding{part, Good, text, ""}
}

// examineURL asks the server at the URL that clients use, and compares clocks.
func examineURL(ctx context.Context, cfg *config.Config) Finding {
	const part = "public URL"
	url := cfg.URL(cfg.Listen)
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/livez", nil)
	if err != nil {
		return bad(part, err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return Finding{part, Warn, "nothing answers at " + url, "start muster serve; if it runs, check --public-url and the proxy before it"}
	}
	if err := res.Body.Close(); err != nil {
		return bad(part, err)
	}
	if res.StatusCode != http.StatusOK || res.Header.Get("X-Request-Id") == "" {
		return Finding{part, Bad, "something else than Muster answers at " + url, "check --public-url and the proxy before it"}
	}
	if there, err := http.ParseTime(res.Header.Get("Date")); err == nil && time.Since(there).Abs() > time.Minute {
		return Finding{part, Warn, fmt.Sprintf("the clocks here and at %s differ by %s", url, time.Since(there).Abs().Round(time.Second)),
			"keep both with NTP"}
	}
	return Finding{part, Good, "Muster answers at " + url, ""}
}
