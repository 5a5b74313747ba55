package main

import (
	"fmt"
	"math/rand/v2"
	"sync"
)

// A walkReport is the outcome of a cursor walk beside which users came and went.
type walkReport struct {
	Users    int `json:"users"`
	Deleted  int `json:"deleted"`
	Inserted int `json:"inserted"`
	Pages    int `json:"pages"`
	Lost     int `json:"lost"`    // users that were there all the time and did not appear
	Doubled  int `json:"doubled"` // users that appeared twice
}

// cursorWalk reads all users of the suite page by page while others delete some
// of them and insert new ones, and counts who was lost or seen twice.
func cursorWalk(s *suite, changes int) (walkReport, error) {
	report := walkReport{Users: len(s.ids), Deleted: changes, Inserted: changes}
	victims := rand.New(rand.NewPCG(s.people.seed, 99)).Perm(len(s.ids))[:changes]
	tickets := make(chan int, changes)
	var group sync.WaitGroup
	errs := make(chan error, 4)
	for range cap(errs) {
		group.Go(func() {
			for k := range tickets {
				if err := s.comeAndGo(k, victims[k]); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	seen := map[string]int{}
	pages, cursor := (len(s.ids)+pageSize-1)/pageSize, ""
	sent := 0
	var err error
	for {
		// Spread the changes over the walk: they run while the next page is read.
		for ; sent < min(changes, changes*(report.Pages+1)/pages); sent++ {
			tickets <- sent
		}
		var list struct {
			NextCursor string
			Resources  []struct{ ID string }
		}
		if err = s.call("GET", fmt.Sprintf("/Users?count=%d&cursor=%s", pageSize, cursor), "", 200, &list); err != nil {
			break
		}
		report.Pages++
		for _, r := range list.Resources {
			if seen[r.ID]++; seen[r.ID] == 2 {
				report.Doubled++
			}
		}
		if cursor = list.NextCursor; cursor == "" {
			break
		}
	}
	close(tickets)
	group.Wait()
	close(errs)
	for e := range errs {
		err = e
	}
	gone := map[int]bool{}
	for _, v := range victims {
		gone[v] = true
	}
	for i, id := range s.ids {
		if !gone[i] && seen[id] == 0 {
			report.Lost++
		}
	}
	return report, err
}

// comeAndGo deletes one user and inserts another.
func (s *suite) comeAndGo(k, victim int) error {
	if err := s.call("DELETE", "/Users/"+s.ids[victim], "", 204, nil); err != nil {
		return err
	}
	return s.call("POST", "/Users", string(s.people.appendUser(nil, firstNew+k)), 201, nil)
}
