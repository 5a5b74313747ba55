package cloudapi

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestVersionOf(t *testing.T) {
	for accept, want := range map[string]string{
		"": "40.0", "*/*": "40.0", "application/json": "40.0", "application/json;version=40.0": "40.0", "application/*;version=40.0": "40.0",
		"application/json; version=9.1.0": "9.1.0", "application/json;version=38.0": "", "application/json;version=38.0,application/json;version=40.0": "40.0",
		"application/json;version=": "40.0", ";;;": "40.0", "application/json;version=40.0.1": "", "application/xml;version=40.0": "40.0",
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Accept", accept)
		got, ok := versionOf(r)
		if ok != (want != "") || ok && got != want {
			t.Errorf("versionOf(%q) = %q, %v, want %q", accept, got, ok, want)
		}
	}
}

func TestRequestID(t *testing.T) {
	long := strings.Repeat("a", maxRequestID+1)
	for in, want := range map[string]string{"abc-1": "abc-1-", "": "", "a b": "", "ä": "", "a\r\nX: y": "", long: long[:maxRequestID] + "-"} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header["X-Vmware-Vcloud-Client-Request-Id"] = []string{in}
		got := requestID(r)
		if !strings.HasPrefix(got, want) || len(got) != len(want)+36 {
			t.Errorf("requestID(%q) = %q", in, got)
		}
	}
}

func TestReadQuery(t *testing.T) {
	got, err := readQuery("filter=a==1;b==2&page=2&x=%26")
	if diff := cmp.Diff(map[string][]string{"filter": {"a==1;b==2"}, "page": {"2"}, "x": {"&"}}, map[string][]string(got)); diff != "" || err != nil {
		t.Errorf("readQuery (-want +got):\n%s%v", diff, err)
	}
	for _, raw := range []string{"a=%zz", "a=%ff", "a=%00", "a=1&a=2"} {
		if _, err := readQuery(raw); err == nil {
			t.Errorf("readQuery(%q) is no error", raw)
		}
	}
}

func TestCut(t *testing.T) {
	all := []reference{{"Bob", "2"}, {"ann", "1"}, {"Cas", "3"}}
	names := func(a ask) (out []string, total int) {
		page, total, err := cut(a, referenceFields, "name", all)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page {
			out = append(out, r.Name)
		}
		return out, total
	}
	for phrase, c := range map[string]struct {
		ask   ask
		want  []string
		total int
	}{
		"by name":      {ask{page: 1, size: 25}, []string{"ann", "Bob", "Cas"}, 3},
		"downwards":    {ask{page: 1, size: 2, sort: "name", desc: true}, []string{"Cas", "Bob"}, 3},
		"a later page": {ask{page: 2, size: 2}, []string{"Cas"}, 3},
		"no page":      {ask{page: 9, size: 128}, nil, 3},
		"the total":    {ask{page: 1, size: 0}, nil, 3},
		"some":         {ask{page: 1, size: 25, filter: &filter{name: "name", cmp: "==", value: "*a*"}}, []string{"ann", "Cas"}, 2},
	} {
		if got, total := names(c.ask); !cmp.Equal(got, c.want) || total != c.total {
			t.Errorf("%s: %v of %d, want %v of %d", phrase, got, total, c.want, c.total)
		}
	}
	for phrase, a := range map[string]ask{"by id": {page: 1, size: 1, sort: "id"}, "by nothing": {page: 1, size: 1, sort: "x"}, "a filter by nothing": {page: 1, size: 1, filter: &filter{name: "x", cmp: "==", value: "1"}}} {
		if _, _, err := cut(a, referenceFields, "name", all); err == nil {
			t.Errorf("%s is no error", phrase)
		}
	}
}

// TestTable: every operation is let in by somebody, and no path stands twice.
func TestTable(t *testing.T) {
	seen := map[string]bool{}
	for _, op := range Operations() {
		if seen[op.Method+" "+op.Path] {
			t.Errorf("%s %s stands twice", op.Method, op.Path)
		}
		seen[op.Method+" "+op.Path] = true
		if platform, _, member, _ := op.Policy(); !platform || member != op.Own && op.Perm != "signed-in" {
			t.Errorf("%s %s: platform %v, member %v", op.Method, op.Path, platform, member)
		}
	}
}
