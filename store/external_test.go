package store_test

import (
	"testing"

	"github.com/muster-id/muster/store"
)

func TestExternalID(t *testing.T) {
	for phrase, set := range map[string][][2]string{
		"one":                    {{"hr", "4711"}},
		"two":                    {{"hr", "4711"}, {"crm", "0815"}},
		"characters of JSON":     {{"hr", `a"b\c<é>`}},
		"a domain with quotes":   {{`a":"x","b`, "2"}, {"a", "1"}},
		"a domain begins others": {{"a", "1"}, {"ab", "2"}},
	} {
		var r store.Resource
		for _, s := range set {
			r.SetExternalID(s[0], s[1])
		}
		for _, s := range set {
			if got := r.ExternalID(s[0]); got != s[1] {
				t.Errorf("%s: ExternalID(%q) of %s = %q, want %q", phrase, s[0], r.External, got, s[1])
			}
		}
		if got := r.ExternalID(`a":"1","ab`); got != "" {
			t.Errorf("%s: a domain that nobody set has %q in %s", phrase, got, r.External)
		}
	}
}
