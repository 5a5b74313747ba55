package vmware

import (
	"net/http"
	"strings"
)

// A Kind is what somebody who asks is to the organisation that they ask about.
type Kind string

// The kinds of caller. A Stranger has a good token, but no part in the
// organisation: an app that acts for itself and has no role there.
const (
	Platform  Kind = "platform"
	Owner     Kind = "owner"
	Member    Kind = "member"
	Service   Kind = "service"
	Anonymous Kind = "anonymous"
	Stranger  Kind = "stranger"
)

// Kinds returns those that policies name.
func Kinds() []Kind { return []Kind{Platform, Owner, Member, Service, Anonymous} }

// A Policy says who may use an operation. What is open to anonymous callers asks
// nobody for a role.
type Policy struct {
	Platform  bool `json:"platform"`
	Owner     bool `json:"owner"`
	Member    bool `json:"member"`
	Service   bool `json:"service"`
	Anonymous bool `json:"anonymous"`
}

// Allows reports whether a kind of caller may use the operation.
func (p Policy) Allows(k Kind) bool {
	switch k {
	case Platform:
		return p.Platform
	case Owner:
		return p.Owner
	case Member:
		return p.Member
	case Service:
		return p.Service
	case Anonymous:
		return p.Anonymous
	}
	return p.Anonymous
}

// An Operation is one row of the documentation.
type Operation struct {
	Row        int      `json:"row"`
	Name       string   `json:"name"`
	Method     string   `json:"method"`
	Path       string   `json:"path"`
	Aliases    []string `json:"aliases,omitempty"` // methods and paths
	Policy     Policy   `json:"policy"`
	Successors []string `json:"successors,omitempty"`
}

// A handler answers a caller whom the policy has let in.
type handler func(d *Door, w http.ResponseWriter, r *http.Request, c *caller) error

// An operation is a row with who answers: open where no role is asked.
type operation struct {
	Operation
	do   handler
	open func(d *Door, w http.ResponseWriter, r *http.Request) error
}

// Operations returns the table: every row once, in order.
func Operations() []Operation {
	var out []Operation
	for _, op := range table() {
		out = append(out, op.Operation)
	}
	return out
}

// The policies that the documentation has.
var (
	everyone    = policy("POMS")
	anybody     = policy("POMSA")
	ownersOnly  = policy("PO")
	withMembers = policy("POM")
	withService = policy("POS")
	trusted     = policy("PS")
)

// policy reads the letters of the documentation: Platform operator, Owner,
// Member, Service account, Anonymous.
func policy(letters string) Policy {
	has := func(letter string) bool { return strings.Contains(letters, letter) }
	return Policy{Platform: has("P"), Owner: has("O"), Member: has("M"), Service: has("S"), Anonymous: has("A")}
}

// A variant is a path of an operation under which it has another shape, as older
// clients know it. The policy is that of the row.
type variant struct {
	pattern string
	row     int
	do      handler
}

// of is the operation of a variant.
func (v variant) of() operation {
	for _, op := range table() {
		if op.Row == v.row {
			op.do = v.do
			return op
		}
	}
	panic("vmware: a variant of no row")
}
