package access

import (
	"slices"
	"testing"

	"github.com/muster-id/muster/catalogue"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
	"github.com/muster-id/muster/store/storetest"
)

// A role below with the id of one above does not stand for it.
func TestAttackByShadow(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := newHouse(t, db, nil)
		below := h.organisation("below", h.acme)
		strong := h.role(h.acme, "Strong", "muster/api", "settings:write", "apps:write")
		clerk := h.user(below, "clerk")
		h.assign(below, h.role(below, "Clerk", "muster/api", "access:read", "access:write"), identity.UserSubject, clerk)
		by := h.as(below, clerk)
		_, err := h.Roles.Create(h.ctx(), by, catalogue.Role{Base: catalogue.Base{ID: strong, Name: "Weak"}})
		h.kind("B14 52 a role with the id of one above", err, identity.Conflict)
		_, err = h.Assign(h.ctx(), by, identity.Assignment{Role: strong, Type: identity.UserSubject, Subject: clerk})
		h.kind("B14 52 the role above", err, identity.Denied)
		_, again := services(t, db, nil)
		perms, err := again.Perms(h.ctx(), below, identity.UserSubject, clerk)
		h.must(err)
		if slices.Contains(perms, identity.SettingsWrite) {
			t.Errorf("B14 52 the clerk may %v", perms)
		}
		// What is below may take the id of what has gone.
		h.delete(h.acme, "Role", strong)
		_, err = h.Roles.Create(h.ctx(), by, catalogue.Role{Base: catalogue.Base{ID: strong, Name: "Weak"}})
		h.must(err)
		_, err = h.Assign(h.ctx(), by, identity.Assignment{Role: strong, Type: identity.UserSubject, Subject: clerk})
		h.must(err)
		reg, err := h.dir.Registry(h.ctx(), h.acme)
		h.must(err)
		_, err = h.dir.Restore(h.ctx(), h.cli(h.acme), reg.TypeByName("Role"), strong)
		h.kind("B14 52 one is restored whose id has been taken", err, identity.Conflict)
	})
}
