package policy

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-id/muster/identity"
)

var (
	alice, bob, carol, gone = testID('u', 1), testID('u', 2), testID('u', 3), testID('u', 4)
	staff, writers          = testID('g', 1), testID('g', 2)
	robot                   = testID('s', 1)
	read, write, remove     = testID('a', 1), testID('a', 2), testID('a', 3)
	doc, note               = testID('t', 1), testID('t', 2)
	readme, secret          = testID('r', 1), testID('r', 2)
)

// office is the World of the table tests: a role for each thing to show. Alice
// is a writer, writers are staff; bob has roles of his own; carol is a guest.
func office(roles ...Role) World {
	w := World{
		Actions: []Action{{ID: read, Name: "read"}, {ID: write, Name: "write"}, {ID: remove, Name: "delete"}, {ID: testID('a', 9), Name: "burn", Inactive: true}},
		ResourceTypes: []ResourceType{
			{ID: doc, Slug: "doc", Name: "Document"},
			{ID: note, Slug: "note", Name: "Note", Actions: []identity.ID{read, write}},
		},
		Resources: []Resource{{readme, "readme", doc}, {secret, "secret", doc}, {testID('r', 3), "readme", note}},
		Users:     []identity.ID{alice, bob, carol, gone}, Inactive: []identity.ID{gone}, Guests: []identity.ID{carol},
		Groups: []identity.ID{staff, writers}, Apps: []identity.ID{robot},
		Members: []Membership{{writers, alice}, {staff, writers}, {staff, robot}},
		Roles:   roles,
	}
	return w
}

// grant makes a role with one statement that a subject has.
func (w World) grant(to identity.ID, s Statement) World {
	n := len(w.Roles) + 1
	w.Roles = append(w.Roles, Role{ID: testID('o', n), Name: "role", Statements: []Statement{s}})
	t := map[byte]identity.SubjectType{'u': identity.UserSubject, 'g': identity.GroupSubject, 's': identity.AppSubject}[to[0]]
	w.Assignments = append(w.Assignments, identity.Assignment{ID: testID('x', n), Role: testID('o', n), Type: t, Subject: to})
	return w
}

func on(resource string, actions ...string) Statement {
	return Statement{Actions: actions, Resource: resource}
}

func not(s Statement) Statement { s.Deny = true; return s }

func when(s Statement, condition string) Statement { s.Condition = condition; return s }

// ask reads "user alice read doc/readme".
func ask(text string) Question {
	names := map[string]identity.ID{"alice": alice, "bob": bob, "carol": carol, "gone": gone, "staff": staff, "writers": writers, "robot": robot}
	part := strings.SplitN(text, " ", 4)
	q := Question{Subject: Entity{Type: part[0], ID: part[1]}, Action: part[2], At: now}
	if id, ok := names[part[1]]; ok {
		q.Subject.ID = id.String()
	}
	q.Resource.Type, q.Resource.ID, _ = strings.Cut(part[3], "/")
	return q
}

