package store

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/muster-id/muster/store/find"
)

// A ladder remembers, for one query, the positions of some rows by their index,
// so that a start index deep in a list need not be counted to from the first
// row: clients ask for one page after the other.
type ladder struct {
	lock   sync.Mutex
	index  []int // how many rows come up to and with the position, ascending
	places []find.Position
}

const (
	maxRungs  = 1024
	ladderAge = 10 * time.Second
)

// lastChange is asked for because another node's writes do not show in the mark
// at once.
const lastChange = `SELECT id FROM change WHERE org_id = $1 ORDER BY id DESC LIMIT 1`

// below returns the highest rung that is not above n, 0 if there is none.
func (l *ladder) below(n int) (int, find.Position) {
	l.lock.Lock()
	defer l.lock.Unlock()
	i, ok := slices.BinarySearch(l.index, n)
	switch {
	case ok:
		return n, l.places[i]
	case i == 0:
		return 0, find.Position{}
	}
	return l.index[i-1], l.places[i-1]
}

func (l *ladder) add(n int, pos find.Position) {
	l.lock.Lock()
	defer l.lock.Unlock()
	i, ok := slices.BinarySearch(l.index, n)
	if ok || len(l.index) >= maxRungs {
		return
	}
	l.index = slices.Insert(l.index, i, n)
	l.places = slices.Insert(l.places, i, pos)
}

// ladder returns what is remembered of the query's positions. What anybody
// writes makes a new ladder, because it may move every row.
func (r *run) ladder(ctx context.Context) (*ladder, error) {
	if r.tx.write { // what this transaction sees is not for others
		return &ladder{}, nil
	}
	if r.steps != nil {
		return r.steps, nil
	}
	key, err := r.key(ctx)
	if err != nil {
		return nil, err
	}
	last, err := r.tx.ids(ctx, lastChange, r.q.Org)
	if err != nil {
		return nil, err
	}
	key += fmt.Sprint(last)
	for _, o := range r.orders {
		key += fmt.Sprintf(" %s %t %t", o.Column, o.Never, o.Desc)
	}
	l, ok := r.tx.db.places.get(key)
	if !ok {
		l = &ladder{}
		r.tx.db.places.put(key, l, ladderAge)
	}
	r.steps = l
	return l, nil
}

// start brings the streams to the start index and returns how many rows come
// before: fewer than were to be skipped when there are no more.
func (r *run) start(ctx context.Context) (int, error) {
	n := max(r.q.Start, 1) - 1
	r.seek(nil)
	if n == 0 {
		return 0, nil
	}
	l, err := r.ladder(ctx)
	if err != nil {
		return 0, err
	}
	from, pos := l.below(n)
	if from > 0 {
		r.seek(&pos)
	}
	if from == n {
		return n, nil
	}
	if len(r.streams) == 1 && r.streams[0].exact() {
		s := r.streams[0]
		last, err := s.skip(ctx, n-from)
		switch {
		case err != nil:
			return n, err
		case last == nil: // there are not so many rows: the page is empty
			s.parts = nil
		default:
			s.seek(last)
			l.add(n, *last)
		}
		return n, nil
	}
	for i := from; i < n; i++ {
		f, err := r.next(ctx)
		if err != nil || f == nil {
			return i, err
		}
	}
	return n, nil
}

// remember keeps the position of the row with an index, counted from 1.
func (r *run) remember(ctx context.Context, index int, pos find.Position) error {
	l, err := r.ladder(ctx)
	if err == nil {
		l.add(index, pos)
	}
	return err
}
