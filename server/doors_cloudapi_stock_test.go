package server_test

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/muster-id/muster/api/vmware"
	"github.com/muster-id/muster/identity"
)

// A stock is a client of the Tenant Manager that sends what the recorded
// exchange has, over HTTP. It knows nothing of the server but what that says.
type stock struct {
	*doors
	http    *http.Client
	version string
	token   string
	sent    int
}

func stockOf(d *doors) *stock {
	srv := httptest.NewServer(d.srv)
	d.t.Cleanup(srv.Close)
	at := srv.Listener.Addr().String()
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, at)
	}
	return &stock{doors: d, http: &http.Client{Transport: &http.Transport{DialContext: dial}}}
}

// A said is an answer.
type said struct {
	status int
	header http.Header
	body   []byte
}

// send sends a request with the headers that the client always sends.
func (s *stock) send(method, address, accept, body string, header ...string) said {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, strings.Replace(address, "https://", "http://", 1), strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	s.sent++
	r.Header.Set("User-Agent", "go-vcloud-director")
	r.Header.Set("X-VMWARE-VCLOUD-CLIENT-REQUEST-ID", strconv.Itoa(s.sent)+"-2026-04-11-08-41-34-171-")
	if accept != "" {
		r.Header.Set("Accept", accept)
	}
	if s.token != "" {
		r.Header.Set("Authorization", "bearer "+s.token)
		r.Header.Set("X-Vmware-Vcloud-Access-Token", s.token)
		r.Header.Set("X-Vmware-Vcloud-Token-Type", "Bearer")
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := s.http.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return said{res.StatusCode, res.Header, text}
}

// api sends a request with the version that was agreed upon, and reads an object.
func (s *stock) api(status int, method, address, body string, header ...string) (map[string]any, said) {
	s.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = doorsURL + "/cloudapi/1.0.0" + address
	}
	a := s.send(method, address, "application/json;version="+s.version, body, header...)
	if a.status != status {
		s.t.Fatalf("%s %s: %d %s", method, address, a.status, a.body)
	}
	if got := a.header.Get("Content-Type"); status != http.StatusNoContent && got != "application/json;version="+s.version {
		s.t.Errorf("%s %s: Content-Type %q", method, address, got)
	}
	if got := a.header.Get("X-Vmware-Vcloud-Request-Id"); !strings.HasPrefix(got, strconv.Itoa(s.sent)+"-2026-04-11-08-41-34-171-") {
		s.t.Errorf("%s %s: request id %q", method, address, got)
	}
	for _, name := range []string{"X-Vmware-Vcloud-Request-Execution-Time", "Content-Location", "X-Frame-Options", "Strict-Transport-Security"} {
		if a.header.Get(name) == "" {
			s.t.Errorf("%s %s: no %s", method, address, name)
		}
	}
	var out map[string]any
	if len(a.body) > 0 {
		if err := json.Unmarshal(a.body, &out); err != nil {
			s.t.Fatalf("%s %s: %v", method, address, err)
		}
	}
	return out, a
}

// logIn is how the client finds the version and comes in.
func (s *stock) logIn(user, org, password string) {
	s.t.Helper()
	a := s.send(http.MethodGet, doorsURL+"/api/versions", "", "")
	var versions struct {
		XMLName xml.Name `xml:"SupportedVersions"`
		Infos   []struct {
			Version  string `xml:"Version"`
			Login    string `xml:"LoginUrl"`
			Provider string `xml:"ProviderLoginUrl"`
		} `xml:"VersionInfo"`
	}
	if err := xml.Unmarshal(a.body, &versions); err != nil || a.status != http.StatusOK || len(versions.Infos) == 0 {
		s.t.Fatalf("versions: %d %v %s", a.status, err, a.body)
	}
	info := versions.Infos[len(versions.Infos)-1]
	s.version = info.Version
	login, err := url.Parse(info.Login)
	if err != nil || info.Login != doorsURL+"/cloudapi/1.0.0/sessions" || info.Provider != info.Login+"/provider" {
		s.t.Fatalf("login at %q, %q: %v", info.Login, info.Provider, err)
	}
	a = s.send(http.MethodPost, login.String(), "application/*;version="+s.version, "", "Authorization", basic(user+"@"+org, password))
	if s.token = a.header.Get("X-Vmware-Vcloud-Access-Token"); a.status != http.StatusOK || s.token == "" {
		s.t.Fatalf("login: %d %v %s", a.status, a.header, a.body)
	}
}

var linkLine = regexp.MustCompile(`^<([^>]+)>;rel="([^"]+)"`)

// link finds the target of a relation as the client does.
func (a said) link(rel string) string {
	for _, line := range a.header.Values("Link") {
		if m := linkLine.FindStringSubmatch(line); m != nil && slices.Contains(strings.Fields(m[2]), rel) {
			return m[1]
		}
	}
	return ""
}

