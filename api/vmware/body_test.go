package vmware

import (
	"encoding/json"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-id/muster/identity"
)

func TestRolesPatch(t *testing.T) {
	at := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	for phrase, c := range map[string]struct {
		text        string
		add, remove []roleRef
	}{
		"nothing":         {`{}`, nil, nil},
		"names":           {`{"roleNamesToAdd":["a"],"roleNamesToRemove":["b"]}`, []roleRef{{Name: "a"}}, []roleRef{{Name: "b"}}},
		"objects":         {`{"rolesToAdd":[{"id":"x","name":"a","membershipType":"DIRECT"}]}`, []roleRef{{ID: "x", Name: "a"}}, nil},
		"texts":           {`{"rolesToRemove":["b"]}`, nil, []roleRef{{Name: "b"}}},
		"a time":          {`{"rolesToAdd":[{"name":"a","expiresAt":"2030-01-02T03:04:05Z"}]}`, []roleRef{{Name: "a", Expires: at}}, nil},
		"milliseconds":    {`{"rolesToAdd":[{"name":"a","expiresAt":1893553445000}]}`, []roleRef{{Name: "a", Expires: at}}, nil},
		"never":           {`{"rolesToAdd":[{"name":"a","expiresAt":0},{"name":"b","expiresAt":""},{"name":"c","expiresAt":null}]}`, []roleRef{{Name: "a"}, {Name: "b"}, {Name: "c"}}, nil},
		"unknown members": {`{"notifyUsersInGroups":true}`, nil, nil},
	} {
		t.Run(phrase, func(t *testing.T) {
			var p rolesPatch
			if err := decode([]byte(c.text), &p); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([2][]roleRef{c.add, c.remove}, [2][]roleRef{p.add(), p.remove()}); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	for phrase, text := range map[string]string{
		"a number": `7`, "nothing": ``, "a list": `[]`, "two": `{} {}`, "a negative time": `{"rolesToAdd":[{"expiresAt":-1}]}`,
		"a time beyond years": `{"rolesToAdd":[{"expiresAt":9e18}]}`, "no time": `{"rolesToAdd":[{"expiresAt":{}}]}`, "no UTF-8": "{\"a\":\"\xff\"}",
	} {
		t.Run("refused: "+phrase, func(t *testing.T) {
			var p rolesPatch
			if err := decode([]byte(text), &p); identity.KindOf(err) != identity.Invalid {
				t.Errorf("decode = %v", err)
			}
		})
	}
}

func FuzzRolesPatch(f *testing.F) {
	f.Add([]byte(`{"roleNamesToAdd":["a"],"rolesToAdd":[{"id":"x","expiresAt":1}],"rolesToRemove":["b"]}`))
	f.Add([]byte(`{"serviceRoles":[{"serviceDefinitionId":"x","rolesToAdd":[{"expiresAt":"2030-01-02T03:04:05Z"}]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var p updateMemberRoles
		if err := decode(text, &p); err != nil {
			if identity.KindOf(err) != identity.Invalid {
				t.Errorf("an error of another kind: %v", err)
			}
			return
		}
		for _, r := range p.Organisation.add() {
			if r.Expires.Year() > 9999 || !r.Expires.IsZero() && r.Expires.UnixMilli() < -62135596800000 {
				t.Errorf("expires %v", r.Expires)
			}
		}
	})
}

func TestPages(t *testing.T) {
	list := []int{1, 2, 3, 4, 5}
	for phrase, c := range map[string]struct {
		query      string
		want       []int
		next, prev string
	}{
		"first": {"pageLimit=2", []int{1, 2}, "/x?pageLimit=2&pageStart=3", ""},
		"next":  {"pageLimit=2&pageStart=3&expand", []int{3, 4}, "/x?expand=&pageLimit=2&pageStart=5", "/x?expand=&pageLimit=2&pageStart=1"},
		"last":  {"pageLimit=2&pageStart=5", []int{5}, "", "/x?pageLimit=2&pageStart=3"},
		"all":   {"", list, "", ""},
		"past":  {"pageStart=2147483647", []int{}, "", "/x?pageLimit=20&pageStart=2147483627"},
	} {
		t.Run(phrase, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/x?"+c.query, nil)
			p, err := pageOf(r)
			if err != nil {
				t.Fatal(err)
			}
			got := pagedOf(r, p, part(p, list), len(list))
			text := func(s *string) string {
				if s == nil {
					return ""
				}
				return *s
			}
			if diff := cmp.Diff([]any{c.want, c.next, c.prev, 5}, []any{got.Results, text(got.Next), text(got.Prev), got.Total}); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzPages(f *testing.F) {
	f.Add("pageStart=1&pageLimit=128")
	f.Add("pageLimit=0x1&pageStart=-1")
	f.Fuzz(func(t *testing.T, query string) {
		r := httptest.NewRequest("GET", "/x", nil)
		r.URL.RawQuery = query
		p, err := pageOf(r)
		if err != nil {
			return
		}
		if p.start < 1 || p.limit < 1 || p.limit > maxPage {
			t.Errorf("%q is page %v", query, p)
		}
		if _, err := json.Marshal(pagedOf(r, p, part(p, []int{1, 2, 3}), 3)); err != nil {
			t.Error(err)
		}
	})
}
