package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/muster-id/muster/store/storetest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"muster": main})
}

// TestScripts runs the commands as people type them. Scripts below both run on
// each database, those below sqlite on SQLite with no setting at all.
func TestScripts(t *testing.T) {
	for name, c := range map[string]struct {
		dir string
		url func(testing.TB, *testscript.Env) string
	}{
		"sqlite alone": {"testdata/sqlite", func(testing.TB, *testscript.Env) string { return "" }},
		"sqlite": {"testdata/both", func(_ testing.TB, e *testscript.Env) string {
			return "sqlite:" + filepath.Join(e.WorkDir, "data", "muster.db")
		}},
		"postgres": {"testdata/both", func(t testing.TB, _ *testscript.Env) string { return storetest.Postgres(t) }},
	} {
		t.Run(name, func(t *testing.T) {
			testscript.Run(t, testscript.Params{
				Dir:  c.dir,
				Cmds: scriptCommands,
				Setup: func(e *testscript.Env) error {
					if url := c.url(t, e); url != "" {
						e.Setenv("MUSTER_DATABASE_URL", url)
					}
					e.Setenv("MUSTER_DRAIN", "0s")
					return nil
				},
				Condition: func(cond string) (bool, error) { return cond == name, nil },
			})
		})
	}
}

var scriptCommands = map[string]func(*testscript.TestScript, bool, []string){
	"port":      scriptPort,
	"ready":     scriptReady,
	"envfile":   scriptEnvFile,
	"http":      scriptHTTP,
	"until":     scriptUntil,
	"json":      scriptJSON,
	"keys":      scriptKeys,
	"save":      scriptSave,
	"status":    scriptStatus,
	"mode":      scriptMode,
	"hold":      scriptHold,
	"terminate": scriptTerminate,
	"cut":       scriptCut,
}

// port VAR finds a free port.
func scriptPort(ts *testscript.TestScript, _ bool, args []string) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Setenv(args[0], strconv.Itoa(ln.Addr().(*net.TCPAddr).Port))
	ts.Check(ln.Close())
}

// hold VAR takes a port for the rest of the script.
func scriptHold(ts *testscript.TestScript, _ bool, args []string) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { _ = ln.Close() })
	ts.Setenv(args[0], strconv.Itoa(ln.Addr().(*net.TCPAddr).Port))
}

// ready URL-OR-FILE waits until a server answers, or a file is there.
func scriptReady(ts *testscript.TestScript, _ bool, args []string) {
	const limit = 20 * time.Second
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if !strings.HasPrefix(args[0], "http") {
			if _, err := os.Stat(ts.MkAbs(args[0])); err == nil {
				return
			}
			continue
		}
		if res, err := http.Get(args[0] + "/readyz"); err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
	}
	ts.Fatalf("%s is not ready after %s", args[0], limit)
}

// envfile FILE sets the variables that stand in a file.
func scriptEnvFile(ts *testscript.TestScript, _ bool, args []string) {
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		name, v, _ := strings.Cut(strings.TrimSpace(line), "=")
		ts.Setenv(name, v)
	}
}

// http STATUS METHOD URL [BODY] sends a request with the token in $TOKEN and
// prints the body of the answer.
func scriptHTTP(ts *testscript.TestScript, _ bool, args []string) {
	status, text := request(ts, args)
	fmt.Fprintf(ts.Stdout(), "%s\n", text)
	if status != args[0] {
		ts.Fatalf("%s %s: status %s, want %s: %s", args[1], args[2], status, args[0], text)
	}
}

// until STATUS METHOD URL waits at most a second and a half for an answer.
func scriptUntil(ts *testscript.TestScript, _ bool, args []string) {
	for end := time.Now().Add(1500 * time.Millisecond); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if status, _ := request(ts, args); status == args[0] {
			return
		}
	}
	ts.Fatalf("%s %s never came to %s", args[1], args[2], args[0])
}

func request(ts *testscript.TestScript, args []string) (status string, text []byte) {
	var body io.Reader
	if len(args) > 3 {
		body = strings.NewReader(args[3])
	}
	req, err := http.NewRequest(args[1], args[2], body)
	ts.Check(err)
	req.Header.Set("Content-Type", "application/scim+json")
	if token := ts.Getenv("TOKEN"); token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	ts.Check(err)
	defer res.Body.Close()
	text, err = io.ReadAll(res.Body)
	ts.Check(err)
	return strconv.Itoa(res.StatusCode), text
}

// at returns the value at a dotted path in the JSON of a file.
func at(ts *testscript.TestScript, file, path string) any {
	var v any
	d := json.NewDecoder(strings.NewReader(ts.ReadFile(file)))
	d.UseNumber()
	ts.Check(d.Decode(&v))
	for part := range strings.SplitSeq(path, ".") {
		if part == "" {
			continue
		}
		switch in := v.(type) {
		case map[string]any:
			v = in[part]
		case []any:
			n, err := strconv.Atoi(part)
			if err != nil || n >= len(in) {
				ts.Fatalf("%s: no element %s", path, part)
			}
			v = in[n]
		default:
			ts.Fatalf("%s: nothing at %s", path, part)
		}
	}
	return v
}

func plainText(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	var b bytes.Buffer
	_ = json.NewEncoder(&b).Encode(v) // it came from JSON
	return strings.TrimSpace(b.String())
}

// json FILE PATH VALUE compares one value.
func scriptJSON(ts *testscript.TestScript, neg bool, args []string) {
	got := plainText(at(ts, args[0], args[1]))
	if (got == args[2]) == neg {
		ts.Fatalf("%s is %s, want %s", args[1], got, args[2])
	}
}

// keys FILE PATH KEY... compares the names in an object: scripts of others
// depend on them.
func scriptKeys(ts *testscript.TestScript, _ bool, args []string) {
	object, ok := at(ts, args[0], args[1]).(map[string]any)
	if !ok {
		ts.Fatalf("%s is no object", args[1])
	}
	var got []string
	for k := range object {
		got = append(got, k)
	}
	slices.Sort(got)
	want := slices.Sorted(slices.Values(args[2:]))
	if !slices.Equal(got, want) {
		ts.Fatalf("%s has the keys %v, want %v", args[1], got, want)
	}
}

// save VAR FILE PATH keeps a value of JSON in a variable.
func scriptSave(ts *testscript.TestScript, _ bool, args []string) {
	ts.Setenv(args[0], plainText(at(ts, args[1], args[2])))
}

// status N COMMAND... runs a command that must exit with a status.
func scriptStatus(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	got := 0
	if e, ok := err.(interface{ ExitCode() int }); ok {
		got = e.ExitCode()
	} else {
		ts.Check(err)
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("%s ended with %d, want %s", strings.Join(args[1:], " "), got, args[0])
	}
}

// mode FILE WANT compares the permissions of a file.
func scriptMode(ts *testscript.TestScript, _ bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	if got := fmt.Sprintf("%04o", info.Mode().Perm()); got != args[1] {
		ts.Fatalf("%s has mode %s, want %s", args[0], got, args[1])
	}
}

// terminate sends SIGTERM to the command that was started last in the background.
func scriptTerminate(ts *testscript.TestScript, _ bool, _ []string) {
	list := ts.BackgroundCmds()
	ts.Check(list[len(list)-1].Process.Signal(syscall.SIGTERM))
}

// cut FILE takes the second half of a file away.
func scriptCut(ts *testscript.TestScript, _ bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(os.Truncate(ts.MkAbs(args[0]), info.Size()/2))
}
