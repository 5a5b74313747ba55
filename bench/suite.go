package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A suite is one database under test with what was loaded into it.
type suite struct {
	people people
	runner *runner
	ids    []string // of the users, by number
	active []bool   // whether a user is active, as this client left it
	fresh  atomic.Int64
	small  group    // ten members
	big    group    // all users
	deep   []string // cursors in the second half of the list
}

// A group of the organisation, with a user that its own loads add and remove.
type group struct{ id, other string }

// firstNew is the number of the first user that the POST load makes: far above
// those that were loaded.
const firstNew = 5_000_000

// pageSize is the count of every list.
const pageSize = 100

func (s *suite) anyone(w *worker) int { return w.rng.IntN(len(s.ids)) }

// mine is a random user whose number belongs to the worker, so that no other
// changes it.
func (s *suite) mine(w *worker) int {
	n := (len(s.ids) - w.id + w.of - 1) / w.of
	return w.rng.IntN(n)*w.of + w.id
}

func (s *suite) get(w *worker, path string) {
	w.buf = s.runner.target.request(w.buf, "GET", path, nil)
}

func (s *suite) filter(w *worker, filter string) {
	s.get(w, "/Users?count="+strconv.Itoa(pageSize)+"&filter="+escape(filter))
}

// points are the loads that find one user.
func (s *suite) points() []load {
	return []load{
		{
			name: "GET user by id", status: 200, want: map[string]int{"sqlite": 350, "postgres": 180},
			request: func(w *worker) { s.get(w, "/Users/"+s.ids[s.anyone(w)]) },
			verify:  func(w *worker, body []byte) error { return holds(body, `"userName":`, 1) },
		},
		{
			name: `filter userName eq "…"`, status: 200, want: map[string]int{"sqlite": 300, "postgres": 150},
			request: func(w *worker) { s.filter(w, `userName eq "`+s.people.userName(s.anyone(w))+`"`) },
			verify:  func(w *worker, body []byte) error { return holds(body, `"userName":`, 1) },
		},
		{
			name: `filter emails[type eq "work" and value eq "…"]`, status: 200, want: map[string]int{"sqlite": 200, "postgres": 100},
			request: func(w *worker) {
				s.filter(w, `emails[type eq "work" and value eq "`+s.people.userName(s.anyone(w))+`"]`)
			},
			verify: func(w *worker, body []byte) error { return holds(body, `"userName":`, 1) },
		},
	}
}

// pages are the loads that read a page of a hundred.
func (s *suite) pages() []load {
	want := map[string]int{"sqlite": 25, "postgres": 8}
	full := func(w *worker, body []byte) error { return holds(body, `"userName":`, pageSize) }
	count := "count=" + strconv.Itoa(pageSize)
	return []load{
		{
			name: "page of 100, first", status: 200, want: want, verify: full,
			request: func(w *worker) { s.get(w, "/Users?"+count) },
		},
		{
			name: "page of 100, deep, by cursor", status: 200, want: want, verify: full,
			request: func(w *worker) { s.get(w, "/Users?"+count+"&cursor="+pick(w.rng, s.deep)) },
		},
		{
			// As clients walk: each goes on where its last page ended.
			name: "page of 100, deep, by startIndex", status: 200, want: want, verify: full,
			request: func(w *worker) {
				half := len(s.ids) / 2
				if w.turn == 0 {
					w.place = w.rng.IntN(half)
				}
				w.place = (w.place + pageSize) % (half - pageSize)
				s.get(w, "/Users?"+count+"&startIndex="+strconv.Itoa(half+1+w.place))
			},
		},
		{
			name: "page of 100, any startIndex", status: 200, verify: full,
			request: func(w *worker) {
				s.get(w, "/Users?"+count+"&startIndex="+strconv.Itoa(1+w.rng.IntN(len(s.ids)-pageSize+1)))
			},
		},
		{
			name: `filter userName co "…", first page of 100`, status: 200, want: map[string]int{"sqlite": 15, "postgres": 5},
			request: func(w *worker) { s.filter(w, `userName co "`+s.people.fragment(s.anyone(w))+`"`) },
			verify:  func(w *worker, body []byte) error { return holds(body, `"userName":`, 1) },
		},
	}
}

// writes are the loads that change users.
func (s *suite) writes() []load {
	want := map[string]int{"sqlite": 60, "postgres": 30}
	return []load{
		{
			name: "POST user", status: 201, want: want,
			request: func(w *worker) {
				w.body = s.people.appendUser(w.body[:0], firstNew+int(s.fresh.Add(1)))
				w.buf = s.runner.target.request(w.buf, "POST", "/Users", w.body)
			},
		},
		{
			name: "PATCH active", status: 200, want: want,
			request: func(w *worker) {
				i := s.mine(w)
				s.active[i] = !s.active[i]
				w.body = fmt.Appendf(w.body[:0], `{"schemas":["%s"],"Operations":[{"op":"replace","path":"active","value":%t}]}`, patchURN, s.active[i])
				w.buf = s.runner.target.request(w.buf, "PATCH", "/Users/"+s.ids[i], w.body)
			},
			verify: func(w *worker, body []byte) error { return holds(body, `"active":`, 1) },
		},
	}
}

// membership adds a user to the group and removes it again, by turns. The
// answer leaves the members out, as provisioning clients ask.
func (s *suite) membership(name string, g group) load {
	return load{
		name: name, conns: 1, status: 200,
		request: func(w *worker) {
			op := `{"op":"remove","path":"members[value eq \"` + g.other + `\"]"}`
			if w.turn%2 == 1 {
				op = `{"op":"add","path":"members","value":[{"value":"` + g.other + `"}]}`
			}
			w.body = fmt.Appendf(w.body[:0], `{"schemas":["%s"],"Operations":[%s]}`, patchURN, op)
			w.buf = s.runner.target.request(w.buf, "PATCH", "/Groups/"+g.id+"?excludedAttributes=members", w.body)
		},
	}
}

