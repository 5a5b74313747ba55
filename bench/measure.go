package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// smallUsers is the number of users at which the loads run first, to see what
// growth costs.
const smallUsers = 1000

// A bench is one run on one database.
type bench struct {
	options
	ctx       context.Context
	db        string
	report    *report
	muster    *muster
	cluster   *cluster
	yardstick *runner
	suite     *suite
}

// measure does one run on a database of its own.
func measure(ctx context.Context, db string, o options) (*report, error) {
	b := &bench{options: o, ctx: ctx, db: db}
	b.dir = filepath.Join(o.dir, db)
	if err := os.Mkdir(b.dir, 0o700); err != nil {
		return nil, err
	}
	databaseURL := "sqlite:" + filepath.Join(b.dir, "muster.db")
	version := ""
	switch db {
	case "sqlite":
	case "postgres":
		c, err := startCluster()
		if err != nil {
			return nil, err
		}
		defer c.stop()
		b.cluster, databaseURL = c, c.url()
		version = fmt.Sprintf("PostgreSQL %s, shared_buffers %s, all else as initdb writes it", c.version, sharedBuffers)
	default:
		return nil, fmt.Errorf("no such database; name sqlite, postgres or both")
	}
	yard, process, err := startYardstick()
	if err != nil {
		return nil, err
	}
	defer stop(process, syscall.SIGKILL)
	b.yardstick = &runner{target: yard, conns: o.conns, seed: o.seed}
	if b.muster, err = newMuster(o.binary, b.dir, databaseURL); err != nil {
		return nil, err
	}
	defer func() { b.muster.stop() }()
	goVersion, sqlite := b.muster.versions()
	if version == "" {
		version = sqlite + ", WAL, synchronous=FULL"
	}
	b.report = &report{
		Database: db, Version: version, Machine: machine(goVersion), Date: time.Now().Format(time.DateOnly),
		Users: o.users, Conns: o.conns, Rounds: o.rounds, Seconds: o.seconds,
	}
	return b.report, b.run()
}

