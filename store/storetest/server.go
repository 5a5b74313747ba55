package storetest

import (
	"context"
	"crypto/rand"
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

// server is the URL of the first database of a PostgreSQL server.
var server = sync.OnceValues(findServer)

// fresh makes the names of databases differ from those of other binaries.
var fresh = struct {
	binary string
	count  atomic.Int64
}{binary: strings.ToLower(rand.Text()[:10])}

// Postgres returns the URL of a fresh, empty PostgreSQL database that is gone
// after the test. It uses the server that MUSTER_TEST_POSTGRES names, or starts
// one with the initdb and pg_ctl on the PATH that all test binaries of a user
// share and that ends soon after the last of them. Without either the test is
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
	name := fmt.Sprintf("muster_test_%s_%d", fresh.binary, fresh.count.Add(1))
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

// findServer returns the URL of a server's first database.
func findServer() (string, error) {
	if base := os.Getenv("MUSTER_TEST_POSTGRES"); base != "" {
		return base, nil
	}
	for _, tool := range []string{"initdb", "pg_ctl", "flock"} {
		if _, err := exec.LookPath(tool); err != nil {
			return "", err
		}
	}
	var err error
	if using, err = openLock("use"); err != nil {
		return "", err
	}
	var base string
	err = alone(func() error {
		if err := lock(using, syscall.LOCK_SH); err != nil { // until this process ends
			return err
		}
		running, err := os.ReadFile(using.Name())
		if base = serverIn(string(running)); err == nil && len(running) > 0 && administer(base, "SELECT 1") == nil {
			return nil
		}
		dir, err := startServer()
		base = serverIn(dir)
		return errors.Join(err, os.WriteFile(using.Name(), []byte(dir), 0o600))
	})
	return base, err
}

// using is a file that every process which uses the server has locked with
// others, and that holds the server's folder.
var using *os.File

// alone runs what only one process at a time may do to the server.
func alone(do func() error) error {
	f, err := openLock("start")
	if err != nil {
		return err
	}
	defer f.Close()
	if err := lock(f, syscall.LOCK_EX); err != nil {
		return err
	}
	return do()
}

// lockPath is where a file is that the processes of one user lock.
func lockPath(what string) string {
	return filepath.Join(os.TempDir(), fmt.Sprintf("muster-pg-%d.%s", os.Getuid(), what))
}

func openLock(what string) (*os.File, error) {
	return os.OpenFile(lockPath(what), os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
}

func lock(f *os.File, how int) error {
	for {
		if err := syscall.Flock(int(f.Fd()), how); err != syscall.EINTR {
			return err
		}
	}
}

func serverIn(dir string) string {
	return "postgres://muster@/postgres?host=" + url.QueryEscape(dir)
}

// startServer starts a server and returns its folder.
func startServer() (string, error) {
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
		"-c dynamic_shared_memory_type=mmap", "-c wal_level=minimal", "-c max_wal_senders=0", "-c max_wal_size=256MB",
		"-c max_connections=300", "-c shared_buffers=64MB", "-c autovacuum=off",
	}, " ")
	if err := as.run("pg_ctl", "-D", data, "-w", "-l", filepath.Join(dir, "log"), "-o", options, "start"); err != nil {
		return "", err
	}
	return dir, as.stopAfterLast(dir, data)
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

// watch stops the server in a folder when for some seconds no process has had
// the lock of those who use it. The files of the locks are open already: that of
// the users as 3, that of those who start a server as 4.
const watch = `trap '' INT TERM
idle=0
while :; do
	sleep 1
	if flock -n 3; then idle=$((idle + 1)); flock -u 3; else idle=0; fi
	[ $idle -ge 6 ] || continue
	flock 4
	if flock -n 3; then pg_ctl -D "$1" -m immediate stop >/dev/null 2>&1; rm -rf "$2"; exit; fi
	flock -u 4
	idle=0
done`

// stopAfterLast starts a shell that stops the server some seconds after the last
// process that uses it, however that ends.
func (a account) stopAfterLast(dir, data string) error {
	c := a.command("sh", "-c", watch, "sh", data, dir)
	for _, what := range []string{"use", "start"} {
		f, err := openLock(what)
		if err != nil {
			return err
		}
		defer f.Close()
		c.ExtraFiles = append(c.ExtraFiles, f)
	}
	c.SysProcAttr.Setpgid = true
	if err := c.Start(); err != nil {
		return err
	}
	return c.Process.Release()
}
