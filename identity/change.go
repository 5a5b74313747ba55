package identity

import "time"

// A ChangeKind says what a Change did.
type ChangeKind string

// The kinds of change.
const (
	Created  ChangeKind = "create"
	Replaced ChangeKind = "replace"
	Patched  ChangeKind = "patch"
	Deleted  ChangeKind = "delete"
	Restored ChangeKind = "restore"
)

// A Change is one committed write: who, by which way, and what. Changes are the
// spine of audit, events and undo.
type Change struct {
	Org       OrgID
	ID        ID // time-ordered
	At        time.Time
	Kind      ChangeKind
	Actor     ActorKind
	ActorID   ID
	ActorName string
	RequestID string
	Type      string // resource type name, or "Organisation", "Connection", "Schema"
	Target    ID
	Version   int64    // after the change; 0 for things without versions
	Paths     []string // attributes that changed, in dotted form, sorted
	// Diff holds the values before and after per path, as JSON
	// {"displayName":["Old","New"]}; members as {"members":{"added":[..],"removed":[..]}}.
	// Secrets never stand in it.
	Diff []byte
}