func TestDecide(t *testing.T) {
	everyone := office(Role{ID: testID('o', 1), Name: "member", Statements: []Statement{on("doc/readme", "read")}})
	everyone.Everyone = []identity.ID{testID('o', 1)}
	loop := office().grant(staff, on("doc/*", "read"))
	loop.Members = append(loop.Members, Membership{writers, staff}, Membership{staff, staff})
	twice := office().grant(bob, on("readme", "read"))
	wrongType := office().grant(bob, on("*", "*"))
	wrongType.Assignments[0].Type = identity.AppSubject
	inactive := office().grant(gone, on("*", "*"))
	for phrase, tt := range map[string]struct {
		w    World
		q    string
		want string
	}{
		"nothing is granted":                   {office(), "user bob read doc/readme", whyNot},
		"by names":                             {office().grant(bob, on("doc/readme", "read")), "user bob read doc/readme", whyAllowed},
		"by ids in the statement":              {office().grant(bob, on(readme.String(), read.String())), "user bob read doc/readme", whyAllowed},
		"by ids in the question":               {office().grant(bob, on("doc/readme", "read")), "user bob " + read.String() + " " + doc.String() + "/" + readme.String(), whyAllowed},
		"by ids in capitals":                   {office().grant(bob, on("doc/readme", "read")), "USER " + strings.ToUpper(bob.String()) + " read doc/" + strings.ToUpper(readme.String()), whyAllowed},
		"by the name of the type":              {office().grant(bob, on("doc/readme", "read")), "user bob read Document/readme", whyAllowed},
		"an id needs no type":                  {office().grant(bob, on("doc/readme", "read")), "user bob read /" + readme.String(), whyAllowed},
		"a slug needs a type":                  {office().grant(bob, on("*", "*")), "user bob read /readme", whyNoResource},
		"another action":                       {office().grant(bob, on("doc/readme", "read")), "user bob write doc/readme", whyNot},
		"another resource":                     {office().grant(bob, on("doc/readme", "read")), "user bob read doc/secret", whyNot},
		"B53 another case":                     {office().grant(bob, on("doc/readme", "read")), "user bob read doc/README", whyNot},
		"another subject":                      {office().grant(bob, on("doc/readme", "read")), "user alice read doc/readme", whyNot},
		"the type is not the type":             {office().grant(bob, on("doc/readme", "read")), "app bob read doc/readme", whyUnknown},
		"a type nobody knows":                  {office().grant(bob, on("*", "*")), "robot bob read doc/readme", whyUnknown},
		"no such subject":                      {office().grant(bob, on("*", "*")), "user bobby read doc/readme", whyUnknown},
		"an inactive user":                     {inactive, "user gone read doc/readme", whyInactive},
		"every action":                         {office().grant(bob, on("doc/readme", "*")), "user bob delete doc/readme", whyAllowed},
		"every action but those not there":     {office().grant(bob, on("*", "*")), "user bob dance doc/readme", whyNoAction},
		"an inactive action":                   {office().grant(bob, on("*", "*")), "user bob burn doc/readme", whyNoAction},
		"everything":                           {office().grant(bob, on("*", "read")), "user bob read doc/secret", whyAllowed},
		"everything of unknown types":          {office().grant(bob, on("*", "read")), "user bob read planet/mars", whyAllowed},
		"an action the type does not have":     {office().grant(bob, on("*", "*")), "user bob delete note/readme", whyNotOfType},
		"all of a type":                        {office().grant(bob, on("doc/*", "read")), "user bob read doc/secret", whyAllowed},
		"all of a type, not registered":        {office().grant(bob, on("doc/*", "read")), "user bob read doc/draft", whyAllowed},
		"a type that is not registered":        {office().grant(bob, on("planet/ma*", "read")), "user bob read planet/mars", whyAllowed},
		"a slug that is not registered":        {office().grant(bob, on("doc/draft", "read")), "user bob read doc/draft", whyAllowed},
		"a pattern":                            {office().grant(bob, on("doc/r*m*", "read")), "user bob read doc/readme", whyAllowed},
		"a pattern of another type":            {office().grant(bob, on("note/r*", "read")), "user bob read doc/readme", whyNot},
		"a bare slug":                          {office().grant(bob, on("secret", "read")), "user bob read doc/secret", whyAllowed},
		"a bare slug of two":                   {twice, "user bob read doc/readme", whyNot},
		"a bare slug of two denies both":       {office().grant(bob, on("*", "read")).grant(bob, not(on("readme", "read"))), "user bob read note/readme", whyDenied},
		"B53 an id under another type":         {office().grant(bob, on("note/*", "read")), "user bob read note/" + secret.String(), whyOtherType},
		"B53 an id under an unknown type":      {office().grant(bob, on("*", "read")), "user bob read planet/" + secret.String(), whyOtherType},
		"B53 a star in the type is no pattern": {office().grant(bob, on("*/readme", "read")), "user bob read doc/readme", whyNot},
		"B53 a path with dots is text":         {office().grant(bob, on("doc/pub/*", "read")), "user bob read doc/secret/../pub/x", whyNot},
		"B53 a pattern does not normalise":     {office().grant(bob, on("doc/pub/*", "read")).grant(bob, not(on("doc/secret", "read"))), "user bob read doc/pub/../secret", whyAllowed},
		"B53 a percent sign is text":           {office().grant(bob, on("doc/a%2Fb", "read")), "user bob read doc/a/b", whyNot},
		"a group gives to its members":         {office().grant(writers, on("doc/*", "read")), "user alice read doc/readme", whyAllowed},
		"a group gives below":                  {office().grant(staff, on("doc/*", "read")), "user alice read doc/readme", whyAllowed},
		"a group does not give above":          {office().grant(writers, on("doc/*", "read")), "group staff read doc/readme", whyNot},
		"a group is a subject":                 {office().grant(staff, on("doc/*", "read")), "group writers read doc/readme", whyAllowed},
		"groups in a circle":                   {loop, "user alice read doc/readme", whyAllowed},
		"groups in a circle are one":           {loop, "group staff read doc/readme", whyAllowed},
		"an app has what is its own":           {office().grant(robot, on("doc/*", "read")), "app robot read doc/readme", whyAllowed},
		"an app has nothing of groups":         {office().grant(staff, on("doc/*", "read")), "app robot read doc/readme", whyNot},
		"an assignment of another type":        {wrongType, "user bob read doc/readme", whyNot},
		"everyone":                             {everyone, "user bob read doc/readme", whyAllowed},
		"everyone but guests":                  {everyone, "user carol read doc/readme", whyNot},
		"everyone is not groups":               {everyone, "group staff read doc/readme", whyNot},
		"a denial wins":                        {office().grant(bob, on("doc/*", "*")).grant(bob, not(on("doc/secret", "read"))), "user bob read doc/secret", whyDenied},
		"a denial of a group wins":             {office().grant(alice, on("doc/*", "*")).grant(staff, not(on("*", "*"))), "user alice read doc/secret", whyDenied},
		"a denial is about its action":         {office().grant(bob, on("doc/*", "*")).grant(bob, not(on("doc/secret", "write"))), "user bob read doc/secret", whyAllowed},
		"a condition that is true":             {office().grant(bob, when(on("doc/*", "read"), `subject.type eq "user"`)), "user bob read doc/secret", whyAllowed},
		"a condition that is not":              {office().grant(bob, when(on("doc/*", "read"), `context.vpn eq true`)), "user bob read doc/secret", whyNot},
		"a condition that does not parse":      {office().grant(bob, when(on("doc/*", "read"), `context.vpn eq`)), "user bob read doc/secret", whyNot},
		"a denial whose condition does not":    {office().grant(bob, on("*", "*")).grant(bob, not(when(on("*", "*"), `(`))), "user bob read doc/secret", whyDenied},
		"a denial under a condition":           {office().grant(bob, on("*", "*")).grant(bob, not(when(on("*", "*"), `resource.id eq "secret"`))), "user bob read doc/secret", whyDenied},
		"and another resource":                 {office().grant(bob, on("*", "*")).grant(bob, not(when(on("*", "*"), `resource.id eq "secret"`))), "user bob read doc/readme", whyAllowed},
		"B53 a property is not the id":         {office().grant(bob, when(on("doc/*", "read"), `resource.id eq "x"`)), "user bob read doc/readme", whyNot},
	} {
		t.Run(phrase, func(t *testing.T) {
			s, q := Compile(tt.w), ask(tt.q)
			q.Resource.Properties = map[string]any{"id": "x"}
			got := s.Decide(q)
			if got.Why != tt.want || got.Allow != (tt.want == whyAllowed) {
				t.Errorf("Decide(%s) = %+v, want %q", tt.q, got, tt.want)
			}
			if x := s.Explain(q); x.Allow != got.Allow {
				t.Errorf("Explain(%s) = %+v", tt.q, x)
			}
		})
	}
}

