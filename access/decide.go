package access

import (
	"context"
	"time"

	"github.com/muster-id/muster/access/policy"
	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/filter"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/store"
)

// Decide answers a question in the actor's organisation. Subject ids may be
// UUIDs, or user names for users, display names for groups, client ids for apps.
// It needs no permission: doors ask for AccessRead.
func (s *Service) Decide(ctx context.Context, org identity.OrgID, q policy.Question) (policy.Decision, error) {
	now := time.Now()
	r, st, err := s.stateAt(ctx, org, now)
	if err == nil {
		if q.At.IsZero() && s.real {
			q.At = now
		}
		err = s.ready(ctx, r, st, &q)
	}
	if err != nil {
		return policy.Decision{}, err
	}
	return st.snap.Decide(q), nil
}

// DecideAll answers many questions against one and the same snapshot.
func (s *Service) DecideAll(ctx context.Context, org identity.OrgID, qs []policy.Question) ([]policy.Decision, error) {
	r, st, err := s.state(ctx, org)
	if err != nil {
		return nil, err
	}
	if qs, err = s.readyAll(ctx, r, st, qs); err != nil {
		return nil, err
	}
	return st.snap.DecideAll(qs), nil
}

// readyAll is ready for copies of questions.
func (s *Service) readyAll(ctx context.Context, r *realm, st *state, qs []policy.Question) ([]policy.Question, error) {
	out := make([]policy.Question, len(qs))
	at := s.now()
	for i, q := range qs {
		if q.At.IsZero() {
			q.At = at
		}
		if err := s.ready(ctx, r, st, &q); err != nil {
			return nil, err
		}
		out[i] = q
	}
	return out, nil
}

// ready fills in the time of a question and makes an id of the name of its
// subject. A name of nobody stays: nothing is allowed to it.
func (s *Service) ready(ctx context.Context, r *realm, st *state, q *policy.Question) error {
	if q.At.IsZero() {
		q.At = s.now()
	}
	if looksLikeID(q.Subject.ID) {
		return nil
	}
	id, err := s.named(ctx, r, st, q.Subject)
	if err == nil && !id.IsZero() {
		q.Subject.ID = id.String()
	}
	return err
}

// looksLikeID reports whether a text has the form of a UUID.
func looksLikeID(text string) bool {
	return len(text) == 36 && text[8] == '-' && text[13] == '-' && text[18] == '-' && text[23] == '-'
}

// A name is what a subject is called in an organisation.
type name struct {
	typ  identity.SubjectType
	text string
}

// subjectType reads a type of subject in any case; "" if there is none such.
func subjectType(text string) identity.SubjectType {
	switch fold(text) {
	case "user":
		return identity.UserSubject
	case "group":
		return identity.GroupSubject
	case "app":
		return identity.AppSubject
	}
	return ""
}

// named finds the subject with a name, the zero id if there is none, or more
// than one.
func (s *Service) named(ctx context.Context, r *realm, st *state, e policy.Entity) (identity.ID, error) {
	n := name{subjectType(e.Type), e.ID}
	if n.typ == "" || n.text == "" || len(n.text) > maxNameLength {
		return identity.ID{}, nil
	}
	if id, ok := r.names.Get(st.named, n); ok {
		return id, nil
	}
	id, err := s.lookUp(ctx, st.chain[0], n)
	if err == nil {
		r.names.Put(st.named, n, id)
	}
	return id, err
}

// Named finds the user with a user name, the group with a display name or the app
// with a client id in an organisation: the zero id if there is none, or more than
// one.
func (s *Service) Named(ctx context.Context, org identity.OrgID, typ identity.SubjectType, text string) (identity.ID, error) {
	if subjectType(string(typ)) != typ || typ == "" || text == "" || len(text) > maxNameLength {
		return identity.ID{}, nil
	}
	return s.lookUp(ctx, org, name{typ, text})
}

// maxNameLength bounds the names that are looked up and remembered.
const maxNameLength = 1024

func (s *Service) lookUp(ctx context.Context, org identity.OrgID, n name) (id identity.ID, err error) {
	if n.typ == identity.AppSubject {
		err := s.db.View(ctx, func(tx *store.Tx) error {
			a, err := tx.AppByClientID(ctx, org, n.text)
			id = a.ID
			return err
		})
		if identity.KindOf(err) == identity.NotFound {
			return identity.ID{}, nil
		}
		return id, err
	}
	attr := "userName"
	if n.typ == identity.GroupSubject {
		attr = "displayName"
	}
	reg, err := s.dir.Registry(ctx, org)
	if err != nil {
		return id, err
	}
	rt := reg.TypeByName(string(n.typ))
	e, err := filter.Bind(&filter.Compare{Attr: filter.AttrPath{Name: attr}, Op: filter.Eq, Value: n.text}, rt, schema.Dialect{})
	if err != nil {
		return id, err
	}
	p, err := s.dir.Query(ctx, identity.Actor{Org: org}, directory.Query{
		Types: []*schema.ResourceType{rt}, Filter: map[*schema.ResourceType]filter.Expr{rt: e}, Count: 2,
	}, directory.Rows{})
	if err != nil || len(p.Resources) != 1 {
		return id, err
	}
	return p.Resources[0].ID, nil
}

// An Explanation is a decision with the names of what led to it.
type Explanation struct {
	policy.Decision
	Names map[identity.ID]string // of every role, permission and group in the reasons
}

// Explain is Decide with reasons and names for people.
func (s *Service) Explain(ctx context.Context, org identity.OrgID, q policy.Question) (*Explanation, error) {
	r, st, err := s.state(ctx, org)
	if err == nil {
		err = s.ready(ctx, r, st, &q)
	}
	if err != nil {
		return nil, err
	}
	x := &Explanation{Decision: st.snap.Explain(q)}
	x.Names, err = s.namesIn(ctx, st.chain, x.Decision)
	return x, err
}

// Names returns the names of the roles, permissions and groups in the reasons of
// decisions; those that are not stored are left out.
func (s *Service) Names(ctx context.Context, org identity.OrgID, list ...policy.Decision) (map[identity.ID]string, error) {
	_, st, err := s.state(ctx, org)
	if err != nil {
		return nil, err
	}
	var all policy.Decision
	for _, d := range list {
		all.Reasons, all.Nearest = append(all.Reasons, d.Reasons...), append(all.Nearest, d.Nearest...)
	}
	return s.namesIn(ctx, st.chain, all)
}

// namesIn looks up what the roles, permissions and groups of a decision are
// called.
func (s *Service) namesIn(ctx context.Context, chain []identity.OrgID, d policy.Decision) (map[identity.ID]string, error) {
	var want ids
	for _, list := range [][]policy.Reason{d.Reasons, d.Nearest} {
		for _, r := range list {
			for _, id := range append([]identity.ID{r.Role, r.Permission}, r.Groups...) {
				if !id.IsZero() {
					want.add(id)
				}
			}
		}
	}
	names := map[identity.ID]string{}
	if len(want.list) == 0 {
		return names, nil
	}
	err := s.db.View(ctx, func(tx *store.Tx) error {
		for _, org := range chain {
			if err := addNames(ctx, tx, org, want.list, names); err != nil {
				return err
			}
		}
		return nil
	})
	return names, err
}
