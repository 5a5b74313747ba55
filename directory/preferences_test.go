package directory

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/storetest"
)

func TestPreferences(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		d, ctx := started(t, db), t.Context()
		org, err := d.CreateOrganisation(ctx, cli, NewOrganisation{Slug: "acme"})
		if err != nil {
			t.Fatal(err)
		}
		by := cli
		by.Org = org.ID
		rt := schema.Standard().TypeByName("User")
		made, err := d.Create(ctx, by, rt, schema.Object{"schemas": []any{schema.UserURN}, "userName": "ada"})
		if err != nil {
			t.Fatal(err)
		}
		set := func(change map[string]string) error { return d.SetPreferences(ctx, org.ID, made.ID, change) }
		want := func(phrase string, want map[string]string) {
			t.Helper()
			got, err := d.Preferences(ctx, org.ID, made.ID)
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("%s: %v (-want +got):\n%s", phrase, err, diff)
			}
		}
		want("before", map[string]string{})
		for _, change := range []map[string]string{{"a:x": "1", "a:y": "2"}, {"a:x": "", "b:z": "3"}} {
			if err := set(change); err != nil {
				t.Fatal(err)
			}
		}
		want("after", map[string]string{"a:y": "2", "b:z": "3"})
		for phrase, change := range map[string]map[string]string{
			"no scope": {"x": "1"}, "no name": {"a:": "1"}, "a blank": {"a:b c": "1"}, "two colons": {"a:b:c": "1"},
			"a long name": {"a:" + strings.Repeat("x", maxPreferenceName): "1"}, "a long value": {"a:x": strings.Repeat("x", maxPreferenceValue+1)},
			"a good one beside": {"a:y": "9", "bad": "1"},
		} {
			if err := set(change); identity.KindOf(err) != identity.Invalid {
				t.Errorf("%s: %v", phrase, err)
			}
		}
		many := map[string]string{}
		for i := range maxPreferences - 1 {
			many[fmt.Sprintf("c:%d", i)] = "1"
		}
		if err := set(many); identity.KindOf(err) != identity.Invalid {
			t.Errorf("too many: %v", err)
		}
		want("after refusals", map[string]string{"a:y": "2", "b:z": "3"})
		if err := d.Delete(ctx, by, rt, made.ID); err != nil {
			t.Fatal(err)
		}
		want("after the user", map[string]string{})
	})
}