func TestExpiry(t *testing.T) {
	w := office().grant(staff, on("doc/*", "read"))
	w.Assignments[0].Expires = now
	s := Compile(w)
	for _, tt := range []struct {
		at   time.Duration
		want bool
	}{{-time.Hour, true}, {-time.Microsecond, true}, {0, false}, {time.Nanosecond, false}, {time.Hour, false}} {
		q := ask("user alice read doc/readme")
		q.At = now.Add(tt.at)
		if got := s.Decide(q).Allow; got != tt.want {
			t.Errorf("%v after the end: allowed %v, want %v", tt.at, got, tt.want)
		}
		ids, _ := s.SearchSubjects(q, "", 0)
		if got := len(ids) == 1; got != tt.want {
			t.Errorf("%v after the end: found %v", tt.at, ids)
		}
		if got := s.Count(testID('o', 1), q.At); got != map[bool]int{true: 1}[tt.want] {
			t.Errorf("%v after the end: %d have the role", tt.at, got)
		}
	}
	q := ask("user alice read doc/readme")
	q.At = time.Time{}
	if s.Decide(q).Allow {
		t.Error("without a time, an assignment that has ended allows")
	}
	w.Assignments = append(w.Assignments, w.Assignments[0])
	w.Assignments[1].ID, w.Assignments[1].Expires = testID('x', 9), now.Add(time.Hour)
	q.At = now
	if !Compile(w).Decide(q).Allow {
		t.Error("of two assignments the longer one counts")
	}
}

