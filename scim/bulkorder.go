package scim

import (
	"fmt"
	"net/http"
	"slices"
)

func errUnresolved(bulkID string) *Error {
	return &Error{Status: http.StatusConflict, Detail: fmt.Sprintf(failedMessage, bulkID)}
}

// blocked returns the error for an operation that depends on one that was tried
// and failed.
func (op *operation) blocked() error {
	for _, list := range [...][]*operation{op.needs, op.after} {
		for _, d := range list {
			if d.method == "POST" && d.outcome != nil && d.err != nil {
				return errUnresolved(d.bulkID)
			}
		}
	}
	return nil
}

// groups orders the operations so that each comes after what it depends on, and
// otherwise as early as it stands; those that depend on each other form one
// group. It is Tarjan's algorithm, whose strongly connected components come out
// with the dependencies first.
func (j *bulkJob) groups() [][]*operation {
	var (
		out     [][]*operation
		stack   []*operation
		counter int
		visit   func(op *operation)
	)
	visit = func(op *operation) {
		counter++
		op.seen, op.low, op.open = counter, counter, true
		stack = append(stack, op)
		for _, list := range [...][]*operation{op.needs, op.after} {
			for _, d := range list {
				if d.seen == 0 {
					visit(d)
					op.low = min(op.low, d.low)
				} else if d.open {
					op.low = min(op.low, d.seen)
				}
			}
		}
		if op.low != op.seen {
			return
		}
		at := slices.Index(stack, op)
		members := slices.Clone(stack[at:])
		stack = stack[:at]
		for _, m := range members {
			m.open = false
		}
		slices.SortFunc(members, func(a, b *operation) int { return a.index - b.index })
		out = append(out, members)
	}
	for _, op := range j.ops {
		if op.seen == 0 {
			visit(op)
		}
	}
	return out
}
