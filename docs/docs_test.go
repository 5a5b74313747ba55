// Package docs tests what the documents say: that links lead somewhere, that
// every setting is listed, and that the tour in the README works when pasted.
package docs

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/muster-id/muster/config"
)

const root = ".."

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// documents lists the Markdown files of the project.
func documents(t *testing.T) (names []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && p != root || d.Name() == "testdata") {
			return fs.SkipDir
		}
		if filepath.Ext(p) == ".md" {
			name, err := filepath.Rel(root, p)
			names = append(names, name)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

var link = regexp.MustCompile(`\]\(([^)#\s]+)(#[^)]*)?\)`)

// TestLinks follows every link to a file of the project.
func TestLinks(t *testing.T) {
	followed := 0
	for _, name := range documents(t) {
		for _, m := range link.FindAllStringSubmatch(read(t, name), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			followed++
			if _, err := os.Stat(filepath.Join(root, filepath.Dir(name), m[1])); err != nil {
				t.Errorf("%s links to %s, which is not there", name, m[1])
			}
		}
	}
	if followed < 10 {
		t.Errorf("only %d links were found in %v", followed, documents(t))
	}
}

// TestSettings compares the table of settings with the settings.
func TestSettings(t *testing.T) {
	const head = "| variable | default | |\n|---|---|---|\n"
	want := head
	for _, s := range config.Settings() {
		def := ""
		if s.Default != "" {
			def = "`" + s.Default + "`"
		}
		want += fmt.Sprintf("| `%s` | %s | %s |\n", s.Env(), def, s.Doc)
	}
	text := read(t, "docs/running.md")
	from := max(0, strings.Index(text, head))
	got, _, _ := strings.Cut(text[from:], "\n\n")
	if diff := cmp.Diff(want, got+"\n"); diff != "" {
		t.Errorf("the table of settings in docs/running.md (-want +got):\n%s", diff)
	}
}

var tourBlock = regexp.MustCompile("(?s)```sh tour\n(.*?)```")

// TestTour pastes the tour of the README into a shell in a copy of the tree.
// Only the port differs, because another server may have the usual one.
func TestTour(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and starts a server")
	}
	for _, program := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
	addr := freeAddress(t)
	script := "set -euo pipefail\n"
	for _, m := range tourBlock.FindAllStringSubmatch(read(t, "README.md"), -1) {
		script += strings.ReplaceAll(m[1], "./muster dev ", "./muster dev --redirect-uri http://"+strings.Replace(freeAddress(t), "127.0.0.1", "localhost", 1)+"/callback ")
	}
	script += "wait\n"
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", script)
	cmd.Dir = copyTree(t)
	// Without its folder in it, what was compiled for another tour does for this one.
	cmd.Env = append(withoutSettings(), "MUSTER_LISTEN="+addr, "GOFLAGS=-trimpath", "CGO_ENABLED=0")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	// The server is a child of the shell: end both, however the tour ends.
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 10 * time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if err != nil {
		cmd.Cancel()
		log, _ := os.ReadFile(filepath.Join(cmd.Dir, "muster.log"))
		t.Fatalf("the tour: %v\n%s\nthe server says:\n%s", err, out.Bytes(), log)
	}
	for _, want := range []string{"In the ID token:", `"title":"Engineer"`, `"totalResults":1`, `"displayName":"Rockets"`, `"type":"direct"`, "/recover/", "0 failed",
		"create permission sail in harbour", "role pilot, permission sail", `{"decision":true}`, "exit status 5", `{"decision":false}`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the tour shows no %s:\n%s", want, out.Bytes())
		}
	}
}

// TestExample compares the app in the README with the one that is tested.
func TestExample(t *testing.T) {
	if !strings.Contains(read(t, "README.md"), "```go\n"+read(t, "examples/signin/main.go")+"```\n") {
		t.Error("README.md does not show examples/signin/main.go as it is")
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// withoutSettings is the environment without settings of Muster.
func withoutSettings() (env []string) {
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "MUSTER_") {
			env = append(env, v)
		}
	}
	return env
}

// copyTree copies what a clone has to a temporary folder.
func copyTree(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		switch {
		case name == ".git" || name == "data":
			return fs.SkipDir
		case d.IsDir():
			return os.MkdirAll(filepath.Join(dir, name), 0o755)
		case !d.Type().IsRegular() || name == "muster":
			return nil
		}
		text, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, name), text, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
