package probe_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/muster-id/muster/scim"
	"github.com/muster-id/muster/scim/probe"
	"github.com/muster-id/muster/scim/schema"
)

// A fault spoils requests or answers of a good server.
type fault struct {
	request func(*http.Request)
	answer  func(r *http.Request, rec *httptest.ResponseRecorder)
}

func (f fault) wrap(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f.request != nil {
			f.request(r)
		}
		if f.answer == nil {
			h.ServeHTTP(w, r)
			return
		}
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		f.answer(r, rec)
		for k, v := range rec.Header() {
			if k != "Content-Length" {
				w.Header()[k] = v
			}
		}
		w.WriteHeader(rec.Code)
		if rec.Code != 204 && rec.Code != 304 {
			w.Write(rec.Body.Bytes())
		}
	})
}

// body rewrites the bodies of answers.
func body(pattern, by string) fault {
	re := regexp.MustCompile(pattern)
	return fault{answer: func(_ *http.Request, rec *httptest.ResponseRecorder) {
		out := re.ReplaceAll(rec.Body.Bytes(), []byte(by))
		rec.Body = bytes.NewBuffer(out)
	}}
}

// input rewrites the bodies of requests.
func input(pattern, by string) fault {
	re := regexp.MustCompile(pattern)
	return fault{request: func(r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		b = re.ReplaceAll(b, []byte(by))
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
	}}
}

func answers(f func(*httptest.ResponseRecorder)) fault {
	return fault{answer: func(_ *http.Request, rec *httptest.ResponseRecorder) { f(rec) }}
}

func becomes(from, to int) fault {
	return answers(func(rec *httptest.ResponseRecorder) {
		if rec.Code == from {
			rec.Code = to
		}
	})
}

func without(header string) fault {
	return answers(func(rec *httptest.ResponseRecorder) { rec.Header().Del(header) })
}

func deaf(header string) fault { return fault{request: func(r *http.Request) { r.Header.Del(header) }} }

// query changes a parameter of requests; to nothing takes it out.
func query(name string, change func(string) string) fault {
	return fault{request: func(r *http.Request) {
		q := r.URL.Query()
		if !q.Has(name) {
			return
		}
		if v := change(q.Get(name)); v == "" {
			q.Del(name)
		} else {
			q.Set(name, v)
		}
		r.URL.RawQuery = strings.ReplaceAll(q.Encode(), "+", "%20")
	}}
}

func nothing(string) string { return "" }

func swap(pattern, by string) func(string) string {
	re := regexp.MustCompile(pattern)
	return func(s string) string { return re.ReplaceAllString(s, by) }
}

