package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// How much there is to decide about.
const (
	benchActions   = 20
	benchTypes     = 50
	benchResources = 2000
	benchRoles     = 200
	benchBatch     = 100 // questions in one request
)

// A judge is an app that asks for decisions about the users of the organisation.
type judge struct {
	addr, token string
	suite       *suite
}

// decisions measures what apps ask about access.
func (b *bench) decisions() error {
	progress("%s: make %d resources and %d roles", b.db, benchResources, benchRoles)
	if err := b.catalogue(); err != nil {
		return err
	}
	j, err := b.makeJudge()
	if err != nil {
		return err
	}
	if err := b.loads([]load{j.one(), j.many(), j.subjects()}); err != nil {
		return err
	}
	rows := b.report.Rows
	each := rows[len(rows)-2].PerSecond * benchBatch
	b.report.fact("decisions a second in batches of 100", "≥ 400000", each >= 400e3, "%.0f", each)
	p99 := rows[len(rows)-1].P99
	b.report.fact("subject search, first page of 100, p99", "≤ 5 ms", p99 <= 5, "%.2f ms", p99)
	return b.visible(j)
}

// catalogue makes actions, types, resources and roles, gives some roles to both
// groups, and the others to a user each.
func (b *bench) catalogue() error {
	var f strings.Builder
	f.WriteString("organisation: bench\nactions:\n")
	var actions []string
	for i := range benchActions {
		actions = append(actions, fmt.Sprintf("a%d", i))
		fmt.Fprintf(&f, "- name: a%d\n", i)
	}
	f.WriteString("resource-types:\n")
	for i := range benchTypes {
		fmt.Fprintf(&f, "- {slug: t%d, actions: [%s]}\n", i, strings.Join(actions, ", "))
	}
	f.WriteString("resources:\n")
	for i := range benchResources {
		fmt.Fprintf(&f, "- {slug: r%d, type: t%d}\n", i, i%benchTypes)
	}
	f.WriteString("roles:\n")
	for i := range benchRoles {
		fmt.Fprintf(&f, "- name: role%d\n  statements:\n", i)
		for n := range 9 {
			r := (i*9 + n) % benchResources
			fmt.Fprintf(&f, "  - {actions: [a%d, a%d], resource: t%d/r%d}\n", n, n+1, r%benchTypes, r)
		}
		fmt.Fprintf(&f, "  - {actions: [a%d], resource: t%d/*}\n", i%benchActions, i%benchTypes)
	}
	f.WriteString("assignments:\n")
	for i := range benchRoles {
		switch {
		case i < 20:
			fmt.Fprintf(&f, "- {role: role%d, group: Everybody}\n", i)
		case i < 40:
			fmt.Fprintf(&f, "- {role: role%d, group: Ten}\n", i)
		}
	}
	dir := filepath.Join(b.muster.dir, "catalogue")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "bench.yaml"), []byte(f.String()), 0o600); err != nil {
		return err
	}
	_, err := b.muster.run("apply", "-f", dir)
	return err
}

// makeJudge makes the app that asks, and waits until its questions are answered.
func (b *bench) makeJudge() (*judge, error) {
	made, err := b.muster.run("app", "create", "Judge", "--org", "bench", "--type", "service", "--scope", "muster:access")
	if err != nil {
		return nil, err
	}
	i := issuer{addr: b.muster.addr, root: "/o/bench"}
	t, err := i.call("/oauth2/token", basic(made), "grant_type=client_credentials&scope=muster:access")
	if err != nil {
		return nil, err
	}
	return &judge{addr: b.muster.addr, token: t.AccessToken, suite: b.suite}, nil
}

// request appends a whole request with a JSON body to buf.
func (j *judge) request(buf []byte, method, path string, body []byte) []byte {
	buf = fmt.Appendf(buf, "%s %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n",
		method, path, j.addr, j.token, len(body))
	return append(buf, body...)
}

// question appends the action and the resource of a question.
func question(body []byte, action, resource int) []byte {
	return fmt.Appendf(body, `"action":{"name":"a%d"},"resource":{"type":"t%d","id":"r%d"}`, action, resource%benchTypes, resource)
}