// all follows nextPage and returns a member of every value.
func (s *stock) all(address, member string) (names []string, pages int) {
	s.t.Helper()
	for address != "" {
		page, a := s.api(http.StatusOK, http.MethodGet, address, "")
		pages++
		s.wantEnvelope(page)
		for _, v := range page["values"].([]any) {
			o, _ := v.(map[string]any)
			names = append(names, s.text(o, member))
		}
		address = a.link("nextPage")
	}
	return names, pages
}

func (s *stock) wantEnvelope(page map[string]any) {
	s.t.Helper()
	for _, name := range []string{"resultTotal", "pageCount", "page", "pageSize"} {
		if _, ok := page[name].(float64); !ok {
			s.t.Fatalf("no %s in %v", name, page)
		}
	}
	if v, ok := page["associations"]; !ok || v != nil {
		s.t.Errorf("associations = %v", v)
	}
}

// TestCloudStockClient replays the recorded exchange of a stock client: it finds
// the version, logs in, lists users by a filter page by page, and keeps a role
// and a user as Terraform does.
func TestCloudStockClient(t *testing.T) {
	eachCSP(t, func(t *testing.T, w *cspWorld) {
		s := stockOf(w.doors)
		s.logIn(w.demo.User, "acme", w.demo.Password)
		now, _ := s.api(200, http.MethodGet, "/sessions/current", "")
		if user, _ := now["user"].(map[string]any); user["id"] != "urn:vcloud:user:"+w.ann.String() || user["name"] != w.demo.User {
			t.Errorf("the session is of %v", now["user"])
		}
		if refs, _ := json.Marshal(now["roleRefs"]); !strings.Contains(string(refs), `"Organization Administrator"`) {
			t.Errorf("roleRefs = %s", refs)
		}
		t.Run("users by filter and page", func(t *testing.T) { s.on(t).users() })
		t.Run("a role and a user", func(t *testing.T) { s.on(t).keeps() })
		s.api(204, http.MethodDelete, "/sessions/current", "")
		s.api(401, http.MethodGet, "/sessions/current", "")
	})
}

// TestCloudStockProvider: an operator comes in by the way of providers, and acts
// in a tenant by the headers of the context.
func TestCloudStockProvider(t *testing.T) {
	eachCSP(t, func(t *testing.T, w *cspWorld) {
		ctx := t.Context()
		p, err := w.h.Apps.Provider(ctx, w.root.ID)
		if err != nil {
			t.Fatal(err)
		}
		p.Legacy.Password = true
		if err := w.h.Apps.SetProvider(ctx, w.cli(w.root), w.root.ID, p); err != nil {
			t.Fatal(err)
		}
		if err := w.h.Directory.SetPassword(ctx, w.cli(w.root), w.people[vmware.Platform], "Correct-horse-7"); err != nil {
			t.Fatal(err)
		}
		s := stockOf(w.doors)
		s.version = "40.0"
		a := s.send(http.MethodPost, doorsURL+v1+"/sessions/provider", "application/*;version=40.0", "", "Authorization", basic("operator@System", "Correct-horse-7"))
		if s.token = a.header.Get("X-Vmware-Vcloud-Access-Token"); a.status != http.StatusOK || s.token == "" {
			t.Fatalf("login: %d %s", a.status, a.body)
		}
		org := first(t, s.get("/orgs?"+url.Values{"filter": {"name==acme"}}.Encode()))
		if org["displayName"] != "Acme Limited" || org["userCount"].(float64) < 5 {
			t.Errorf("acme is %v", org)
		}
		id := strings.TrimPrefix(s.text(org, "id"), "urn:vcloud:org:")
		page, _ := s.api(200, http.MethodGet, "/users?filter=username=="+url.QueryEscape(s.demo.User), "", "X-VMWARE-VCLOUD-TENANT-CONTEXT", id, "X-VMWARE-VCLOUD-AUTH-CONTEXT", "acme")
		if first(t, page)["id"] != "urn:vcloud:user:"+w.ann.String() {
			t.Errorf("users of the tenant: %v", page)
		}
	})
}

func (s *stock) on(t *testing.T) *stock {
	o := *s
	o.doors = s.doors.on(t)
	return &o
}

