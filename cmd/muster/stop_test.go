package main

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestStopInGoodOrder sends SIGTERM: readiness goes first, requests go on being
// answered while it drains, one that is under way when the door closes is
// finished, and the process ends with 0.
func TestStopInGoodOrder(t *testing.T) {
	databases(t, func(t *testing.T, dir, databaseURL string) {
		p := start(t, dir, databaseURL, "--drain", "500ms")
		addr := strings.TrimPrefix(p.root, "http://")
		slow, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer slow.Close()
		body := newUserBody("slow")
		fmt.Fprintf(slow, "POST /scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/scim+json\r\nContent-Length: %d\r\n\r\n%s",
			p.token, len(body), body[:10])
		p.signal(syscall.SIGTERM)
		time.Sleep(100 * time.Millisecond)
		if status := ready(t, p.root); status != http.StatusServiceUnavailable {
			t.Errorf("readyz while it drains: %d, want 503", status)
		}
		if status, text, err := p.send(http.MethodPost, "/Users", newUserBody("late")); err != nil || status != http.StatusCreated {
			t.Errorf("a request while it drains: %d %s, %v, want 201", status, text, err)
		}
		closed(t, addr)
		fmt.Fprint(slow, body[10:])
		res, err := http.ReadResponse(bufio.NewReader(slow), nil)
		if err != nil || res.StatusCode != http.StatusCreated {
			t.Errorf("the request under way: %v, %v, want 201", res, err)
		}
		if code := p.wait(); code != 0 {
			t.Errorf("it ended with %d:\n%s", code, p.output.String())
		}
		p = start(t, dir, databaseURL)
		ids, _, total := p.users()
		if ids["slow"] == "" || ids["late"] == "" || total != 42 {
			t.Errorf("slow %q, late %q, %d users after the restart, want 42", ids["slow"], ids["late"], total)
		}
	})
}

// closed waits until nobody listens on an address any more.
func closed(t *testing.T, addr string) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			return
		}
		_ = conn.Close()
	}
	t.Fatal("the door did not close")
}

func ready(t *testing.T, root string) int {
	t.Helper()
	res, err := http.Get(root + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	return res.StatusCode
}

// TestSecondSignalStopsAtOnce checks that who cannot wait need not.
func TestSecondSignalStopsAtOnce(t *testing.T) {
	dir := t.TempDir()
	p := start(t, dir, "sqlite:"+dir+"/muster.db", "--drain", "1m")
	// A client that never finishes its request.
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.root, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "POST /scim/v2/Users HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n")
	p.signal(syscall.SIGTERM)
	for ready(t, p.root) != http.StatusServiceUnavailable { // two signals at once would be one
		time.Sleep(10 * time.Millisecond)
	}
	begun := time.Now()
	p.signal(syscall.SIGTERM)
	p.wait()
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
}

// said is what the answers of the pasted lines hold.
var said = regexp.MustCompile(`"(userName|Resources|access_token)"`)

// TestPastedLinesWork pastes what "dev" prints for pasting.
func TestPastedLinesWork(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("there is no curl here")
	}
	dir := t.TempDir()
	p := start(t, dir, "sqlite:"+dir+"/muster.db")
	p.signal(syscall.SIGTERM) // its output is whole once it has ended
	p.wait()
	addr := strings.Replace(strings.TrimPrefix(p.root, "http://"), "localhost", "127.0.0.1", 1)
	old := p
	lines := p.output.String()
	p = start(t, dir, "sqlite:"+dir+"/muster.db", "--listen", addr)
	pasted := 0
	for line := range strings.Lines(lines) {
		if !strings.HasPrefix(line, "curl ") {
			continue
		}
		pasted++
		line = strings.NewReplacer(old.token, p.token, old.secret, p.secret).Replace(line)
		out, err := exec.Command("bash", "-c", strings.TrimSpace(line)+" --fail").CombinedOutput()
		if err != nil || !said.Match(out) {
			t.Errorf("%s: %v\n%s", line, err, out)
		}
	}
	if pasted < 3 {
		t.Errorf("%d lines to paste, want 3", pasted)
	}
}
