// Package probe examines a SCIM server from outside: it sends the requests that
// clients send and compares the answers with RFC 7643, RFC 7644, RFC 9865 and
// RFC 9967, and with what Entra ID and Okta need. It works against any server,
// imports nothing of this one, and deletes whatever it made.
package probe

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"
)

// A Target is the server to examine and what is known of it.
type Target struct {
	URL   string // the SCIM root, "https://host/scim/v2"; a query is sent with every request
	Token string // bearer token
	// Dialect is how the server treats this client: "rfc" (the default),
	// "strict" (the interoperability profile), "entra" or "okta".
	Dialect string
	// SecondToken belongs to another client of the same organisation, OtherToken
	// to a client of another organisation at OtherURL. Checks that need one that
	// is empty are skipped.
	SecondToken string
	OtherURL    string
	OtherToken  string
	// Client sends the requests; nil is a client of the package's own that does
	// not follow redirects.
	Client *http.Client
	// Only selects checks by id; a pattern may end in "*". Empty selects all.
	Only []string
	// Timeout bounds one request; 0 is 30 seconds.
	Timeout time.Duration
}

// A Status is the outcome of a check.
type Status string

// The outcomes of a check.
const (
	Pass Status = "pass"
	Fail Status = "fail"
	Skip Status = "skip" // the server does not offer what the check needs
)

// A Result is what one check found. Detail says what was sent, what came and
// what was expected, or why the check was skipped; it is empty after a pass.
type Result struct {
	ID       string        `json:"id"`
	Title    string        `json:"title"`
	Ref      string        `json:"ref"`
	Status   Status        `json:"status"`
	Detail   string        `json:"detail,omitempty"`
	Duration time.Duration `json:"-"`
}

// A Summary counts the results of a run.
type Summary struct {
	Passed   int           `json:"passed"`
	Failed   int           `json:"failed"`
	Skipped  int           `json:"skipped"`
	Duration time.Duration `json:"-"`
	// Left are the paths of resources that could not be deleted afterwards.
	Left []string `json:"left,omitempty"`
}

// OK reports whether something was examined and nothing failed.
func (s Summary) OK() bool { return s.Failed == 0 && s.Passed > 0 }

// Run examines the target and calls report after each check, in order. The
// error is for a target that cannot be examined at all, and for a context that
// ended early; failed checks are not errors.
func Run(ctx context.Context, t Target, report func(Result)) (Summary, error) {
	start := time.Now()
	run, chosen, err := prepare(t)
	if err != nil {
		return Summary{}, err
	}
	run.discover(ctx)
	var sum Summary
	for _, c := range chosen {
		if ctx.Err() != nil {
			break
		}
		res := run.check(ctx, c)
		if ctx.Err() != nil {
			break // the result says only that we were stopped
		}
		switch res.Status {
		case Pass:
			sum.Passed++
		case Fail:
			sum.Failed++
		case Skip:
			sum.Skipped++
		}
		if report != nil {
			report(res)
		}
	}
	sum.Left = run.cleanUp(ctx)
	sum.Duration = time.Since(start)
	if err := ctx.Err(); err != nil {
		return sum, fmt.Errorf("probe %s: %w", t.URL, err)
	}
	return sum, nil
}

// prepare checks the target and chooses the checks.
func prepare(t Target) (*run, []check, error) {
	base, err := parseBase(t.URL)
	if err != nil {
		return nil, nil, err
	}
	switch t.Dialect {
	case "":
		t.Dialect = rfc
	case rfc, strict, entra, okta:
	default:
		return nil, nil, fmt.Errorf("dialect %q is none of rfc, strict, entra, okta", t.Dialect)
	}
	chosen, err := choose(allChecks(), t.Only)
	if err != nil {
		return nil, nil, err
	}
	if t.Client == nil {
		t.Client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		}}
	}
	if t.Timeout <= 0 {
		t.Timeout = 30 * time.Second
	}
	r := &run{target: t, first: access{base: base, token: t.Token}, made: map[string]access{}}
	r.second = access{base: base, token: t.SecondToken}
	if t.OtherToken != "" {
		other := base
		if t.OtherURL != "" {
			if other, err = parseBase(t.OtherURL); err != nil {
				return nil, nil, err
			}
		}
		r.other = access{base: other, token: t.OtherToken}
	}
	var b [4]byte
	rand.Read(b[:]) // never fails
	r.prefix = "probe-" + hex.EncodeToString(b[:]) + "-"
	return r, chosen, nil
}

func parseBase(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil {
		return nil, fmt.Errorf("the URL of the SCIM root cannot be read: %w", err)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, errors.New("the URL of the SCIM root must begin with http:// or https:// and name a host")
	}
	u.Path, u.RawPath, u.Fragment = strings.TrimRight(u.Path, "/"), "", ""
	return u, nil
}

// choose returns the checks whose id matches a pattern. A pattern also takes in
// the parts of a check: "B14" chooses "B14" and "B14.2".
func choose(all []check, only []string) ([]check, error) {
	if len(only) == 0 {
		return all, nil
	}
	var chosen []check
	used := make([]bool, len(only))
	for _, c := range all {
		whole, _, _ := strings.Cut(c.id, ".")
		match := false
		for i, p := range only {
			p = strings.ToUpper(strings.TrimSpace(p))
			a, err := path.Match(p, c.id)
			if err != nil {
				return nil, fmt.Errorf("the pattern %q is malformed", only[i])
			}
			if b, _ := path.Match(p, whole); a || b {
				match, used[i] = true, true
			}
		}
		if match {
			chosen = append(chosen, c)
		}
	}
	if i := slices.Index(used, false); i >= 0 {
		return nil, fmt.Errorf("no check matches %q", only[i])
	}
	return chosen, nil
}
