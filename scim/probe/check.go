package probe

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The dialects of a target.
const (
	rfc    = "rfc"
	strict = "strict"
	entra  = "entra"
	okta   = "okta"
)

// A capability is something that a server may or may not offer.
type capability string

const (
	canPatch  capability = "PATCH"
	canBulk   capability = "Bulk"
	canSort   capability = "sorting"
	canETag   capability = "ETags"
	canFilter capability = "filters"
	canCursor capability = "cursor paging"
	canIndex  capability = "index paging"
	canAsync  capability = "asynchronous requests"
	hasGroups capability = "groups"
	hasEnt    capability = "the enterprise extension"
	hasSecond capability = "a second token of the same organisation"
	hasOther  capability = "a token of another organisation"
)

// A check is one behaviour: what it is called, where it is written, what it
// needs, and the exchanges that show it. Do records the first thing that is not
// as it should be in the session.
type check struct {
	id, title, ref string
	needs          []capability
	do             func(*session)
}

// allChecks lists every check in the order of a run.
func allChecks() []check {
	return slices.Concat(behaviours(), behavioursMore(), filterPoints(), listPoints(), createPoints(),
		patchPoints(), versionPoints(), discoveryPoints(), entraQuirks(), oktaQuirks(), wallChecks())
}

// check carries out one check.
func (r *run) check(ctx context.Context, c check) (res Result) {
	res = Result{ID: c.id, Title: c.title, Ref: c.ref}
	start := time.Now()
	defer func() { res.Duration = time.Since(start) }()
	var missing []string
	for _, n := range c.needs {
		if !r.offers(n) {
			missing = append(missing, string(n))
		}
	}
	if len(missing) > 0 {
		res.Status, res.Detail = Skip, "not offered: "+strings.Join(missing, ", ")
		return res
	}
	s := &session{run: r, ctx: ctx, who: r.first}
	s.guard(c.do)
	switch {
	case s.err != nil:
		res.Status, res.Detail = Fail, s.err.Error()
	case s.skipped != "":
		res.Status, res.Detail = Skip, s.skipped
	case s.asserted == 0:
		res.Status, res.Detail = Fail, "the check compared nothing"
	default:
		res.Status = Pass
	}
	return res
}

// guard runs do and turns a panic into a failure, so that an answer that nobody
// foresaw costs one check and not the clean-up.
func (s *session) guard(do func(*session)) {
	defer func() {
		if p := recover(); p != nil {
			s.failf("the check broke on the server's answers: %v", p)
		}
	}()
	do(s)
}

func (r *run) offers(c capability) bool {
	switch c {
	case hasSecond:
		return r.second.token != ""
	case hasOther:
		return r.other.token != ""
	}
	return !slices.Contains(r.lacking, c)
}

// failf records the first failure; later ones are consequences of it.
func (s *session) failf(format string, args ...any) {
	if s.err == nil {
		s.err = fmt.Errorf(format, args...)
	}
}

// skipf ends the check without a verdict when the server turns out not to have
// what the check needs.
func (s *session) skipf(format string, args ...any) {
	if s.err == nil && s.skipped == "" {
		s.skipped = fmt.Sprintf(format, args...)
	}
}

// over reports whether the check has ended, so that loops may stop.
func (s *session) over() bool { return s.err != nil || s.skipped != "" }

// dialect reports whether the target treats this client in one of the dialects.
func (s *session) dialect(names ...string) bool {
	return slices.Contains(names, s.run.target.Dialect)
}