func (j *judge) one() load {
	return load{
		name: "decision: one evaluation", status: 200, want: map[string]int{"sqlite": 450, "postgres": 450},
		request: func(w *worker) {
			w.body = fmt.Appendf(w.body[:0], `{"subject":{"type":"user","id":"%s"},`, j.suite.ids[j.suite.anyone(w)])
			w.body = append(question(w.body, w.rng.IntN(benchActions), w.rng.IntN(benchResources)), '}')
			w.buf = j.request(w.buf, "POST", "/access/v1/evaluation", w.body)
		},
		verify: func(w *worker, body []byte) error { return holds(body, `"decision":`, 1) },
	}
}

func (j *judge) many() load {
	return load{
		name: fmt.Sprintf("decisions: batch of %d", benchBatch), status: 200,
		request: func(w *worker) {
			w.body = fmt.Appendf(w.body[:0], `{"subject":{"type":"user","id":"%s"},"evaluations":[`, j.suite.ids[j.suite.anyone(w)])
			for n := range benchBatch {
				if n > 0 {
					w.body = append(w.body, ',')
				}
				w.body = append(question(append(w.body, '{'), w.rng.IntN(benchActions), w.rng.IntN(benchResources)), '}')
			}
			w.body = append(w.body, "]}"...)
			w.buf = j.request(w.buf, "POST", "/access/v1/evaluations", w.body)
		},
		verify: func(w *worker, body []byte) error { return holds(body, `"decision":`, benchBatch) },
	}
}

func (j *judge) subjects() load {
	return load{
		name: "search: who may, first page of 100, 1 connection", conns: 1, status: 200,
		request: func(w *worker) {
			w.body = append(question(append(w.body[:0], `{"subject":{"type":"user"},`...), w.rng.IntN(benchActions), w.rng.IntN(180)), '}')
			w.buf = j.request(w.buf, "POST", "/access/v1/search/subject", w.body)
		},
		verify: func(w *worker, body []byte) error { return holds(body, `"results":`, 1) },
	}
}

// call sends one request and decodes the answer.
func (j *judge) call(method, path, body string, status int, out any) error {
	c, err := dial(j.addr)
	if err != nil {
		return err
	}
	defer c.close()
	got, text, err := c.do(j.request(nil, method, path, []byte(body)))
	if err == nil && got != status {
		err = fmt.Errorf("%s %s: status %d: %.300s", method, path, got, text)
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(text, out)
}

// visible measures how long after a role was given to a user, and to everybody, a
// decision knows of it.
func (b *bench) visible(j *judge) error {
	for _, c := range []struct{ what, typ, subject, role, question string }{
		{"a user", "User", b.suite.ids[0], "role50", `"action":{"name":"a4"},"resource":{"type":"t3","id":"r453"}`},
		{fmt.Sprintf("a group of %d", b.users), "Group", b.suite.big.id, "role60", `"action":{"name":"a4"},"resource":{"type":"t43","id":"r543"}`},
	} {
		var role struct{ ID string }
		if err := j.call("GET", "/api/v1/o/bench/roles/"+c.role, "", 200, &role); err != nil {
			return err
		}
		question := fmt.Sprintf(`{"subject":{"type":"user","id":"%s"},%s}`, b.suite.ids[0], c.question)
		var before, after struct{ Decision bool }
		if err := j.call("POST", "/access/v1/evaluation", question, 200, &before); err != nil {
			return err
		}
		body := fmt.Sprintf(`{"role":"%s","subject_type":"%s","subject":"%s"}`, role.ID, c.typ, c.subject)
		var made struct{ ID string }
		if err := j.call("POST", "/api/v1/o/bench/assignments", body, 201, &made); err != nil {
			return err
		}
		done := time.Now()
		if err := j.call("POST", "/access/v1/evaluation", question, 200, &after); err != nil {
			return err
		}
		took := time.Since(done)
		if before.Decision || !after.Decision {
			return errors.New("a decision does not know of an assignment that was made before it")
		}
		b.report.fact("the first decision after a role was given to "+c.what+" takes", "≤ 10 ms", took <= 10*time.Millisecond, "%.1f ms", ms(took))
	}
	return nil
}