// run is the order of the day.
func (b *bench) run() error {
	if _, err := b.muster.start(target{addr: b.muster.addr}.request(nil, "GET", "/livez", nil), 200); err != nil {
		return err
	}
	t, err := b.muster.organisation("bench")
	if err != nil {
		return err
	}
	b.suite = &suite{people: people{b.seed}, runner: &runner{target: t, conns: b.conns, seed: b.seed}}
	for _, step := range []func() error{b.growth, b.lists, b.members, b.changes, b.signIns, b.decisions, b.memory, b.restart, b.walkAlong} {
		if err := step(); err != nil {
			return err
		}
		if err := b.ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// growth loads the users and runs the loads that must not slow down as they
// become many.
func (b *bench) growth() error {
	progress("%s: load %d users", b.db, smallUsers)
	if _, err := b.suite.load(smallUsers); err != nil {
		return err
	}
	must := append(b.suite.points(), b.suite.total())
	before := map[string]row{}
	for _, l := range must {
		r, err := b.repeat(l, false)
		if err != nil {
			return err
		}
		before[l.name] = r
	}
	progress("%s: load %d users", b.db, b.users)
	rate, err := b.suite.load(b.users)
	if err != nil {
		return err
	}
	want := map[string]float64{"sqlite": 4000, "postgres": 2500}[b.db]
	b.report.fact("users a second, Bulk of 1,000 POSTs, 4 connections", fmt.Sprintf("≥ %.0f", want), rate >= want, "%.0f", rate)
	for _, l := range must {
		r, err := b.repeat(l, true)
		if err != nil {
			return err
		}
		b.report.Rows = append(b.report.Rows, r)
		kept := r.Ratio / before[l.name].Ratio
		b.report.fact(fmt.Sprintf("%s: share kept from %d to %d users", l.name, smallUsers, b.users), "≥ 0.80", kept >= 0.8, "%.2f", kept)
	}
	return nil
}

func (b *bench) lists() error {
	if err := b.suite.collectCursors(); err != nil {
		return err
	}
	return b.loads(b.suite.pages())
}

func (b *bench) changes() error { return b.loads(b.suite.writes()) }

func (b *bench) loads(loads []load) error {
	for _, l := range loads {
		r, err := b.repeat(l, true)
		if err != nil {
			return err
		}
		b.report.Rows = append(b.report.Rows, r)
	}
	return nil
}

// members measures one change of membership in a small and a large group.
func (b *bench) members() (err error) {
	progress("%s: make groups of 10 and %d members", b.db, b.users)
	if b.suite.small, err = b.suite.makeGroup("Ten", 10); err != nil {
		return err
	}
	if b.suite.big, err = b.suite.makeGroup("Everybody", b.users); err != nil {
		return err
	}
	small := b.suite.membership("add or remove one member, group of 10, 1 connection", b.suite.small)
	big := b.suite.membership(fmt.Sprintf("add or remove one member, group of %d, 1 connection", b.users), b.suite.big)
	if err := b.loads([]load{small, big}); err != nil {
		return err
	}
	factor := b.report.find(big.name).P50 / b.report.find(small.name).P50
	b.report.fact("time of one change of membership, large group to small", "≤ 1.5", factor <= 1.5, "%.2f", factor)
	return nil
}

// repeat runs a load and the yardstick by turns and takes medians. With open it
// then offers half of the rate that the load reached.
func (b *bench) repeat(l load, open bool) (row, error) {
	d := time.Duration(b.seconds * float64(time.Second))
	bare := load{name: "yardstick", conns: l.conns, status: 200, request: func(w *worker) {
		w.buf = b.yardstick.target.request(w.buf, "GET", "/Users/2819c223-7f76-453a-919d-413861904646", nil)
	}}
	if _, err := b.suite.runner.closed(l, d/5); err != nil { // warm up
		return row{}, err
	}
	var ratios, rates, yards, p50, p99 []float64
	for range b.rounds {
		yard, err := b.yardstick.closed(bare, d/2)
		if err != nil {
			return row{}, err
		}
		t, err := b.suite.runner.closed(l, d)
		if err != nil {
			return row{}, err
		}
		if err := b.ctx.Err(); err != nil {
			return row{}, err
		}
		ratios = append(ratios, 1000*t.Rate/yard.Rate)
		rates, yards = append(rates, t.Rate), append(yards, yard.Rate)
		p50, p99 = append(p50, ms(t.P50)), append(p99, ms(t.P99))
	}
	r := row{
		Name: l.name, Ratio: median(ratios), PerSecond: median(rates), Yardstick: median(yards),
		P50: median(p50), P99: median(p99), Target: l.want[b.db],
	}
	r.Reached = r.Ratio >= float64(r.Target)
	if open {
		t, err := b.suite.runner.open(l, r.PerSecond/2, d)
		if err != nil {
			return row{}, err
		}
		r.OpenRate, r.OpenP50, r.OpenP99 = r.PerSecond/2, ms(t.P50), ms(t.P99)
	}
	progress("%s: %-50s %7.1f ‰ %9.0f/s", b.db, l.name, r.Ratio, r.PerSecond)
	return r, nil
}

// memory reads what the server holds after all loads.
func (b *bench) memory() error {
	n, err := rssAnon(b.muster.cmd.Process.Pid)
	if err != nil {
		return err
	}
	b.report.fact("memory after the loads (RssAnon)", "≤ 150 MB", mb(n) <= 150, "%.0f MB", mb(n))
	if b.cluster != nil {
		b.report.fact("memory of PostgreSQL after the loads (RssAnon, all processes)", "", true, "%.0f MB", mb(b.cluster.memory()))
	}
	return nil
}

// restart stops the server and measures how soon it answers again, and what it
// holds when nobody asks.
func (b *bench) restart() error {
	first := b.suite.runner.target.request(nil, "GET", "/Users/"+b.suite.ids[0], nil)
	var took []float64
	for range b.rounds {
		if err := b.muster.stop(); err != nil {
			return fmt.Errorf("stop muster: %w", err)
		}
		d, err := b.muster.start(first, 200)
		if err != nil {
			return err
		}
		took = append(took, ms(d))
	}
	b.report.fact("start to first answer", "≤ 200 ms", median(took) <= 200, "%.0f ms", median(took))
	time.Sleep(time.Duration(b.seconds * float64(time.Second)))
	n, err := rssAnon(b.muster.cmd.Process.Pid)
	if err != nil {
		return err
	}
	b.report.fact("memory idle (RssAnon)", "≤ 60 MB", mb(n) <= 60, "%.0f MB", mb(n))
	info, err := os.Stat(b.binary)
	if err != nil {
		return err
	}
	b.report.fact("binary", "≤ 40 MB", mb(info.Size()) <= 40, "%.1f MB", mb(info.Size()))
	synced, err := syncTime(b.dir)
	if err != nil {
		return err
	}
	b.report.fact("one 4 KB append and sync on this disk", "", true, "%.2f ms", ms(synced))
	return nil
}

// walkAlong walks the users of another organisation by cursor while others
// change it.
func (b *bench) walkAlong() error {
	t, err := b.muster.organisation("walk")
	if err != nil {
		return err
	}
	s := &suite{people: people{b.seed + 1}, runner: &runner{target: t, conns: b.conns, seed: b.seed}}
	if _, err := s.load(b.walk); err != nil {
		return err
	}
	changes := b.walk / 20
	if b.report.Walk, err = cursorWalk(s, changes); err != nil {
		return err
	}
	w := b.report.Walk
	b.report.fact(fmt.Sprintf("cursor walk over %d users, %d deletes and %d inserts beside it: users lost, doubled", w.Users, w.Deleted, w.Inserted),
		"0, 0", w.Lost+w.Doubled == 0, "%d, %d", w.Lost, w.Doubled)
	if w.Lost+w.Doubled > 0 {
		return fmt.Errorf("the cursor walk lost %d users and saw %d twice", w.Lost, w.Doubled)
	}
	return nil
}
