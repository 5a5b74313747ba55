package main

import (
	"bytes"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// startTimeout bounds the wait for a process to answer.
const startTimeout = 30 * time.Second

// scimRoot is where Muster serves SCIM.
const scimRoot = "/scim/v2"

// A muster is the real server, built from this tree, over a fresh database. It
// can be stopped and started again over the same data.
type muster struct {
	binary string
	dir    string   // its working folder: database, keys, log
	env    []string // its configuration
	addr   string
	cmd    *exec.Cmd
}

// build compiles the command as a release does.
func build(root, dir string) (string, error) {
	binary := filepath.Join(dir, "muster")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", binary, "./cmd/muster")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build muster: %w\n%s", err, out)
	}
	return binary, nil
}

// newMuster prepares a server; nothing of the caller's own configuration
// reaches it.
func newMuster(binary, dir, databaseURL string) (*muster, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	m := &muster{binary: binary, dir: dir, addr: fmt.Sprintf("127.0.0.1:%d", port)}
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "MUSTER_") {
			m.env = append(m.env, v)
		}
	}
	m.env = append(m.env,
		"MUSTER_DATABASE_URL="+databaseURL,
		"MUSTER_DATA_DIR="+dir,
		"MUSTER_LISTEN="+m.addr,
		"MUSTER_DRAIN=0s",
		"MUSTER_LOG_LEVEL=warn",
	)
	return m, nil
}

// start runs the server and returns how long it took from the start of the
// process to a right answer to first.
func (m *muster) start(first []byte, status int) (time.Duration, error) {
	log, err := os.OpenFile(filepath.Join(m.dir, "muster.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	defer log.Close()
	m.cmd = exec.Command(m.binary, "serve")
	m.cmd.Dir, m.cmd.Env = m.dir, m.env
	m.cmd.Stdout, m.cmd.Stderr = log, log
	m.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	begun := time.Now()
	if err := m.cmd.Start(); err != nil {
		return 0, err
	}
	err = within(startTimeout, func() error {
		c, err := dial(m.addr)
		if err != nil {
			return err
		}
		defer c.close()
		got, body, err := c.do(first)
		if err == nil && got != status {
			err = fmt.Errorf("status %d, want %d: %.200s", got, status, body)
		}
		return err
	})
	took := time.Since(begun)
	if err != nil {
		tail, _ := os.ReadFile(log.Name())
		return took, errors.Join(fmt.Errorf("start muster: %w\n%s", err, tail[max(0, len(tail)-2000):]), m.stop())
	}
	return took, nil
}

// within calls try every millisecond until it succeeds or the time is up.
func within(limit time.Duration, try func() error) error {
	deadline := time.Now().Add(limit)
	for {
		err := try()
		if err == nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(time.Millisecond)
	}
}

func (m *muster) stop() error {
	err := stop(m.cmd, syscall.SIGTERM)
	m.cmd = nil
	return err
}

// run runs another command of the binary with --json and returns what it
// prints.
func (m *muster) run(args ...string) (map[string]any, error) {
	cmd := exec.Command(m.binary, append(args, "--json")...)
	cmd.Dir, cmd.Env = m.dir, m.env
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("muster %s: %w\n%s", strings.Join(args, " "), err, said.Bytes())
	}
	var v map[string]any
	if err := json.Unmarshal(out, &v); err != nil {
		return nil, fmt.Errorf("muster %s printed %.200q: %w", strings.Join(args, " "), out, err)
	}
	return v, nil
}

// organisation makes an organisation with one connection and returns the target
// that stands for it.
func (m *muster) organisation(slug string) (target, error) {
	if _, err := m.run("org", "create", slug); err != nil {
		return target{}, err
	}
	made, err := m.run("connection", "create", "bench", "--org", slug)
	if err != nil {
		return target{}, err
	}
	token, ok := made["token"].(string)
	if !ok {
		return target{}, fmt.Errorf("muster connection create printed no token: %v", made)
	}
	return target{addr: m.addr, root: scimRoot, token: token}, nil
}

// versions names the Go version and the SQLite driver that the binary was built
// with.
func (m *muster) versions() (goVersion, sqlite string) {
	info, err := buildinfo.ReadFile(m.binary)
	if err != nil {
		return "", ""
	}
	for _, d := range info.Deps {
		if d.Path == "modernc.org/sqlite" {
			sqlite = d.Path + " " + d.Version
		}
	}
	return info.GoVersion, sqlite
}

// escape writes a filter as the value of a query parameter.
func escape(filter string) string { return url.QueryEscape(filter) }