// TestFaults breaks a good server in one way at a time. The checks that are
// named must see it.
func TestFaults(t *testing.T) {
	for name, c := range map[string]struct {
		fault fault
		seen  string
	}{
		"no ETag":                              {without("ETag"), "B12 P49 P51 P52"},
		"no Location":                          {without("Location"), "P26"},
		"no WWW-Authenticate":                  {without("WWW-Authenticate"), "B19 P60"},
		"no Allow":                             {without("Allow"), "B19"},
		"no meta.version":                      {body(`,"version":"W[^,}]*"`, ""), "B12 P51"},
		"no scimType":                          {body(`"scimType":"[a-zA-Z]*",`, ""), "B02 B18 P02 P27 P39 P40 P48"},
		"no detail":                            {body(`"detail":`, `"text":`), "B02 B08 P03"},
		"an error status as a number":          {body(`"status":"(4\d\d)"`, `"status":$1`), "P59 O12 B02"},
		"an error without schemas":             {body(`"urn:ietf:params:scim:api:messages:2.0:Error"`, `"urn:x"`), "P59"},
		"JSON called text":                     {answers(func(r *httptest.ResponseRecorder) { r.Header().Set("Content-Type", "text/plain") }), "P63 P14 P59"},
		"totalResults as a string":             {body(`"totalResults":(\d+)`, `"totalResults":"$1"`), "B15 P14 P19 O09"},
		"itemsPerPage is what was asked":       {body(`"itemsPerPage":\d+`, `"itemsPerPage":100`), "B15 P19 O09"},
		"startIndex as it came":                {body(`"startIndex":1,`, `"startIndex":0,`), "B15 P15 Q24"},
		"404 where nothing matches":            {notFoundForNone(), "P14 Q17 O01"},
		"412 is ignored":                       {deaf("If-Match"), "B12 B12.2 P52"},
		"If-None-Match is ignored":             {deaf("If-None-Match"), "B12 P52"},
		"attributes are ignored":               {query("attributes", nothing), "B16 P21 P24"},
		"excludedAttributes are ignored":       {query("excludedAttributes", nothing), "B16 P21 P22 Q18"},
		"a filter is ignored":                  {query("filter", nothing), "B01 P01 P05 P14 Q17 Q19"},
		"brackets mean any element":            {query("filter", swap(`emails\[type (\S+ \S+) and value ([^\]]*)\]`, `(emails.type $1 and emails.value $2)`)), "B01"},
		"not is ignored":                       {query("filter", swap(`not ?\(`, `(`)), "B01 P04"},
		"and is or":                            {query("filter", swap(` and `, ` or `)), "B01 P04 P12"},
		"sorting is ignored":                   {query("sortBy", nothing), "B13 P20"},
		"sorting is always ascending":          {query("sortOrder", nothing), "B13 P20"},
		"count is ignored":                     {query("count", nothing), "B14 B15 P15 P16"},
		"startIndex is ignored":                {query("startIndex", nothing), "B15 Q24 O09"},
		"cursors are ignored":                  {query("cursor", nothing), "B14 B14.2 B14.3"},
		"a page gives another first page":      {query("cursor", func(string) string { return " " }), "B14"},
		"the last page has a cursor":           {body(`("totalResults":5,"itemsPerPage":1,)`, `$1"nextCursor":"abc",`), "B14"},
		"passwords come back":                  {echoPassword(), "B17 P23 P68 O04 Q22"},
		"readOnly is believed":                 {body(`"resourceType":"User"`, `"resourceType":"Nope"`), "B17 P25 P28"},
		"null is taken for a text":             {input(`:null`, `:"null"`), "P35 Q16"},
		"Bulk stops at the first failure":      {input(`"schemas":\["urn:ietf:params:scim:api:messages:2.0:BulkRequest"\]`, `"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"failOnErrors":1`), "P53"},
		"failOnErrors is ignored":              {input(`"failOnErrors":1`, `"failOnErrors":99`), "B11"},
		"Bulk forgets bulkIds":                 {body(`"bulkId":"[^"]*",?`, ``), "B09 P54"},
		"Bulk has numbers for status":          {body(`"status":"(2\d\d)"`, `"status":$1`), "B09 B10 P53 P56"},
		"413 is 400":                           {becomes(413, 400), "B11.2 P57"},
		"201 is 200":                           {becomes(201, 200), "P26 P50"},
		"DELETE answers 200":                   {becomes(204, 200), "P50"},
		"409 is 400":                           {becomes(409, 400), "B18 P27 P66 O12"},
		"403 is 200":                           {becomes(403, 200), "B19 P61"},
		"remove without path is invalidSyntax": {body(`"noTarget"`, `"invalidSyntax"`), "P39 P40"},
		"another lastModified at each reading": {ticking(), "B05 P42 P43"},
		"members stay away":                    {body(`"members":\[[^\]]*\],?`, ``), "B08 B10 Q23 O06"},
		"the case of names is lost":            {body(`"userName":"[^"]*-Case-`, `"userName":"x-case-`), "B18"},
		"discovery needs a token":              {tokenForDiscovery(), "B19 P62"},
		"version 1 is taken for 2":             {fault{request: func(r *http.Request) { r.URL.Path = strings.Replace(r.URL.Path, "/v1/", "/v2/", 1) }}, "B19 P64"},
		"/Me is a bad request":                 {onPath("/Me", 400), "B20.2 P65"},
		"no root search":                       {onPath("/.search", 501), "B20"},
		"maxResults of 0":                      {body(`"maxResults":\d+`, `"maxResults":0`), "P18"},
		"message schemas are listed":           {body(`"Resources":\[\{"schemas":\["urn:ietf:params:scim:schemas:core:2.0:Schema"\],"id":"[^"]*"`, `"Resources":[{"id":"urn:ietf:params:scim:api:messages:2.0:Error"`), "B19 P61"},
		"nothing is required":                  {body(`"required":true`, `"required":false`), "P61.2"},
		"no Set-Txn":                           {without("Set-Txn"), "B20.3 B20.4"},
		"another transaction in the event":     {body(`"txn":"`, `"txn":"0`), "B20.3 B20.4"},
		"an operation that fails is left out":  {input(`,\{"op":"replace","path":"addresses[^}]*\}|,\{"op":"remove"\}`, ``), "B03 P38"},
		"managers keep their bulkId":           {body(`"manager":\{"value":"[^"]*"`, `"manager":{"value":"bulkId:m2"`), "B10.2 P55"},
		"bulk versions are ignored":            {input(`,"version":"W/..bogus.."`, ``), "B12.3"},
		"bulk answers without versions":        {onBulk(`"version":"[^,}]*",?`, ``), "B09 B12.3 P58"},
		"PUT changes nothing":                  {putIsGet(), "B17 B17.2 P35 O03 O08"},
		"all clients are one":                  {swapToken("two", "one"), "B14.2 B18.2"},
		"all organisations are one":            {swapToken("other", "one"), "W01 W02 W03 W04"},
		"pr is true of everything":             {query("filter", swap(`(emails|title|name)(\.\w+)? pr`, `userName pr`)), "P07"},
		"only the first value counts":          {query("filter", swap(`emails(\.value)? (co|eq|sw) `, `title eq `)), "P06 P08"},
		"schemas cannot be filtered":           {query("filter", swap(`schemas eq`, `title eq`)), "P10"},
		"qualified names are unknown":          {query("filter", swap(`(?i)urn:\S*:`, `x`)), "P11"},
		"the case of ids is lost":              {query("filter", strings.ToLower), "B18 P08"},
		"null cannot be compared":              {query("filter", swap(`eq null`, `eq "null"`)), "P13"},
		"the root cannot be searched":          {onPath("/v2/", 501), "P09"},
		"mutability is another fault":          {body(`"scimType":"mutability"`, `"scimType":"invalidValue"`), "B17 P30 P45 P46"},
		"ids hold bulkId":                      {body(`"id":"`, `"id":"bulkId:`), "P31"},
		"externalId is lost":                   {input(`"externalId":"[^"]*",?`, ``), "B18 P32"},
		"created in another year":              {body(`"created":"\d{4}`, `"created":"1999`), "P33"},
		"schemas twice":                        {body(`"schemas":\["urn:ietf:params:scim:schemas:core:2.0:User"`, `"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:core:2.0:User"`), "P34 P47"},
		"primary cannot be set":                {input(`\.primary","value":true`, `.primary","value":false`), "B04 P44"},
		"replace wants a value there":          {input(`"op":"replace","path":"title"`, `"op":"remove","path":"title"`), "P41"},
		"no groups":                            {onPath("/Groups", 404), "Q18 Q19 Q20"},
		"PUT creates":                          {becomes(404, 201), "B17 P29 P50"},
		"refuses application/json":             {answersTo("Content-Type", "application/json", 415), "P63 O11"},
		"unknown parameters are refused":       {answersToQuery("nosuch", 400), "P17"},
		"the query of the base URL is refused": {answersToQuery("aadOptscim062020", 400), "P67 Q21"},
	} {
		t.Run(name, func(t *testing.T) {
			srv := serve(t, registry(t), schema.RFC, scim.Limits{}, c.fault.wrap)
			target := probe.Target{URL: srv.URL + "/scim/v2", Token: "one", SecondToken: "two", OtherToken: "other", Only: strings.Fields(c.seen)}
			results, _ := examine(t, target)
			for _, id := range strings.Fields(c.seen) {
				if r := results[id]; r.Status != probe.Fail {
					t.Errorf("%s does not see it: %s %s", id, r.Status, r.Detail)
				}
			}
		})
	}
}

