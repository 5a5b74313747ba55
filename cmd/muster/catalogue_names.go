package main

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/muster-id/muster/access"
	"github.com/muster-id/muster/identity"
)

// A namer puts names for people in the place of ids.
type namer struct {
	ctx context.Context
	all *access.Service
	by  identity.Actor
}

// nameOf returns the name of a thing, or the text itself if it is no id of one.
func nameOf[T any](n *namer, in *access.Book[T], text string, name func(*T) string) (string, error) {
	id, ok := identity.ParseID(text)
	if !ok {
		return text, nil
	}
	t, err := in.Get(n.ctx, n.by, id)
	if identity.KindOf(err) == identity.NotFound {
		return text, nil
	}
	if err != nil {
		return "", err
	}
	return name(t), nil
}

// namesOf names several things, in order of the names.
func namesOf[T any](n *namer, in *access.Book[T], ids []string, name func(*T) string) (string, error) {
	var names []string
	for _, text := range ids {
		one, err := nameOf(n, in, text, name)
		if err != nil {
			return "", err
		}
		names = append(names, one)
	}
	slices.Sort(names)
	return strings.Join(names, ","), nil
}

func (n *namer) actions(ids []string) (string, error) {
	return namesOf(n, n.all.Actions, ids, func(t *access.Action) string { return t.Name })
}

// statements are written as --allow, --deny and --if take them.
func (n *namer) statements(of []access.Statement) (pairs []string, err error) {
	for _, s := range of {
		actions, err := n.actions(s.Actions)
		if err != nil {
			return nil, err
		}
		resource, err := nameOf(n, n.all.Resources, s.Resource, func(t *access.Resource) string { return t.Slug })
		if err != nil {
			return nil, err
		}
		effect, text := "allow", actions+" on "+resource
		if s.Deny {
			effect = "deny"
		}
		if s.Condition != "" {
			text += " if " + s.Condition
		}
		pairs = append(pairs, effect, text)
	}
	return pairs, nil
}

func (n *namer) role(t access.Role) ([]string, error) {
	permissions, err := namesOf(n, n.all.Permissions, texts(t.Permissions), func(t *access.Permission) string { return t.Name })
	if err != nil {
		return nil, err
	}
	pairs := []string{"client", t.ClientID}
	for _, claim := range slices.Sorted(maps.Keys(t.ClaimMapper)) {
		pairs = append(pairs, "claim", claim+"="+t.ClaimMapper[claim])
	}
	statements, err := n.statements(t.Statements)
	return append(append(pairs, "permissions", permissions), statements...), err
}
