package vmware

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/muster-id/muster/api/vmware/entry"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/web"
)

var errBody = identity.NewError(identity.Invalid, "", "The body is not the JSON object that this operation reads, or larger than 64 KiB.")

// read reads the JSON object in the body of a request. Members that the operation
// does not know are ignored, as clients send whole objects back.
func read(w http.ResponseWriter, r *http.Request, into any) error {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, entry.MaxBody))
	if err != nil {
		return errBody
	}
	return decode(text, into)
}

func decode(text []byte, into any) error {
	text = bytes.TrimSpace(text)
	if !utf8.Valid(text) || len(text) == 0 || text[0] != '{' {
		return errBody
	}
	if err := json.Unmarshal(text, into); err != nil {
		if e, ok := errors.AsType[*identity.Error](err); ok {
			return e
		}
		return errBody
	}
	return nil
}

// A roleRef names a role by id or by name. Some clients send a bare text.
type roleRef struct {
	ID      string
	Name    string
	Expires time.Time // zero: never
}

// UnmarshalJSON reads a text or an object. A time is one of RFC 3339, or
// milliseconds since 1970; 0 and "" are never.
func (f *roleRef) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '"' {
		return json.Unmarshal(text, &f.Name)
	}
	var in struct {
		ID      string          `json:"id"`
		Name    string          `json:"name"`
		Expires json.RawMessage `json:"expiresAt"`
	}
	if err := json.Unmarshal(text, &in); err != nil {
		return err
	}
	f.ID, f.Name = in.ID, in.Name
	var err error
	f.Expires, err = timeOf(in.Expires)
	return err
}

func timeOf(text json.RawMessage) (time.Time, error) {
	bad := identity.NewError(identity.Invalid, "expiresAt", "expiresAt is a time of RFC 3339, or milliseconds since 1970.")
	var s string
	var n int64
	switch {
	case len(text) == 0 || string(text) == "null":
		return time.Time{}, nil
	case json.Unmarshal(text, &n) == nil:
		if n == 0 {
			return time.Time{}, nil
		}
		if n < 0 || n > 253402300799999 { // the year 9999
			return time.Time{}, bad
		}
		return time.UnixMilli(n).UTC(), nil
	case json.Unmarshal(text, &s) != nil:
		return time.Time{}, bad
	case s == "":
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}, bad
	}
	return at.UTC(), nil
}

// maxRoles bounds the roles of one patch.
const maxRoles = 100

// A rolesPatch gives and takes roles.
type rolesPatch struct {
	NamesToAdd    []string  `json:"roleNamesToAdd"`
	ToAdd         []roleRef `json:"rolesToAdd"`
	NamesToRemove []string  `json:"roleNamesToRemove"`
	ToRemove      []roleRef `json:"rolesToRemove"`
}

func (p rolesPatch) add() []roleRef    { return refs(p.NamesToAdd, p.ToAdd) }
func (p rolesPatch) remove() []roleRef { return refs(p.NamesToRemove, p.ToRemove) }

func refs(names []string, list []roleRef) []roleRef {
	var out []roleRef
	for _, name := range names {
		out = append(out, roleRef{Name: name})
	}
	return append(out, list...)
}

// A servicePatch gives and takes roles of one service.
type servicePatch struct {
	rolesPatch
	Definition string `json:"serviceDefinitionId"`
	Link       string `json:"serviceDefinitionLink"`
	Service    string `json:"serviceId"`
}

// An updateMemberRoles changes roles of the organisation and of services.
type updateMemberRoles struct {
	Organisation rolesPatch     `json:"organizationRoles"`
	Services     []servicePatch `json:"serviceRoles"`
}

// document asks an endpoint of the provider that answers with a JSON object.
func (d *Door) document(name string, org identity.Organisation, r *http.Request) (map[string]any, error) {
	ask := r.Clone(r.Context())
	ask.Method, ask.Body, ask.ContentLength = http.MethodGet, http.NoBody, 0
	ask.Header = http.Header{}
	a := web.Ask(d.o.Provider.Endpoint(name, org), ask)
	var doc map[string]any
	if err := json.Unmarshal(a.Body.Bytes(), &doc); err != nil || a.Status != http.StatusOK {
		return nil, fmt.Errorf("ask the provider for %s: status %d: %w", name, a.Status, err)
	}
	return doc, nil
}