func (s *stock) users() {
	whole, _ := s.all("/users?pageSize=128", "username")
	if !slices.IsSortedFunc(whole, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) }) || len(whole) < 5 {
		s.t.Errorf("users by name: %v", whole)
	}
	paged, pages := s.all("/users?"+url.Values{"pageSize": {"2"}, "page": {"1"}}.Encode(), "username")
	if !slices.Equal(paged, whole) || pages != (len(whole)+1)/2 {
		s.t.Errorf("by two: %v in %d pages, want %v", paged, pages, whole)
	}
	filter := url.Values{"filter": {"(username==" + s.demo.User + ";enabled==true),username==nobody*"}, "pageSize": {"1"}}
	one, _ := s.all("/users?"+filter.Encode(), "username")
	if !slices.Equal(one, []string{s.demo.User}) {
		s.t.Errorf("filtered: %v", one)
	}
	// Some clients send the semicolon as it is.
	raw, _ := s.all("/users?filter=username=="+url.QueryEscape(s.demo.User)+";enabled==true", "username")
	if !slices.Equal(raw, []string{s.demo.User}) {
		s.t.Errorf("filtered, with a semicolon: %v", raw)
	}
	some, _ := s.all("/users?sortDesc=username&pageSize=3&filter="+url.QueryEscape("username==*a*"), "username")
	want := slices.DeleteFunc(slices.Clone(whole), func(n string) bool { return !strings.Contains(strings.ToLower(n), "a") })
	slices.Reverse(want)
	if !slices.Equal(some, want) {
		s.t.Errorf("downwards: %v, want %v", some, want)
	}
	_, a := s.api(200, http.MethodGet, "/users?page=2&pageSize=2", "")
	for _, rel := range []string{"nextPage", "lastPage", "firstPage", "previousPage", "add", "up"} {
		if a.link(rel) == "" {
			s.t.Errorf("no link %s: %v", rel, a.header.Values("Link"))
		}
	}
}

// keeps makes a role and a user, reads, changes and removes them.
func (s *stock) keeps() {
	page, _ := s.api(200, http.MethodGet, "/roles?"+url.Values{"filter": {"name==Organization User"}}.Encode(), "")
	member := first(s.t, page)
	if member["id"] != "urn:vcloud:role:"+identity.OrganizationMember.String() || member["readOnly"] != true {
		s.t.Fatalf("Organization User = %v", member)
	}
	role, a := s.api(201, http.MethodPost, "/roles", `{"name":"Auditor","description":"reads","bundleKey":"com.vmware.vcloud.undefined.key","readOnly":false}`)
	id := s.text(role, "id")
	if a.header.Get("Location") != doorsURL+"/cloudapi/1.0.0/roles/"+id {
		s.t.Errorf("Location %q", a.header.Get("Location"))
	}
	right := first(s.t, s.get("/rights?"+url.Values{"filter": {"name==resources:read"}}.Encode()))
	s.api(200, http.MethodPost, "/roles/"+id+"/rights", `{"values":[{"name":"resources:read","id":"`+s.text(right, "id")+`"}]}`)
	if got := first(s.t, s.get("/roles/"+id+"/rights")); got["id"] != right["id"] {
		s.t.Errorf("rights of the role: %v", got)
	}
	user, _ := s.api(201, http.MethodPost, "/users", `{"username":"terra","password":"Correct-horse-7","fullName":"Terra Form","email":"t@acme.example","providerType":"LOCAL","enabled":true,
		"roleEntityRefs":[{"name":"Auditor","id":"`+id+`"},{"name":"Organization User","id":"`+s.text(member, "id")+`"}],"orgEntityRef":{"id":"urn:vcloud:org:`+s.demo.Org.ID.String()+`"}}`)
	who := s.text(user, "id")
	if user["password"] != nil || len(user["roleEntityRefs"].([]any)) != 2 || user["fullName"] != "Terra Form" || user["enabled"] != true {
		s.t.Errorf("the user is %v", user)
	}
	user["enabled"], user["email"] = false, "terra@acme.example"
	user["roleEntityRefs"] = []any{member}
	text, _ := json.Marshal(user)
	user, _ = s.api(200, http.MethodPut, "/users/"+who, string(text))
	if user["enabled"] != false || user["email"] != "terra@acme.example" || first(s.t, map[string]any{"values": user["roleEntityRefs"]})["id"] != member["id"] {
		s.t.Errorf("the changed user is %v", user)
	}
	s.api(204, http.MethodDelete, "/users/"+who, "")
	s.api(404, http.MethodGet, "/users/"+who, "")
	s.api(204, http.MethodDelete, "/roles/"+id, "")
	s.api(404, http.MethodGet, "/roles/"+strings.TrimPrefix(id, "urn:vcloud:role:"), "")
}

func (s *stock) get(address string) map[string]any {
	s.t.Helper()
	o, _ := s.api(200, http.MethodGet, address, "")
	return o
}

// first returns the first value of a page.
func first(t *testing.T, page map[string]any) map[string]any {
	t.Helper()
	list, _ := page["values"].([]any)
	if len(list) == 0 {
		t.Fatalf("an empty page: %v", page)
	}
	o, _ := list[0].(map[string]any)
	return o
}
