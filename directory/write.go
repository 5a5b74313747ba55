package directory

import (
	"context"
	"errors"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/scim/filter"
	"github.com/muster-id/muster/scim/schema"
	"github.com/muster-id/muster/store"
)

// A Method says what a Write does.
type Method string

// The methods of a Write.
const (
	Create Method = "create"
	Modify Method = "modify"
	Delete Method = "delete"
)

// A Write is one change to one resource.
type Write struct {
	Method Method
	Type   *schema.ResourceType
	ID     identity.ID // of a Create too: the caller makes it
	// Doc is the document of a Create in canonical form, with externalId in the
	// actor's provisioning domain.
	Doc     schema.Object
	Members []MemberEdit // of a Create
	// Change computes the document of a Modify from the stored one. It may be
	// called again and must not keep old. Its error becomes the outcome.
	Change func(old schema.Object) (schema.Object, []MemberEdit, error)
	// If accepts the stored version, or is nil; otherwise the write is Stale.
	If func(version int64) bool
	// Want says which rows the outcome shows.
	Want Rows
}

// A Unit is a list of writes that stand or fall together and may refer to each
// other's new ids in any direction.
type Unit []Write

// An Outcome is what a Write came to.
type Outcome struct {
	Resource *Resource // nil after a Delete and after an error
	Changed  bool      // false for a write without effect, which leaves no trace
	Err      error     // an *identity.Error, or what Change returned
}

// A MemberEdit is a change to the members of a group. Edits apply in order.
type MemberEdit struct {
	Op MemberOp
	// Members are ids as the caller wrote them.
	Members []string
	// Filter chooses the members to remove, bound to the sub-attributes of
	// "members"; nil with Members set removes those.
	Filter filter.Expr
}

// A MemberOp says what a MemberEdit does.
type MemberOp string

// The member operations. To add who is there, or to remove who is not, is no
// error; ReplaceMembers leaves exactly Members.
const (
	AddMembers     MemberOp = "add"
	RemoveMembers  MemberOp = "remove"
	ReplaceMembers MemberOp = "replace"
)

// chunkSize is how many units share a transaction at most: enough to make the
// commit cheap, few enough that other writers get their turn.
const chunkSize = 250

// Write carries out units in order, in the organisation of the actor. Each unit
// is done or undone as a whole, independently of the others. It stops after
// maxErrors failed units, if that is over 0, and then returns fewer outcomes.
// When it returns, everything that an outcome calls done is durable. The error
// is for failures of the database.
func (d *Directory) Write(ctx context.Context, by identity.Actor, units []Unit, maxErrors int) ([][]Outcome, error) {
	b := &batch{d: d, by: by, units: units, hashes: map[string][]byte{}}
	d.indexing.RLock()
	defer d.indexing.RUnlock()
	if err := b.prepare(ctx); err != nil {
		return nil, err
	}
	var all [][]Outcome
	for lo, failed := 0, 0; lo < len(units); lo += chunkSize {
		left := 0
		if maxErrors > 0 {
			if left = maxErrors - failed; left <= 0 {
				break
			}
		}
		out, bad, err := b.chunk(ctx, lo, min(lo+chunkSize, len(units)), left)
		if err != nil {
			return nil, err
		}
		all, failed = append(all, out...), failed+bad
	}
	return all, b.show(ctx, all)
}

// one carries out a single write.
func (d *Directory) one(ctx context.Context, by identity.Actor, w Write) (Outcome, error) {
	out, err := d.Write(ctx, by, []Unit{{w}}, 0)
	if err != nil {
		return Outcome{}, err
	}
	return out[0][0], out[0][0].Err
}

// Create makes one resource; a taken name is a Conflict.
func (d *Directory) Create(ctx context.Context, by identity.Actor, rt *schema.ResourceType, doc schema.Object, members ...MemberEdit) (*Resource, error) {
	o, err := d.one(ctx, by, Write{Method: Create, Type: rt, ID: identity.NewID(), Doc: doc, Members: members})
	return o.Resource, err
}

