package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
)

func openAt(t *testing.T, path string) *store.DB {
	t.Helper()
	db, err := Open(t.Context(), Options{Path: path, Readers: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func migratedAt(t *testing.T, path string) *store.DB {
	t.Helper()
	db := openAt(t, path)
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db
}

func keep(t *testing.T, db *store.DB, key string) {
	t.Helper()
	err := db.Update(t.Context(), func(tx *store.Tx) error { return tx.PutSetting(t.Context(), key, []byte(key)) })
	if err != nil {
		t.Errorf("put %s: %v", key, err)
	}
}

func read(t *testing.T, db *store.DB, key string) string {
	t.Helper()
	var value []byte
	err := db.View(t.Context(), func(tx *store.Tx) (err error) {
		value, err = tx.Setting(t.Context(), key)
		return err
	})
	if err != nil {
		t.Errorf("get %s: %v", key, err)
	}
	return string(value)
}

// TestAcknowledgedIsOnDisk copies the files as they are at the moment when a
// write has been acknowledged, which is what is left of a process that is killed.
func TestAcknowledgedIsOnDisk(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.db")
	db := migratedAt(t, path)
	var writers sync.WaitGroup
	for w := range 8 {
		writers.Go(func() {
			for i := range 5 {
				keep(t, db, fmt.Sprintf("%d-%d", w, i))
			}
		})
	}
	writers.Wait()
	killed := filepath.Join(dir, "killed.db")
	for _, suffix := range []string{"", "-wal"} {
		data, err := os.ReadFile(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(killed+suffix, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	rest := openAt(t, killed)
	for w := range 8 {
		for i := range 5 {
			if key := fmt.Sprintf("%d-%d", w, i); read(t, rest, key) != key {
				t.Errorf("%s was acknowledged and is not in the files", key)
			}
		}
	}
}

// TestTwoProcesses uses one file from two databases, as the server and the
// command line do.
func TestTwoProcesses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	a, b := migratedAt(t, path), migratedAt(t, path)
	var writers sync.WaitGroup
	for i, db := range []*store.DB{a, b, a, b} {
		writers.Go(func() {
			for j := range 20 {
				keep(t, db, fmt.Sprintf("%d-%d", i, j))
			}
		})
	}
	writers.Wait()
	for i := range 4 {
		for j := range 20 {
			key := fmt.Sprintf("%d-%d", i, j)
			if read(t, a, key) != key || read(t, b, key) != key {
				t.Errorf("%s is not there for both", key)
			}
		}
	}
	before, err := a.Epoch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	err = b.Update(t.Context(), func(tx *store.Tx) error {
		return tx.InsertOrganisation(t.Context(), identity.Organisation{ID: identity.NewOrgID(), Slug: "x"})
	})
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(20 * time.Millisecond)
	if after, err := a.Epoch(t.Context()); err != nil || after == before {
		t.Errorf("the epoch does not tell of another process's change: %d, %v", after, err)
	}
}

func TestManyNodesMigrate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	var nodes sync.WaitGroup
	for range 6 {
		db := openAt(t, path)
		nodes.Go(func() {
			if err := db.Migrate(t.Context()); err != nil {
				t.Errorf("migrate: %v", err)
			}
		})
	}
	nodes.Wait()
}

func TestTemporaryFileIsGone(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	db, err := Open(t.Context(), Options{NoSync: true, NoMmap: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	keep(t, db, "k")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(left) != 0 {
		t.Errorf("Close left %v, %v", left, err)
	}
}

func TestClosed(t *testing.T) {
	db := migratedAt(t, filepath.Join(t.TempDir(), "a.db"))
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Errorf("the second Close: %v", err)
	}
	nothing := func(*store.Tx) error { return nil }
	if err := db.Update(t.Context(), nothing); !errors.Is(err, errClosed) {
		t.Errorf("Update after Close: %v", err)
	}
	if err := db.View(t.Context(), nothing); !errors.Is(err, errClosed) {
		t.Errorf("View after Close: %v", err)
	}
	if _, err := db.Epoch(t.Context()); !errors.Is(err, errClosed) {
		t.Errorf("Epoch after Close: %v", err)
	}
}

func TestNotADatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	if err := os.WriteFile(path, []byte("this is no database, but long enough to have a header of one hundred bytes, more or less, so that it is read"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), Options{Path: path}); err == nil {
		t.Error("a file that is no database was opened")
	}
}

// forever counts without end.
const forever = "WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT MAX(n) FROM c"

func TestInterrupt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	migratedAt(t, path)
	d, err := newDriver(Options{Path: path, Readers: 1}, false)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	err = d.View(ctx, func(c store.Conn) error {
		rows, err := c.Query(ctx, store.Statement{SQL: forever, Fresh: true})
		if err != nil {
			return err
		}
		for rows.Next() {
		}
		return rows.Close()
	})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("an endless statement ended with %v", err)
	}
	err = d.View(t.Context(), func(c store.Conn) error {
		rows, err := c.Query(t.Context(), store.Statement{SQL: "SELECT 1"})
		if err != nil {
			return err
		}
		if !rows.Next() || rows.Int(0) != 1 {
			t.Error("the connection does not answer after an interrupt")
		}
		return rows.Close()
	})
	if err != nil {
		t.Errorf("after an interrupt: %v", err)
	}
}

// TestValues binds and reads every kind of value, and a statement inside itself.
func TestValues(t *testing.T) {
	c, err := open(filepath.Join(t.TempDir(), "a.db"), Options{}.writing())
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	id := identity.NewID()
	const sql = "SELECT $2, $1, $3, $4, $5, $6, $7"
	long := make([]byte, 100_000)
	for range 3 { // with and without room for a long value
		r, err := c.query(store.Statement{SQL: sql, Args: []any{"text\x00é", int64(-7), nil, []byte{}, id, "", long}})
		if err != nil {
			t.Fatal(err)
		}
		inner, err := c.query(store.Statement{SQL: sql, Args: []any{"inner", 1, nil, nil, id, "", nil}})
		if err != nil {
			t.Fatal(err)
		}
		if !r.Next() || !inner.Next() {
			t.Fatal("no rows")
		}
		if r.Int(0) != -7 || string(r.Bytes(1)) != "text\x00é" || r.Bytes(2) != nil || r.Bytes(3) == nil || len(r.Bytes(3)) != 0 ||
			identity.ID(r.Bytes(4)) != id || r.Bytes(5) == nil || len(r.Bytes(6)) != len(long) {
			t.Errorf("the values came back as %d %q %v %v %x %v", r.Int(0), r.Bytes(1), r.Bytes(2), r.Bytes(3), r.Bytes(4), r.Bytes(5))
		}
		if string(inner.Bytes(1)) != "inner" || inner.Bytes(3) != nil {
			t.Errorf("the inner statement has %q and %v", inner.Bytes(1), inner.Bytes(3))
		}
		if err := errors.Join(inner.Close(), r.Close(), r.Close()); err != nil {
			t.Error(err)
		}
		if r.Next() {
			t.Error("Next after Close is true")
		}
	}
	for i := range maxStatements + 10 {
		if _, err := c.exec(store.Statement{SQL: fmt.Sprintf("SELECT %d", i)}); err != nil {
			t.Fatal(err)
		}
	}
	if len(c.stmts) > maxStatements {
		t.Errorf("%d statements are kept, want at most %d", len(c.stmts), maxStatements)
	}
}

// TestBatch puts requests of every outcome into one batch.
func TestBatch(t *testing.T) {
	c, err := open(filepath.Join(t.TempDir(), "a.db"), Options{}.writing())
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	if err := statement(c, "CREATE TABLE t (n INTEGER PRIMARY KEY)"); err != nil {
		t.Fatal(err)
	}
	insert := func(c store.Conn, n int) error {
		_, err := c.Exec(t.Context(), store.Statement{SQL: "INSERT INTO t (n) VALUES ($1)", Args: []any{n}})
		return err
	}
	bad := errors.New("bad")
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	d := &driver{requests: make(chan *request, 10)}
	request := func(ctx context.Context, fn func(store.Conn) error) *request {
		return &request{ctx: ctx, fn: fn, done: make(chan struct{})}
	}
	first := request(t.Context(), func(c store.Conn) error { return insert(c, 1) })
	all := []*expected{
		{request(t.Context(), func(c store.Conn) error { return errors.Join(insert(c, 2), bad) }), bad},
		{request(t.Context(), func(store.Conn) error { return bad }), bad},
		{request(t.Context(), func(c store.Conn) error {
			_ = c.Savepoint(t.Context(), func() error { return errors.Join(insert(c, 3), bad) })
			return insert(c, 4)
		}), nil},
		{request(t.Context(), func(c store.Conn) error { return insert(c, 1) }), &store.Taken{}},
		{request(gone, func(c store.Conn) error { return insert(c, 5) }), context.Canceled},
		{request(t.Context(), func(c store.Conn) error {
			if err := insert(c, 6); err != nil {
				return err
			}
			panic("on purpose")
		}), errPanicked},
		{request(t.Context(), func(c store.Conn) error { return insert(c, 7) }), nil},
	}
	for _, r := range all {
		d.requests <- r.request
	}
	d.batch(c, first)
	for i, r := range all {
		<-r.done
		taken := errors.As(r.err, new(*store.Taken))
		if _, want := r.want.(*store.Taken); want != taken || !want && !errors.Is(r.err, r.want) {
			t.Errorf("request %d ended with %v, want %v", i, r.err, r.want)
		}
	}
	if first.err != nil {
		t.Errorf("the first request: %v", first.err)
	}
	for sql, want := range map[string]int64{"SELECT COUNT(*) FROM t": 3, "SELECT SUM(n) FROM t": 1 + 4 + 7} {
		if got, err := c.number(sql); err != nil || got != want {
			t.Errorf("%s = %d, %v; want %d", sql, got, err, want)
		}
	}
}

type expected struct {
	*request
	want error
}
