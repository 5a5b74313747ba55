package audit

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/muster-id/muster/identity"
)

// verbs say what a change did.
var verbs = map[identity.ChangeKind]string{
	identity.Created:  "created",
	identity.Replaced: "replaced",
	identity.Patched:  "changed",
	identity.Deleted:  "deleted",
	identity.Restored: "restored",
}

// maxValue is how many bytes of a value a line shows.
const maxValue = 60

// Text tells a change in one line for people:
//
//	2026-11-21 10:00:00Z connection "Entra" changed User 0199... to version 3: title "Dr" -> "Prof"
//
// Control characters in names and values are escaped, so that a line stays one
// line and a terminal stays as it is.
func Text(c identity.Change) string {
	var b strings.Builder
	b.WriteString(c.At.UTC().Format("2006-01-02 15:04:05Z "))
	b.WriteString(string(c.Actor))
	if c.ActorName != "" {
		b.WriteString(" " + strconv.Quote(c.ActorName))
	}
	verb := verbs[c.Kind]
	if verb == "" {
		verb = string(c.Kind)
	}
	b.WriteString(" " + verb + " " + c.Type)
	if !c.Target.IsZero() {
		b.WriteString(" " + c.Target.String())
	}
	if c.Version > 0 {
		b.WriteString(" to version " + strconv.FormatInt(c.Version, 10))
	}
	for i, line := range details(c) {
		b.WriteString([]string{": ", ", "}[min(i, 1)] + line)
	}
	return b.String()
}

// details says for each path what became of it.
func details(c identity.Change) []string {
	var diff map[string]json.RawMessage
	if json.Unmarshal(c.Diff, &diff) != nil {
		diff = nil // a diff that cannot be read hides its values, not the change
	}
	lines := make([]string, 0, len(c.Paths))
	for _, path := range c.Paths {
		lines = append(lines, strings.TrimSpace(path+" "+detail(c.Kind, diff[path])))
	}
	return lines
}

func detail(kind identity.ChangeKind, raw json.RawMessage) string {
	var rows struct{ Added, Removed []string }
	if len(raw) > 0 && raw[0] == '{' && json.Unmarshal(raw, &rows) == nil {
		return "+" + strconv.Itoa(len(rows.Added)) + " -" + strconv.Itoa(len(rows.Removed))
	}
	var pair [2]json.RawMessage
	if json.Unmarshal(raw, &pair) != nil {
		return "" // a secret has a path and no values
	}
	switch kind {
	case identity.Created:
		return value(pair[1])
	case identity.Deleted:
		return value(pair[0])
	}
	return value(pair[0]) + " -> " + value(pair[1])
}

func value(raw json.RawMessage) string {
	text := string(raw)
	if text == "null" || text == "" {
		return "(none)"
	}
	if len(text) > maxValue {
		text = strings.ToValidUTF8(text[:maxValue], "") + "..."
	}
	quoted := strconv.Quote(text)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}

// A Record is a change as it travels in JSON.
type Record struct {
	ID        string          `json:"id"`
	At        string          `json:"at"`
	Kind      string          `json:"kind"`
	Actor     string          `json:"actor"`
	ActorID   string          `json:"actorId,omitempty"`
	ActorName string          `json:"actorName,omitempty"`
	RequestID string          `json:"requestId,omitempty"`
	Type      string          `json:"type"`
	Target    string          `json:"target,omitempty"`
	Version   int64           `json:"version,omitempty"`
	Paths     []string        `json:"paths,omitempty"`
	Diff      json.RawMessage `json:"diff,omitempty"`
}

// NewRecord turns a change into a Record.
func NewRecord(c identity.Change) Record {
	r := Record{
		ID: c.ID.String(), At: c.At.UTC().Format(time.RFC3339Nano), Kind: string(c.Kind), Actor: string(c.Actor),
		ActorName: c.ActorName, RequestID: c.RequestID, Type: c.Type, Version: c.Version, Paths: c.Paths,
	}
	if !c.ActorID.IsZero() {
		r.ActorID = c.ActorID.String()
	}
	if !c.Target.IsZero() {
		r.Target = c.Target.String()
	}
	if json.Valid(c.Diff) {
		r.Diff = c.Diff
	}
	return r
}
