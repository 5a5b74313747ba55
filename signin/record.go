package signin

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"sync"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
)

// record writes what has changed into the change log. diff holds no secrets.
func (s *Service) record(ctx context.Context, tx *store.Tx, by identity.Actor, org identity.OrgID, typ string, target identity.ID, diff map[string][2]any) error {
	text, err := json.Marshal(diff)
	if err != nil {
		return err
	}
	return tx.Record(ctx, identity.Change{
		Org: org, ID: identity.NewID(), At: s.now(), Kind: identity.Patched,
		Actor: by.Kind, ActorID: by.ID, ActorName: by.Name, RequestID: by.RequestID,
		Type: typ, Target: target, Paths: slices.Sorted(maps.Keys(diff)), Diff: text,
	})
}

// self is a person as the actor of what they do for themselves.
func self(org identity.OrgID, p person) identity.Actor {
	return identity.Actor{Kind: identity.ByUser, Org: org, ID: p.ID, Name: p.Name}
}

// policies remembers the policies of organisations as of one epoch.
type policies struct {
	lock  sync.Mutex
	epoch uint64
	known map[identity.OrgID]Policy
}

// maxPolicies bounds how many are remembered.
const maxPolicies = 10_000

func (c *policies) get(epoch uint64, org identity.OrgID) (Policy, bool) {
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.epoch != epoch {
		return Policy{}, false
	}
	p, ok := c.known[org]
	return p, ok
}

func (c *policies) put(epoch uint64, org identity.OrgID, p Policy) {
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.epoch != epoch || c.known == nil || len(c.known) >= maxPolicies {
		c.epoch, c.known = epoch, map[identity.OrgID]Policy{}
	}
	c.known[org] = p
}