// total asks for the number of users and none of them.
func (s *suite) total() load {
	return load{
		name: "totalResults of all users", status: 200,
		request: func(w *worker) { s.get(w, "/Users?count=0") },
		verify:  func(w *worker, body []byte) error { return holds(body, `"totalResults":`, 1) },
	}
}

// holds reports an error unless text stands in body at least n times.
func holds(body []byte, text string, n int) error {
	if got := bytes.Count(body, []byte(text)); got < n {
		return fmt.Errorf("%s stands %d times in the answer, want %d: %.300s", text, got, n, body)
	}
	return nil
}

// bulkSize is the number of operations in one Bulk request.
const bulkSize = 1000

// load creates the users with numbers from len(s.ids) up to n through Bulk
// requests on four connections, and returns how many a second.
func (s *suite) load(n int) (perSecond float64, err error) {
	from := len(s.ids)
	s.ids = append(s.ids, make([]string, n-from)...)
	batches := make(chan int)
	start := time.Now()
	errs := make([]error, 4)
	var group sync.WaitGroup
	for k := range errs {
		group.Go(func() {
			c, err := dial(s.runner.target.addr)
			if err == nil {
				defer c.close()
			}
			for at := range batches {
				if err == nil {
					err = s.loadBatch(c, at, min(at+bulkSize, n))
				}
			}
			errs[k] = err
		})
	}
	for at := from; at < n; at += bulkSize {
		batches <- at
	}
	close(batches)
	group.Wait()
	took := time.Since(start)
	for len(s.active) < n {
		s.active = append(s.active, true)
	}
	return float64(n-from) / took.Seconds(), errors.Join(errs...)
}

func (s *suite) loadBatch(c *conn, from, to int) error {
	body := fmt.Appendf(nil, `{"schemas":["%s"],"Operations":[`, bulkURN)
	for i := from; i < to; i++ {
		if i > from {
			body = append(body, ',')
		}
		body = fmt.Appendf(body, `{"method":"POST","path":"/Users","bulkId":"%d","data":`, i)
		body = append(s.people.appendUser(body, i), '}')
	}
	body = append(body, "]}"...)
	made, err := s.bulk(c, body)
	if err != nil {
		return err
	}
	if len(made) != to-from {
		return fmt.Errorf("a bulk of %d operations has %d answers", to-from, len(made))
	}
	copy(s.ids[from:to], made)
	return nil
}

// bulk sends a Bulk request whose operations must all succeed and returns the
// ids of the resources in order.
func (s *suite) bulk(c *conn, body []byte) (ids []string, err error) {
	status, answer, err := c.do(s.runner.target.request(nil, "POST", "/Bulk", body))
	if err != nil {
		return nil, err
	}
	var said struct {
		Operations []struct{ Location, Status string }
	}
	if err := json.Unmarshal(answer, &said); status != 200 || err != nil {
		return nil, fmt.Errorf("bulk: status %d, %v: %.300s", status, err, answer)
	}
	for _, op := range said.Operations {
		if op.Status != "201" && op.Status != "204" {
			return nil, fmt.Errorf("bulk: an operation has status %q: %.500s", op.Status, answer)
		}
		ids = append(ids, op.Location[strings.LastIndexByte(op.Location, '/')+1:])
	}
	return ids, nil
}

// call sends one request and decodes the answer into v, unless v is nil.
func (s *suite) call(method, path, body string, status int, v any) error {
	c, err := dial(s.runner.target.addr)
	if err != nil {
		return err
	}
	defer c.close()
	got, answer, err := c.do(s.runner.target.request(nil, method, path, []byte(body)))
	switch {
	case err != nil:
		return fmt.Errorf("%s %s: %w", method, path, err)
	case got != status:
		return fmt.Errorf("%s %s: status %d, want %d: %.300s", method, path, got, status, answer)
	case v == nil:
		return nil
	}
	return json.Unmarshal(answer, v)
}

// makeGroup creates a group whose members are the first n users.
func (s *suite) makeGroup(name string, n int) (group, error) {
	var made struct{ ID string }
	err := s.call("POST", "/Groups", fmt.Sprintf(`{"schemas":["%s"],"displayName":"%s"}`, groupURN, name), 201, &made)
	for at := 0; at < n && err == nil; at += bulkSize {
		body := fmt.Appendf(nil, `{"schemas":["%s"],"Operations":[{"op":"add","path":"members","value":[`, patchURN)
		for i := at; i < min(at+bulkSize, n); i++ {
			if i > at {
				body = append(body, ',')
			}
			body = fmt.Appendf(body, `{"value":"%s"}`, s.ids[i])
		}
		body = append(body, "]}]}"...)
		err = s.call("PATCH", "/Groups/"+made.ID+"?excludedAttributes=members", string(body), 200, nil)
	}
	return group{id: made.ID, other: s.ids[n-1]}, err
}

// collectCursors walks the list of users and keeps cursors of its second half.
func (s *suite) collectCursors() error {
	s.deep = nil
	cursor, every := "", max(1, len(s.ids)/pageSize/2/64)
	for page := 0; ; page++ {
		var list struct{ NextCursor string }
		path := fmt.Sprintf("/Users?count=%d&cursor=%s", pageSize, cursor)
		if err := s.call("GET", path, "", 200, &list); err != nil {
			return err
		}
		if cursor = list.NextCursor; cursor == "" {
			return nil
		}
		if at := (page + 1) * pageSize; at >= len(s.ids)/2 && at+pageSize <= len(s.ids) && page%every == 0 {
			s.deep = append(s.deep, cursor)
		}
	}
}
