package web_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/web"
)

const formType = "application/x-www-form-urlencoded"

func fields(kind, body string) (url.Values, error) {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Content-Type", kind)
	return web.Fields(httptest.NewRecorder(), r, 64)
}

func TestFields(t *testing.T) {
	for phrase, c := range map[string]struct {
		kind, body string
		want       url.Values // nil: refused
	}{
		"a form":                       {formType, "a=1&b=%C3%A9", url.Values{"a": {"1"}, "b": {"é"}}},
		"a form with a charset":        {formType + "; charset=utf-8", "a=1", url.Values{"a": {"1"}}},
		"an object":                    {"application/json", `{"a":"1","b":"é"}`, url.Values{"a": {"1"}, "b": {"é"}}},
		"an object of no type":         {"", ` {"a":"1"} `, url.Values{"a": {"1"}}},
		"null is nothing":              {"", `{"a":null}`, url.Values{}},
		"nothing":                      {"", "", url.Values{}},
		"an empty form":                {formType, "", url.Values{}},
		"a field of a form twice":      {formType, "a=1&a=1", nil},
		"a member twice":               {"", `{"a":"1","a":"2"}`, nil},
		"a member twice, in two words": {"", `{"a":"1","\u0061":"2"}`, nil},
		"a member twice, once null":    {"", `{"a":null,"a":"2"}`, nil},
		"a number":                     {"", `{"a":1}`, nil},
		"a list":                       {"", `{"a":["1"]}`, nil},
		"an object inside":             {"", `{"a":{}}`, nil},
		"no object":                    {"", `["a"]`, nil},
		"two objects":                  {"", `{"a":"1"}{"b":"2"}`, nil},
		"half an object":               {"", `{"a":"1"`, nil},
		"a NUL in a form":              {formType, "a=%00", nil},
		"a NUL in an object":           {"", `{"a":"\u0000"}`, nil},
		"no UTF-8 in a form":           {formType, "a=%FF", nil},
		"no UTF-8 in an object":        {"", "{\"a\":\"\xff\"}", nil},
		"an escape that is none":       {formType, "a=%zz", nil},
		"one byte too many":            {formType, "a=" + strings.Repeat("x", 63), nil},
	} {
		t.Run(phrase, func(t *testing.T) {
			got, err := fields(c.kind, c.body)
			if c.want == nil {
				if identity.KindOf(err) != identity.Invalid {
					t.Fatalf("Fields = %v, %v, want it refused", got, err)
				}
				return
			}
			if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
				t.Errorf("Fields: %v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func FuzzFields(f *testing.F) {
	f.Add(formType, "a=1&b=2")
	f.Add("application/json", `{"a":"1","b":null}`)
	f.Add("", `{"a":{"a":[1,2`)
	f.Fuzz(func(t *testing.T, kind, body string) {
		got, err := fields(kind, body)
		if err != nil && got != nil {
			t.Fatalf("fields %v and an error", got)
		}
		for k, v := range got {
			if len(v) != 1 || !utf8.ValidString(k+v[0]) || strings.ContainsRune(k+v[0], 0) {
				t.Fatalf("%q = %q", k, v)
			}
		}
		// What was read is read again as the same.
		if again, e := fields(formType, got.Encode()); err == nil && len(got.Encode()) <= 64 && (e != nil || !cmp.Equal(got, again)) {
			t.Fatalf("%v became %v, %v", got, again, e)
		}
	})
}

func TestAskAndSend(t *testing.T) {
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "99")
		w.Header().Set("X-Form", r.FormValue("a")+r.URL.RawQuery)
		w.WriteHeader(http.StatusTeapot)
		_, _ = w.Write([]byte("short"))
	})
	r := httptest.NewRequest(http.MethodPost, "/?a=0", strings.NewReader("b"))
	w := httptest.NewRecorder()
	web.Ask(h, web.WithForm(r, url.Values{"a": {"1"}})).Send(w)
	if w.Code != http.StatusTeapot || w.Body.String() != "short" || w.Header().Get("X-Form") != "1" || w.Header().Get("Content-Length") != "" {
		t.Errorf("sent %d %q %v", w.Code, w.Body, w.Header())
	}
	if r.URL.RawQuery != "a=0" {
		t.Error("the request itself was changed")
	}
}
