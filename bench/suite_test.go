package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/muster-id/muster/scim"
	"github.com/muster-id/muster/scim/memory"
	"github.com/muster-id/muster/scim/schema"
)

// newSuite returns a suite whose target is a SCIM server in memory. If spoil is
// given it may change the body of every answer to a GET.
func newSuite(t *testing.T, spoil func(body string) string) *suite {
	t.Helper()
	types := schema.Standard()
	backend := memory.New(types)
	server := scim.New(scim.Options{
		Limits: scim.Limits{BulkBody: 16 << 20},
		Authenticate: func(r *http.Request) (*scim.Client, error) {
			if r.Header.Get("Authorization") != "Bearer secret" {
				return nil, nil
			}
			return &scim.Client{ID: "bench", Base: "http://" + r.Host + scimRoot, Types: types, Backend: backend, Dialect: schema.RFC}, nil
		},
	})
	http := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rest := strings.TrimPrefix(r.URL.Path, scimRoot)
		if spoil == nil || r.Method != "GET" {
			server.Serve(w, r, rest)
			return
		}
		answer := httptest.NewRecorder()
		server.Serve(answer, r, rest)
		w.WriteHeader(answer.Code)
		io.WriteString(w, spoil(answer.Body.String()))
	}))
	t.Cleanup(http.Close)
	return &suite{people: people{1}, runner: &runner{
		target: target{addr: http.Listener.Addr().String(), root: scimRoot, token: "secret"}, conns: 2,
	}}
}

// TestLoads sends every load to a server in memory: all of them must be answered
// as they expect.
func TestLoads(t *testing.T) {
	s := newSuite(t, nil)
	if _, err := s.load(1200); err != nil {
		t.Fatal(err)
	}
	if err := s.collectCursors(); err != nil {
		t.Fatal(err)
	}
	if len(s.deep) == 0 {
		t.Error("no cursors of the second half")
	}
	group, err := s.makeGroup("Some", 1100)
	if err != nil {
		t.Fatal(err)
	}
	loads := append(s.points(), s.pages()...)
	loads = append(loads, s.writes()...)
	loads = append(loads, s.total(), s.membership("membership", group))
	for _, l := range loads {
		t.Run(l.name, func(t *testing.T) {
			got, err := s.runner.closed(l, 20*time.Millisecond)
			if err != nil || got.N == 0 {
				t.Errorf("%d answers, %v", got.N, err)
			}
		})
	}
}

func TestCursorWalk(t *testing.T) {
	s := newSuite(t, nil)
	if _, err := s.load(1000); err != nil {
		t.Fatal(err)
	}
	got, err := cursorWalk(s, 200)
	if err != nil || got.Lost != 0 || got.Doubled != 0 || got.Pages < 9 {
		t.Errorf("cursorWalk = %+v, %v", got, err)
	}
}

// TestCursorWalkNotices gives one user of the third page the id of another.
func TestCursorWalkNotices(t *testing.T) {
	pages := 0
	ids := regexp.MustCompile(`"id":"[^"]*"`)
	s := newSuite(t, func(body string) string {
		if pages++; pages != 3 {
			return body
		}
		two := ids.FindAllString(body, 2)
		return strings.ReplaceAll(body, two[0], two[1])
	})
	if _, err := s.load(1000); err != nil {
		t.Fatal(err)
	}
	got, err := cursorWalk(s, 0)
	if err != nil || got.Lost != 1 || got.Doubled != 1 {
		t.Errorf("cursorWalk = %+v, %v; want one user lost and one doubled", got, err)
	}
}
