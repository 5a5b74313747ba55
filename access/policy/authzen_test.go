package policy

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-id/muster/identity"
)

// certification is the World of the certification scenario of the AuthZEN
// Authorization API 1.0.
func certification() World {
	w := World{
		Actions:       []Action{{ID: read, Name: "read"}, {ID: write, Name: "write"}, {ID: remove, Name: "delete"}},
		ResourceTypes: []ResourceType{{ID: doc, Slug: "record", Name: "Record"}},
		Resources:     []Resource{{testID('r', 1), "record-1", doc}, {testID('r', 2), "record-2", doc}},
		Users:         []identity.ID{alice, bob},
	}
	return w.grant(alice, on("record/*", "read")).
		grant(alice, on("record/*", "write")).
		grant(alice, not(when(on("record/*", "write"), `resource.status eq "archived" and not (subject.role eq "admin")`))).
		grant(alice, when(on("record/*", "delete"), `action.soft eq true`)).
		grant(bob, on("record/record-1", "read")).
		grant(bob, when(on("record/*", "write"), `subject.role eq "admin"`))
}

func TestAuthZENCertification(t *testing.T) {
	s := Compile(certification())
	type props = map[string]any
	for _, tt := range []struct {
		q                       string
		subject, action, record props
		want                    bool
	}{
		{"user alice read record/record-1", nil, nil, nil, true},
		{"user alice read record/record-2", nil, nil, nil, true},
		{"user alice write record/record-1", nil, nil, nil, true},
		{"user bob read record/record-1", nil, nil, nil, true},
		{"user bob write record/record-1", nil, nil, nil, false},
		{"user alice write record/record-1", nil, nil, props{"status": "active"}, true},
		{"user alice write record/record-2", nil, nil, props{"status": "archived"}, false},
		{"user bob write record/record-2", props{"role": "admin"}, nil, props{"status": "archived"}, true},
		{"user alice delete record/record-1", nil, props{"soft": true}, nil, true},
		{"user alice delete record/record-1", nil, props{"soft": false}, nil, false},
		{"user alice delete record/record-1", nil, nil, nil, false},
	} {
		q := ask(tt.q)
		q.Subject.Properties, q.ActionP, q.Resource.Properties = tt.subject, tt.action, tt.record
		if got := s.Decide(q); got.Allow != tt.want {
			t.Errorf("%s %v %v %v: %+v, want %v", tt.q, tt.subject, tt.action, tt.record, got, tt.want)
		}
	}
	q := ask("user bob write record/record-1")
	q.Subject.Properties = props{"role": "admin"}
	ids, _ := s.SearchSubjects(q, "", 10)
	if diff := cmp.Diff([]string{alice.String(), bob.String()}, ids); diff != "" {
		t.Errorf("who may write as an admin: -want +got\n%s", diff)
	}
	names, _ := s.SearchActions(q, "", 10)
	if diff := cmp.Diff([]string{"read", "write"}, names); diff != "" {
		t.Errorf("what bob may do as an admin: -want +got\n%s", diff)
	}
}
