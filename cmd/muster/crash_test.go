package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A load writes users and members as fast as it can, and remembers what was
// acknowledged.
type load struct {
	p     *process
	group string

	mu      sync.Mutex
	users   map[string]string // acknowledged: name to id
	members map[string]bool   // acknowledged: id in group
}

// writer makes users and puts each into the group, until an answer stays out.
func (l *load) writer(n int) {
	for i := 0; ; i++ {
		name := fmt.Sprintf("load-%d-%d", n, i)
		status, text, err := l.p.send(http.MethodPost, "/Users", newUserBody(name))
		if err != nil || status != http.StatusCreated {
			return
		}
		var made struct {
			ID string `json:"id"`
		}
		if json.Unmarshal(text, &made) != nil {
			return
		}
		l.mu.Lock()
		l.users[name] = made.ID
		l.mu.Unlock()
		status, _, err = l.p.send(http.MethodPatch, "/Groups/"+l.group, addMemberBody(made.ID))
		if err != nil || status >= 300 {
			return
		}
		l.mu.Lock()
		l.members[made.ID] = true
		l.mu.Unlock()
	}
}

// TestKilledInTheMiddleOfALoad kills the server without warning, twice, and
// checks that nothing acknowledged is lost and nothing is half written.
func TestKilledInTheMiddleOfALoad(t *testing.T) {
	const writers = 8
	databases(t, func(t *testing.T, dir, databaseURL string) {
		p := start(t, dir, databaseURL)
		l := &load{p: p, users: map[string]string{}, members: map[string]bool{}}
		status, text, err := p.send(http.MethodPost, "/Groups",
			`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"load"}`)
		var made struct {
			ID string `json:"id"`
		}
		if err != nil || status != http.StatusCreated || json.Unmarshal(text, &made) != nil {
			t.Fatalf("make the group: %d %s, %v", status, text, err)
		}
		l.group = made.ID
		for round := range 2 {
			var wg sync.WaitGroup
			for i := range writers {
				wg.Go(func() { l.writer(round*writers + i) })
			}
			time.Sleep(time.Second)
			p.signal(syscall.SIGKILL)
			_ = p.cmd.Wait() // killed
			wg.Wait()
			before := len(l.users)
			p = start(t, dir, databaseURL)
			l.p = p
			l.check(t, p, (round+1)*writers)
			if before < 20 {
				t.Errorf("only %d users were acknowledged in the time: too few to mean much", before)
			}
		}
		p.signal(syscall.SIGTERM)
		if code := p.wait(); code != 0 {
			t.Errorf("it ended with %d after SIGTERM:\n%s", code, p.output.String())
		}
	})
}

// check compares what is there with what was acknowledged; most is how many
// writes may have been carried out without an answer.
func (l *load) check(t *testing.T, p *process, most int) {
	t.Helper()
	ids, groups, total := p.users()
	if total != len(ids) {
		t.Errorf("the total is %d, a walk finds %d", total, len(ids))
	}
	lost := 0
	for name, id := range l.users {
		if ids[name] != id {
			lost++
		}
	}
	if lost > 0 {
		t.Errorf("%d of %d acknowledged users are lost", lost, len(l.users))
	}
	const demo = 40
	if extra := len(ids) - demo - len(l.users); extra > most {
		t.Errorf("%d users more than were acknowledged, at most %d were under way", extra, most)
	}
	var group struct {
		Members []struct {
			Value string `json:"value"`
		} `json:"members"`
	}
	p.get("/Groups/"+l.group, &group)
	inside := map[string]bool{}
	for _, m := range group.Members {
		inside[m.Value] = true
	}
	if len(inside) != len(group.Members) {
		t.Errorf("%d members, %d of them different", len(group.Members), len(inside))
	}
	for id := range l.members {
		if !inside[id] {
			t.Errorf("the acknowledged membership of %s is lost", id)
		}
	}
	there := map[string]bool{}
	for _, id := range ids {
		there[id] = true
		if slices.Contains(groups[id], l.group) != inside[id] {
			t.Errorf("user %s and the group disagree about the membership", id)
		}
	}
	for id := range inside {
		if !there[id] {
			t.Errorf("member %s is no user", id)
		}
	}
}