func TestExplain(t *testing.T) {
	w := office().grant(staff, on("doc/readme", "read")).grant(bob, not(on("doc/secret", "*"))).
		grant(bob, on("doc/*", "read")).grant(alice, when(on("doc/secret", "read"), `context.vpn eq true`))
	w.Permissions = []Permission{{ID: testID('p', 1), Name: "Reading", Statements: w.Roles[0].Statements}}
	w.Roles[0].Statements, w.Roles[0].Permissions, w.Roles[0].Name = nil, []identity.ID{testID('p', 1)}, "Reader"
	w.Assignments[0].Inherited, w.Assignments[0].Org = true, identity.OrgID{5}
	s := Compile(w)
	for phrase, tt := range map[string]struct {
		q    string
		want Decision
	}{
		"a grant": {"user alice read doc/readme", Decision{
			Allow: true, Why: "Role Reader, by a group above the subject's, allows it through permission Reading.",
			Reasons: []Reason{{Assignment: testID('x', 1), Inherited: identity.OrgID{5}, Groups: []identity.ID{writers, staff}, Role: testID('o', 1), Permission: testID('p', 1)}},
		}},
		"a denial": {"user bob read doc/secret", Decision{
			Why: "Role role denies it.", Reasons: []Reason{{Assignment: testID('x', 2), Role: testID('o', 2), Deny: true}},
		}},
		"a condition that is not true": {"user alice read doc/secret", Decision{Why: whyNot, Nearest: []Reason{
			{Assignment: testID('x', 4), Role: testID('o', 4), Condition: "context.vpn eq true", Missing: MissingCondition},
			{Role: testID('o', 3), Missing: MissingAssignment},
			{Assignment: testID('x', 1), Inherited: identity.OrgID{5}, Groups: []identity.ID{writers, staff}, Role: testID('o', 1), Permission: testID('p', 1), Missing: MissingResource},
		}}},
		"another action": {"user bob write doc/readme", Decision{Why: whyNot, Nearest: []Reason{
			{Assignment: testID('x', 3), Role: testID('o', 3), Missing: MissingAction},
		}}},
		"nobody knows": {"user x read doc/readme", Decision{Why: whyUnknown}},
	} {
		if diff := cmp.Diff(tt.want, s.Explain(ask(tt.q))); diff != "" {
			t.Errorf("%s: Explain(%s): -want +got\n%s", phrase, tt.q, diff)
		}
	}
}

func TestNearest(t *testing.T) {
	w := office().grant(gone, on("doc/*", "read")).grant(bob, on("doc/*", "read"))
	w.Assignments[1].Expires = now
	for i := range 9 {
		w = w.grant(alice, on("note/x"+string(rune('0'+i)), "read"))
	}
	s := Compile(w)
	for q, want := range map[string]Missing{
		"user gone read doc/readme":   MissingSubject,
		"user bob read doc/readme":    MissingExpired,
		"user alice read doc/readme":  MissingAssignment,
		"user alice write note/x1":    MissingAction,
		"user alice read note/readme": MissingResource,
	} {
		got := s.Explain(ask(q)).Nearest
		if len(got) == 0 || len(got) > maxNearest || got[0].Missing != want {
			t.Errorf("Explain(%s): nearest %+v, want first %q and at most %d", q, got, want, maxNearest)
		}
	}
}

func TestDecideAllocatesNothing(t *testing.T) {
	s := Compile(office().grant(staff, on("doc/*", "read")).grant(alice, when(on("note/*", "read"), `context.n gt 3 and resource.type eq "note"`)))
	plain, conditional := ask("user alice read doc/readme"), ask("user alice read note/readme")
	conditional.Context = map[string]any{"n": 4.0}
	if n := testing.AllocsPerRun(100, func() {
		if !s.Decide(plain).Allow || !s.Decide(conditional).Allow {
			t.Fatal("not allowed")
		}
	}); n != 0 {
		t.Errorf("two decisions allocate %v times", n)
	}
}
