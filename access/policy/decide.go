package policy

import "time"

// What Decide says in Why.
const (
	whyAllowed    = "A role of the subject allows it."
	whyNot        = "No role of the subject allows it."
	whyDenied     = "A statement of one of the subject's roles denies it."
	whyUnknown    = "The subject is not known."
	whyInactive   = "The subject is not active."
	whyNoAction   = "The action is not known."
	whyNoResource = "The resource is not known, and no resource type is named."
	whyOtherType  = "The resource is of another type."
	whyNotOfType  = "The action is not one of those of the resource type."
)

// asked is a question whose names have been looked up.
type asked struct {
	q       *Question
	subject *subject
	action  uint32
	typ     *resourceType // nil: neither registered nor named by a statement
	known   *resource     // nil: not registered
	slug    string
	at      int64
}

// Decide answers one question, with Allow and a fixed sentence in Why.
func (s *Snapshot) Decide(q Question) Decision { return s.decide(&q) }

// DecideAll answers several. Those without a time are answered for the same.
func (s *Snapshot) DecideAll(qs []Question) []Decision {
	out := make([]Decision, len(qs))
	now := time.Now()
	for i := range qs {
		q := qs[i]
		if q.At.IsZero() {
			q.At = now
		}
		out[i] = s.decide(&q)
	}
	return out
}

func (s *Snapshot) decide(q *Question) Decision {
	a := asked{q: q} // not set further down: a pointer that is stored through another escapes
	if why := s.lookUp(q, &a); why != "" {
		return Decision{Why: why}
	}
	var few [8]uint32
	allow, why := s.judge(&a, s.rules.reach(&a, few[:0]))
	return Decision{Allow: allow, Why: why}
}

// lookUp resolves a question; why is set if it is refused for its names alone.
func (s *Snapshot) lookUp(q *Question, a *asked) (why string) {
	if why = s.lookUpSubject(q, a); why != "" {
		return why
	}
	var ok bool
	if a.action, ok = s.rules.action(q.Action); !ok {
		return whyNoAction
	}
	return s.rules.lookUpResource(q, a)
}

func (s *Snapshot) lookUpSubject(q *Question, a *asked) (why string) {
	id, ok := parseID(q.Subject.ID)
	if !ok {
		return whyUnknown
	}
	if _, a.subject = s.find(id); a.subject == nil || a.subject.kind != kindOf(q.Subject.Type) {
		a.subject = nil
		return whyUnknown
	}
	if a.subject.inactive {
		return whyInactive
	}
	if a.subject.temp != nil {
		a.at = momentOf(q.At)
	}
	return ""
}

// momentOf returns the instant of a question; the zero time is now.
func momentOf(t time.Time) int64 {
	if t.IsZero() {
		t = time.Now()
	}
	return instant(t)
}

// action returns an active action by name or id.
func (r *rules) action(name string) (uint32, bool) { return numberOf(r.actionBy, name) }

// typeOf returns a type by slug, id or name.
func (r *rules) typeOf(name string) (uint32, bool) { return numberOf(r.typeBy, name) }

// numberOf looks up a name as it is, or an id in any case.
func numberOf(by map[string]uint32, name string) (uint32, bool) {
	n, ok := by[name]
	if !ok {
		if id, isID := parseID(name); isID {
			n, ok = by[id.String()]
		}
	}
	return n, ok
}

// lookUpResource resolves the resource of a question and checks that its type
// has the action.
func (r *rules) lookUpResource(q *Question, a *asked) (why string) {
	a.slug = q.Resource.ID
	n, found := uint32(0), false
	if q.Resource.Type == "" {
		if n, found = r.resourceByID(q.Resource.ID); !found {
			return whyNoResource
		}
	} else if t, ok := r.typeOf(q.Resource.Type); ok {
		a.typ = &r.types[t]
		if n, found = a.typ.slugs[q.Resource.ID]; !found {
			if n, found = r.resourceByID(q.Resource.ID); found && r.resources[n].typ != t {
				return whyOtherType
			}
		}
	} else if _, found := r.resourceByID(q.Resource.ID); found {
		return whyOtherType
	}
	if found {
		a.known = &r.resources[n]
		a.typ, a.slug = &r.types[a.known.typ], a.known.slug
	}
	if a.typ != nil && a.typ.actions != nil && !a.typ.actions[a.action] {
		return whyNotOfType
	}
	return ""
}

func (r *rules) resourceByID(text string) (uint32, bool) {
	id, ok := parseID(text)
	if !ok {
		return 0, false
	}
	n, ok := r.resourceBy[id]
	return n, ok
}

// reach appends the scopes that a question is in.
func (r *rules) reach(a *asked, scopes []uint32) []uint32 {
	scopes = append(scopes, everything)
	t := a.typ
	if t == nil {
		return scopes
	}
	if t.scope != nothing {
		scopes = append(scopes, t.scope)
	}
	if a.known != nil {
		if a.known.scope != nothing {
			scopes = append(scopes, a.known.scope)
		}
	} else if n := t.names[a.slug]; n != nothing {
		scopes = append(scopes, n)
	}
	for i := range t.patterns {
		if t.patterns[i].match(a.slug) {
			scopes = append(scopes, t.patterns[i].scope)
		}
	}
	return scopes
}

// judge decides: what denies wins; what is conditional is evaluated only where
// it matters.
func (s *Snapshot) judge(a *asked, scopes []uint32) (allow bool, why string) {
	r := s.rules
	waiting := false
	for _, sc := range scopes {
		c := r.scopes[sc].cell(a.action)
		if c == nil {
			continue
		}
		if c.deny.n != 0 && a.has(r, c.deny) {
			return false, whyDenied
		}
		allow = allow || c.allow.n != 0 && a.has(r, c.allow)
		for i := range c.conds {
			x := &c.conds[i]
			switch {
			case !x.deny:
				waiting = true
			case a.has(r, x.set):
				if yes, known := s.holds(a, x.cond); yes || !known {
					return false, whyDenied
				}
			}
		}
	}
	if !allow && waiting {
		allow = s.judgeConditions(a, scopes)
	}
	if allow {
		return true, whyAllowed
	}
	return false, whyNot
}

// judgeConditions reports whether a grant with a condition reaches.
func (s *Snapshot) judgeConditions(a *asked, scopes []uint32) bool {
	r := s.rules
	for _, sc := range scopes {
		c := r.scopes[sc].cell(a.action)
		if c == nil {
			continue
		}
		for i := range c.conds {
			x := &c.conds[i]
			if !x.deny && a.has(r, x.set) {
				if yes, known := s.holds(a, x.cond); yes && known {
					return true
				}
			}
		}
	}
	return false
}

// has reports whether the subject has one of the roles of a set.
func (a *asked) has(rules *rules, set roleSet) bool {
	for _, r := range a.subject.roles {
		if rules.has(set, r) {
			return true
		}
	}
	if a.subject.temp != nil {
		for _, l := range *a.subject.temp {
			if a.at < l.until && rules.has(set, l.role) {
				return true
			}
		}
	}
	return false
}

// holds evaluates a condition.
func (s *Snapshot) holds(a *asked, c *Condition) (yes, known bool) {
	e := evaluation{
		subjectP: a.q.Subject.Properties, actionP: a.q.ActionP, resourceP: a.q.Resource.Properties, context: a.q.Context,
		subject: a.subject.id, kind: a.subject.kind,
		action: s.rules.actions[a.action], resourceType: a.q.Resource.Type, resource: a.slug,
	}
	if a.typ != nil {
		e.resourceType = a.typ.slug
	}
	return e.holds(c)
}