// onBulk rewrites the answers of /Bulk.
func onBulk(pattern, by string) fault {
	re := regexp.MustCompile(pattern)
	return fault{answer: func(r *http.Request, rec *httptest.ResponseRecorder) {
		if strings.HasSuffix(r.URL.Path, "/Bulk") {
			rec.Body = bytes.NewBuffer(re.ReplaceAll(rec.Body.Bytes(), []byte(by)))
		}
	}}
}

func putIsGet() fault {
	return fault{request: func(r *http.Request) {
		if r.Method == http.MethodPut {
			r.Method = http.MethodGet
		}
	}}
}

func swapToken(from, to string) fault {
	return fault{request: func(r *http.Request) {
		if r.Header.Get("Authorization") == "Bearer "+from {
			r.Header.Set("Authorization", "Bearer "+to)
		}
	}}
}

func notFoundForNone() fault {
	return answers(func(rec *httptest.ResponseRecorder) {
		if strings.Contains(rec.Body.String(), `"totalResults":0`) {
			rec.Code = http.StatusNotFound
		}
	})
}

// echoPassword gives back the last password that came.
func echoPassword() fault {
	var last string
	re := regexp.MustCompile(`"(Pr0be![^"]*)"`)
	var f fault
	f.request = func(r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(b))
		if m := re.FindSubmatch(b); m != nil {
			last = string(m[1])
		}
	}
	f.answer = func(_ *http.Request, rec *httptest.ResponseRecorder) {
		out := strings.ReplaceAll(rec.Body.String(), `"userName":`, `"password":`+strconv.Quote(last)+`,"userName":`)
		rec.Body = bytes.NewBufferString(out)
	}
	return f
}

