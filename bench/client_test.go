package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestConn sends requests over one connection and reads answers of every shape
// that net/http writes.
func TestConn(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /short", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "short") })
	mux.HandleFunc("GET /long", func(w http.ResponseWriter, r *http.Request) {
		for range 300 {
			io.WriteString(w, strings.Repeat("x", 1000))
		}
	})
	mux.HandleFunc("GET /known", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "200000")
		io.WriteString(w, strings.Repeat("y", 200000))
	})
	mux.HandleFunc("DELETE /gone", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(204) })
	mux.HandleFunc("POST /echo", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(201)
		io.Copy(w, r.Body)
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	c, err := dial(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	s := target{addr: server.Listener.Addr().String(), token: "t"}
	for range 3 {
		for _, want := range []struct {
			method, path, body string
			status             int
			answer             string
		}{
			{"GET", "/short", "", 200, "short"},
			{"GET", "/long", "", 200, strings.Repeat("x", 300000)},
			{"GET", "/known", "", 200, strings.Repeat("y", 200000)},
			{"DELETE", "/gone", "", 204, ""},
			{"POST", "/echo", `{"a":1}`, 201, `{"a":1}`},
			{"GET", "/nowhere", "", 404, "404 page not found\n"},
		} {
			status, body, err := c.do(s.request(nil, want.method, want.path, []byte(want.body)))
			if err != nil || status != want.status || !bytes.Equal(body, []byte(want.answer)) {
				t.Fatalf("%s %s = %d, %.40q, %v; want %d, %.40q", want.method, want.path, status, body, err, want.status, want.answer)
			}
		}
	}
}

// TestReadHead gives the client heads that are no answer.
func TestReadHead(t *testing.T) {
	for _, head := range []string{"", "SSH-2.0-x\r\n", "HTTP/1.1 xyz Bad\r\n", "HTTP/1.1 200 OK\r\nContent-Length: many\r\n"} {
		if status, _, _, err := readHead([]byte(head)); err == nil {
			t.Errorf("readHead(%q) = %d without an error", head, status)
		}
	}
}

// FuzzReadHead checks that no head crashes the client.
func FuzzReadHead(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"))
	f.Add([]byte("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"))
	f.Fuzz(func(t *testing.T, head []byte) {
		if _, length, _, err := readHead(head); err == nil && length < -1 {
			t.Errorf("readHead(%q): length %d", head, length)
		}
	})
}
