// Command bench measures Muster. It builds the server from this tree, starts it
// on a fresh database, loads generated users, sends loads to it over keep-alive
// connections, and prints what it measured beside a yardstick: a bare net/http
// handler, asked by the same client in the same minute.
//
//	go run ./bench -db both -users 100000 -out docs/figures
//
// It uses the loopback interface only and leaves nothing behind but what -out
// names.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// options are what the command line says.
type options struct {
	users   int
	walk    int // users of the cursor walk
	rounds  int
	conns   int
	seconds float64
	seed    uint64
	binary  string
	dir     string
}

func main() {
	var o options
	databases := flag.String("db", "sqlite", "sqlite, postgres or both")
	out := flag.String("out", "", "write the tables to `FILE`.md and FILE.json as well")
	quick := flag.Bool("quick", false, "a few seconds with few users: shows that all of it works, measures nothing")
	yardstick := flag.Bool("yardstick", false, "be the yardstick (the bench starts itself with this)")
	flag.IntVar(&o.users, "users", 100_000, "users to load")
	flag.IntVar(&o.walk, "walk", 20_000, "users of the cursor walk")
	flag.IntVar(&o.rounds, "rounds", 3, "rounds of each load")
	flag.IntVar(&o.conns, "conns", 16, "connections")
	flag.Float64Var(&o.seconds, "seconds", 3, "seconds of each round")
	flag.Uint64Var(&o.seed, "seed", 1, "seed of the generated users")
	flag.Parse()
	if *yardstick {
		fail(serveYardstick())
	}
	if *quick {
		o.users, o.walk, o.rounds, o.seconds = 2000, 1000, 1, 0.2
	}
	if o.users < 2*smallUsers || o.walk < 10 || o.rounds < 1 || o.conns < 1 || o.seconds <= 0 {
		fail(fmt.Errorf("give at least %d users, 10 of the walk, one round and one connection", 2*smallUsers))
	}
	names := strings.Split(*databases, ",")
	if *databases == "both" {
		names = []string{"sqlite", "postgres"}
	}
	fail(run(names, o, *out))
}

// fail ends the program if err is not nil.
func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run measures the databases one after the other and writes the tables.
func run(databases []string, o options, out string) error {
	// An interrupt ends the run in order, so that no process and no file stays.
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	root, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return fmt.Errorf("find the module: %w", err)
	}
	if o.dir, err = os.MkdirTemp("", "muster-bench"); err != nil {
		return err
	}
	defer os.RemoveAll(o.dir)
	if o.binary, err = build(strings.TrimSpace(string(root)), o.dir); err != nil {
		return err
	}
	var reports []*report
	var tables []string
	for _, db := range databases {
		r, err := measure(ctx, db, o)
		if err != nil {
			return fmt.Errorf("%s: %w", db, err)
		}
		reports = append(reports, r)
		tables = append(tables, r.markdown())
	}
	text := strings.Join(tables, "\n")
	fmt.Print(text)
	if out == "" {
		return nil
	}
	data, err := json.MarshalIndent(reports, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(out+".json", append(data, '\n'), 0o644); err != nil {
		return err
	}
	return os.WriteFile(out+".md", []byte(text), 0o644)
}

// progress says on standard error what happens now.
func progress(format string, a ...any) {
	fmt.Fprintf(os.Stderr, "%s "+format+"\n", append([]any{time.Now().Format("15:04:05")}, a...)...)
}