func ticking() fault {
	n := 0
	return answers(func(rec *httptest.ResponseRecorder) {
		n++
		re := regexp.MustCompile(`"lastModified":"[^"]*"`)
		out := re.ReplaceAllString(rec.Body.String(), fmt.Sprintf(`"lastModified":"2030-01-01T00:00:00.%06dZ"`, n))
		rec.Body = bytes.NewBufferString(out)
	})
}

func tokenForDiscovery() fault {
	return fault{answer: func(r *http.Request, rec *httptest.ResponseRecorder) {
		if r.Header.Get("Authorization") == "" && strings.HasSuffix(r.URL.Path, "/ServiceProviderConfig") {
			rec.Code = http.StatusUnauthorized
		}
	}}
}

func onPath(end string, status int) fault {
	return fault{answer: func(r *http.Request, rec *httptest.ResponseRecorder) {
		if strings.HasSuffix(r.URL.Path, end) {
			rec.Code = status
		}
	}}
}

func answersTo(header, prefix string, status int) fault {
	return fault{answer: func(r *http.Request, rec *httptest.ResponseRecorder) {
		if strings.HasPrefix(r.Header.Get(header), prefix) {
			rec.Code = status
		}
	}}
}

func answersToQuery(name string, status int) fault {
	return fault{answer: func(r *http.Request, rec *httptest.ResponseRecorder) {
		q, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil || q.Has(name) {
			rec.Code = status
		}
	}}
}

// TestDialectsDiffer examines a server of one dialect as if it were of another.
func TestDialectsDiffer(t *testing.T) {
	for _, c := range []struct {
		server schema.Dialect
		probe  string
		seen   string
	}{
		{schema.RFC, "entra", "B06 B08.2 Q02 Q03 Q04 Q05 Q06 Q07 Q09 Q13 Q14 Q15 Q23 Q25"},
		{schema.RFC, "strict", "B02 B07 B08.3 O02 O04 O05 O07 P34.2 Q10 Q11 Q12"},
		{schema.Strict, "rfc", "B02 O02 O04 P34.2"},
		{schema.Strict, "entra", "B06 B07 B08.2 Q02 Q06 Q08 Q10 Q11 Q12 O05 O07"},
		{schema.Entra, "strict", "B02 B04 B06 B07 P36 P37 P40 Q02 Q03 Q06 Q08 Q09 Q25"},
		{schema.Entra, "rfc", "B04 B06 P37 P40 Q02 Q03 Q06 Q09 Q13 Q25"},
		{schema.Strict, "okta", "B08.3 O02 O04 O05 O07"},
	} {
		t.Run(c.server.Name+" as "+c.probe, func(t *testing.T) {
			srv := serve(t, registry(t), c.server, scim.Limits{}, asIs)
			results, _ := examine(t, probe.Target{URL: srv.URL + "/scim/v2", Token: "one", Dialect: c.probe, Only: strings.Fields(c.seen)})
			for _, id := range strings.Fields(c.seen) {
				if r := results[id]; r.Status != probe.Fail {
					t.Errorf("%s does not see it: %s %s", id, r.Status, r.Detail)
				}
			}
		})
	}
}