// Delete moves one resource into the trash. Its memberships and credentials end
// at once and its names are free.
func (d *Directory) Delete(ctx context.Context, by identity.Actor, rt *schema.ResourceType, id identity.ID) error {
	_, err := d.one(ctx, by, Write{Method: Delete, Type: rt, ID: id})
	return err
}

// A refusal is an error that belongs to one unit and not to the database.
type refusal struct{ err error }

func (r refusal) Error() string { return r.err.Error() }
func (r refusal) Unwrap() error { return r.err }

// refused returns the error that a caller sees if err belongs to one unit.
func refused(err error) (error, bool) {
	if r, ok := errors.AsType[refusal](err); ok {
		return r.err, true
	}
	if e, ok := errors.AsType[*identity.Error](err); ok {
		return e, true
	}
	return nil, false
}

// chunk carries out the units lo to hi in one transaction, and stops after left
// failed ones if left is over 0. It says how many failed.
func (b *batch) chunk(ctx context.Context, lo, hi, left int) (out [][]Outcome, failed int, err error) {
	for {
		if hi-lo == 1 || b.plain(lo, hi) {
			out, err = b.together(ctx, lo, hi)
			if hi-lo == 1 {
				if cause, ok := refused(err); ok {
					return [][]Outcome{failures(len(b.units[lo]), err, cause)}, 1, nil
				}
			}
		} else {
			err = errApart
		}
		if _, ok := refused(err); ok || errors.Is(err, errApart) {
			out, failed, err = b.apart(ctx, lo, hi, left)
		}
		secret, ok := errors.AsType[unhashed](err)
		if !ok {
			return out, failed, err
		}
		if err := b.hash(ctx, secret.password); err != nil {
			return nil, 0, err
		}
	}
}

// errApart says that units must not be tried together.
var errApart = errors.New("units need savepoints")

// plain reports whether the units only create documents: then it is worth
// trying all of them at once, since they seldom fail.
func (b *batch) plain(lo, hi int) bool {
	for i := lo; i < hi; i++ {
		for j, w := range b.units[i] {
			if w.Method != Create || b.plans[i][j].err != nil {
				return false
			}
		}
	}
	return true
}

// together carries out units without savepoints: all are done, or none is.
func (b *batch) together(ctx context.Context, lo, hi int) (out [][]Outcome, err error) {
	err = b.d.db.Update(ctx, func(tx *store.Tx) error {
		out, b.spent = make([][]Outcome, 0, hi-lo), 0
		for i := lo; i < hi; i++ {
			o, err := b.unit(ctx, tx, i)
			if err != nil {
				return err
			}
			out = append(out, o)
		}
		return nil
	})
	return out, err
}

// apart gives each unit a savepoint of its own.
func (b *batch) apart(ctx context.Context, lo, hi, left int) (out [][]Outcome, failed int, err error) {
	err = b.d.db.Update(ctx, func(tx *store.Tx) error {
		out, failed, b.spent = make([][]Outcome, 0, hi-lo), 0, 0
		for i := lo; i < hi && (left == 0 || failed < left); i++ {
			var o []Outcome
			err := tx.Savepoint(ctx, func() (err error) {
				o, err = b.unit(ctx, tx, i)
				return err
			})
			if cause, ok := refused(err); ok {
				o, err = failures(len(b.units[i]), err, cause), nil
				failed++
			}
			if err != nil {
				return err
			}
			out = append(out, o)
		}
		return nil
	})
	return out, failed, err
}

// A culprit is the error of one write of a unit, with its place in the unit.
type culprit struct {
	at  int
	err error
}

func (c culprit) Error() string { return c.err.Error() }
func (c culprit) Unwrap() error { return c.err }

// failures are the outcomes of the n writes of a unit that failed with err. The
// cause, what a caller sees of it, stands at the write that failed; the others
// fell with it.
func failures(n int, err, cause error) []Outcome {
	c, _ := errors.AsType[culprit](err)
	out := make([]Outcome, n)
	out[c.at].Err = cause
	return out
}
