package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/muster-id/muster/store/storetest"
)

// A process is the real binary, serving demonstration data.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	dir    string
	output bytes.Buffer
	scim   string
	root   string
	token  string
	secret string // of the demonstration's app
	client http.Client
}

// databases runs a test on each kind, with the URL of an empty database.
func databases(t *testing.T, test func(t *testing.T, dir, databaseURL string)) {
	t.Run("sqlite", func(t *testing.T) {
		dir := t.TempDir()
		test(t, dir, "sqlite:"+filepath.Join(dir, "muster.db"))
	})
	t.Run("postgres", func(t *testing.T) { test(t, t.TempDir(), storetest.Postgres(t)) })
}

// start runs "muster dev" on a database and waits until it answers.
func start(t *testing.T, dir, databaseURL string, flags ...string) *process {
	t.Helper()
	p := &process{t: t, dir: dir}
	file := filepath.Join(dir, "env")
	_ = os.Remove(file) // of an earlier run
	args := append([]string{"dev", "--listen", "127.0.0.1:0", "--data", dir, "--env", file, "--database-url", databaseURL}, flags...)
	p.cmd = exec.Command("muster", args...)
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = dir, &p.output, &p.output
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if p.cmd.ProcessState == nil {
			_ = p.cmd.Process.Kill()
			_ = p.cmd.Wait()
		}
	})
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if text, err := os.ReadFile(file); err == nil {
			p.scim, p.token, p.root = line(text, "MUSTER_SCIM_URL"), line(text, "MUSTER_SCIM_TOKEN"), line(text, "MUSTER_URL")
			p.secret = line(text, "MUSTER_CLIENT_SECRET")
			return p
		}
		if time.Now().After(end) {
			t.Fatalf("not ready after 20 s:\n%s", p.output.String())
		}
	}
}

// line returns the value of KEY=value in text.
func line(text []byte, key string) string {
	for l := range strings.Lines(string(text)) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(l), key+"="); ok {
			return v
		}
	}
	return ""
}

// wait returns the exit status, once the process has ended.
func (p *process) wait() int {
	p.t.Helper()
	err := p.cmd.Wait()
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		return e.ExitCode()
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return 0
}

// signal sends a signal to the process.
func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// send sends a SCIM request; err is for requests that got no whole answer.
func (p *process) send(method, path, body string) (int, []byte, error) {
	req, err := http.NewRequest(method, p.scim+path, strings.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Authorization", "Bearer "+p.token)
	req.Header.Set("Content-Type", "application/scim+json")
	res, err := p.client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return res.StatusCode, text, err
}

// get reads a resource that must be there.
func (p *process) get(path string, into any) {
	p.t.Helper()
	status, text, err := p.send(http.MethodGet, path, "")
	if err != nil || status != http.StatusOK {
		p.t.Fatalf("GET %s: %d %.300s, %v", path, status, text, err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		p.t.Fatal(err)
	}
}

// A listed is the little that tests read of a list of users.
type listed struct {
	Total     int `json:"totalResults"`
	Resources []struct {
		ID       string `json:"id"`
		UserName string `json:"userName"`
		Groups   []struct {
			Value string `json:"value"`
		} `json:"groups"`
	}
	Next string `json:"nextCursor"`
}

// users walks through all users and returns their ids by name, the ids of their
// groups by id, and the total that the first page told.
func (p *process) users() (ids map[string]string, groups map[string][]string, total int) {
	p.t.Helper()
	ids, groups = map[string]string{}, map[string][]string{}
	for cursor, first := "", true; first || cursor != ""; first = false {
		var page listed
		p.get("/Users?count=500&attributes=userName,groups&cursor="+url.QueryEscape(cursor), &page)
		if first {
			total = page.Total
		}
		for _, u := range page.Resources {
			ids[u.UserName] = u.ID
			for _, g := range u.Groups {
				groups[u.ID] = append(groups[u.ID], g.Value)
			}
		}
		cursor = page.Next
	}
	return ids, groups, total
}

func newUserBody(name string) string {
	return fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":%s,"active":true}`, strconv.Quote(name))
}

func addMemberBody(id string) string {
	return fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"add","path":"members","value":[{"value":%q}]}]}`, id)
}
