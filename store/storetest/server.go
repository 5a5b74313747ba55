package storetest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

// A server is a PostgreSQL server for the tests of one test binary. It ends when
// the binary does.
var server = sync.OnceValues(startServer)

// databases counts the databases that this binary has made.
var databases atomic.Int64

// Postgres returns the URL of a fresh, empty PostgreSQL database that is gone
// after the test. It uses the server that MUSTER_TEST_POSTGRES names, or starts
// one with the initdb and pg_ctl on the PATH. Without either the test is
// skipped, or fails when CI=true.
func Postgres(t testing.TB) string {
	t.Helper()
	return newDatabase(t, serverURL(t), "")
}

func serverURL(t testing.TB) string {
	t.Helper()
	base, err := server()
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("PostgreSQL is needed: %v", err)
		}
		t.Skipf("no PostgreSQL: %v", err)
	}
	return base
}

// newDatabase makes a database, as a copy if a template is named.
func newDatabase(t testing.TB, base, template string) string {
	t.Helper()
	name := fmt.Sprintf("muster_test_%d_%d", os.Getpid(), databases.Add(1))
	sql := "CREATE DATABASE " + name
	if template != "" {
		sql += " TEMPLATE " + template
	}
	if err := administer(base, sql); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := administer(base, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	return databaseURL(base, name)
}

// databaseURL is the URL of another database of a server.
func databaseURL(base, name string) string {
	u, err := url.Parse(base)
	if err != nil {
		return base
	}
	u.Path = "/" + name
	return u.String()
}

func administer(base, sql string) error {
	ctx := context.Background() // also at the end of a test
	c, err := pgx.Connect(ctx, base)
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	if _, err := c.Exec(ctx, sql); err != nil {
		return fmt.Errorf("%s: %w", sql, err)
	}
	return nil
}

// startServer returns the URL of a server's first database.
func startServer() (string, error) {
	if base := os.Getenv("MUSTER_TEST_POSTGRES"); base != "" {
		return base, nil
	}
	for _, tool := range []string{"initdb", "pg_ctl"} {
		if _, err := exec.LookPath(tool); err != nil {
			return "", err
		}
	}
	dir, err := os.MkdirTemp("", "muster-pg-")
	if err != nil {
		return "", err
	}
	as, err := ordinaryUser(dir)
	if err != nil {
		return "", err
	}
	data := filepath.Join(dir, "data")
	if err := as.run("initdb", "-D", data, "-U", "muster", "-A", "trust", "-N", "--no-instructions", "-E", "UTF8", "--locale=C"); err != nil {
		return "", err
	}
	options := strings.Join([]string{
		"-c listen_addresses=''", "-c unix_socket_directories=" + dir,
		"-c fsync=off", "-c synchronous_commit=off", "-c full_page_writes=off",
		"-c max_connections=300", "-c shared_buffers=64MB", "-c autovacuum=off",
	}, " ")
	if err := as.run("pg_ctl", "-D", data, "-w", "-l", filepath.Join(dir, "log"), "-o", options, "start"); err != nil {
		return "", err
	}
	if err := as.stopWithUs(dir, data); err != nil {
		return "", err
	}
	return "postgres://muster@/postgres?host=" + url.QueryEscape(dir), nil
}

// An account is the user as whom the server runs: PostgreSQL refuses root.
type account struct{ credential *syscall.Credential }

func ordinaryUser(dir string) (account, error) {
	if os.Getuid() != 0 {
		return account{}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.Atoi(u.Uid)
		if err != nil {
			return account{}, err
		}
		gid, err := strconv.Atoi(u.Gid)
		if err != nil {
			return account{}, err
		}
		if err := os.Chown(dir, uid, gid); err != nil {
			return account{}, err
		}
		return account{&syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
	}
	return account{}, errors.New("no ordinary user to run the server as")
}

func (a account) command(name string, args ...string) *exec.Cmd {
	c := exec.Command(name, args...)
	c.Dir = "/"
	c.SysProcAttr = &syscall.SysProcAttr{Credential: a.credential}
	return c
}

func (a account) run(name string, args ...string) error {
	out, err := a.command(name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, out)
	}
	return nil
}

// stopWithUs starts a shell that stops the server as soon as this process is
// gone, however it ends: its standard input then ends.
func (a account) stopWithUs(dir, data string) error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer r.Close()
	c := a.command("sh", "-c", `trap '' INT TERM; read -r _; pg_ctl -D "$1" -m immediate stop >/dev/null 2>&1; rm -rf "$2"`, "sh", data, dir)
	c.Stdin = r
	c.SysProcAttr.Setpgid = true
	if err := c.Start(); err != nil {
		return err
	}
	keepOpen = w
	return c.Process.Release()
}

// keepOpen is the end of the pipe that closes with this process.
//
//lint:ignore U1000 without a reference the pipe would be closed before
var keepOpen *os.File
