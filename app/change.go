package app

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"

	"github.com/muster-id/muster/identity"
)

// change is the row of one committed write, with what differs between two
// states of an app. Secrets stand in it by their ids.
func (s *Service) change(by identity.Actor, kind identity.ChangeKind, a, old identity.App) identity.Change {
	row := identity.Change{
		Org: a.Org, ID: identity.NewID(), At: s.now(), Kind: kind,
		Actor: by.Kind, ActorID: by.ID, ActorName: by.Name, RequestID: by.RequestID,
		Type: "App", Target: a.ID, Version: a.Version,
	}
	before, after := members(old), members(a)
	diff := map[string][2]json.RawMessage{}
	for key, value := range after {
		if !bytes.Equal(value, before[key]) {
			diff[key] = [2]json.RawMessage{null(before[key]), value}
		}
	}
	for key, value := range before {
		if _, has := after[key]; !has {
			diff[key] = [2]json.RawMessage{value, null(nil)}
		}
	}
	for key := range diff {
		row.Paths = append(row.Paths, key)
	}
	slices.Sort(row.Paths)
	row.Diff, _ = json.Marshal(diff) // values are JSON already
	return row
}

func null(v json.RawMessage) json.RawMessage {
	if v == nil {
		return json.RawMessage("null")
	}
	return v
}

// members returns what a change tells of an app, as JSON by key.
func members(a identity.App) map[string]json.RawMessage {
	doc, _ := json.Marshal(a.AppSettings) // strings, numbers, lists and checked JSON
	out := map[string]json.RawMessage{}
	_ = json.Unmarshal(doc, &out)
	put := func(key string, value any) { out[key], _ = json.Marshal(value) }
	if a.ClientID != "" {
		put("client_id", a.ClientID)
	}
	if a.Disabled {
		put("disabled", true)
	}
	var ids []string
	for _, s := range a.Secrets {
		text := s.ID.String()
		if !s.Revoked.IsZero() {
			text += " until " + s.Revoked.Format(time.RFC3339)
		}
		ids = append(ids, text)
	}
	if len(ids) > 0 {
		put("secrets", ids)
	}
	return out
}

// clone copies settings so that their lists can be changed.
func clone(a identity.AppSettings) (out identity.AppSettings) {
	doc, err := json.Marshal(a)
	if err != nil {
		return a // jwks that are not JSON, which Check will say
	}
	_ = json.Unmarshal(doc, &out)
	return out
}
