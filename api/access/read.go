package access

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/muster-id/muster/access"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/web"
)

// A finder looks up, for an actor, things by name.
type finder struct {
	ctx context.Context
	all *access.Service
	by  identity.Actor
}

// findOne puts the id of a thing in the place of its name.
func findOne[T any](f *finder, field string, in *access.Book[T], name *idOrName) error {
	if *name == "" {
		return nil
	}
	if _, ok := identity.ParseID(*name); ok {
		return nil // whoever writes it checks whether it is there
	}
	t, err := in.Find(f.ctx, f.by, *name)
	if identity.KindOf(err) == identity.NotFound {
		return identity.NewError(identity.Invalid, field, "There is nothing called "+strconv.Quote(*name)+" that "+strconv.Quote(field)+" could mean.")
	}
	if err == nil {
		*name = in.Base(t).ID.String()
	}
	return err
}

// subject finds who is meant by an id or a name.
func (f *finder) subject(typ identity.SubjectType, field, text string) (identity.ID, error) {
	if id, ok := identity.ParseID(text); ok {
		return id, nil // whoever writes it checks whether it is there
	}
	if typ == "" {
		return identity.ID{}, identity.NewError(identity.Invalid, field, "A subject that is named by anything but its id needs its subject_type.")
	}
	id, err := f.all.Named(f.ctx, f.by.Org, typ, text)
	if err == nil && id.IsZero() {
		err = identity.NewError(identity.Invalid, field, "There is no "+strings.ToLower(string(typ))+" called "+strconv.Quote(text)+", or more than one.")
	}
	return id, err
}

// findAll is findOne for a list.
func findAll[T any](f *finder, field string, in *access.Book[T], names []idOrName) error {
	if len(names) > maxNames {
		return identity.NewError(identity.Invalid, field, strconv.Quote(field)+" has at most "+strconv.Itoa(maxNames)+" values.")
	}
	for i := range names {
		if names[i] == "" {
			return identity.NewError(identity.Invalid, field, strconv.Quote(field)+" has an empty value.")
		}
		if err := findOne(f, field, in, &names[i]); err != nil {
			return err
		}
	}
	return nil
}

// maxNames bounds the things that one thing refers to.
const maxNames = 1000

// ids reads what a finder has written.
func ids(list []idOrName) []identity.ID {
	out := make([]identity.ID, len(list))
	for i, text := range list {
		out[i], _ = identity.ParseID(text)
	}
	return out
}

func texts(list []identity.ID) []idOrName {
	out := make([]idOrName, len(list))
	for i, id := range list {
		out[i] = id.String()
	}
	return out
}

// readPatch reads the body of a PATCH into v and returns the names of the members
// that it has.
func readPatch(w http.ResponseWriter, r *http.Request, v any) ([]string, error) {
	var members map[string]json.RawMessage
	if err := web.ReadJSON(w, r, &members); err != nil {
		return nil, err
	}
	for name, value := range members {
		if bytes.Equal(value, []byte("null")) {
			return nil, identity.NewError(identity.Invalid, name, strconv.Quote(name)+` cannot be null; "", [] or {} empties it.`)
		}
	}
	text, err := json.Marshal(members)
	if err != nil {
		return nil, err
	}
	return slices.Collect(maps.Keys(members)), web.DecodeJSON(text, v)
}

// overlay returns old with some members of patch in the place of its own. They
// are replaced as a whole, for what was in a list or a map must not show through.
func overlay[W any](old, patch W, members []string) (next W, err error) {
	all, err := object(old)
	if err != nil {
		return next, err
	}
	news, err := object(patch)
	if err != nil {
		return next, err
	}
	for _, name := range members {
		name = strings.ToLower(name) // as all names of ours are
		delete(all, name)
		if v, ok := news[name]; ok {
			all[name] = v
		}
	}
	text, err := json.Marshal(all)
	if err != nil {
		return next, err
	}
	return next, json.Unmarshal(text, &next)
}

func object(v any) (all map[string]json.RawMessage, err error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return all, json.Unmarshal(text, &all)
}

// everywhere are attributes of SCIM that all things have by another name.
var everywhere = map[string]string{"client_id": "clientId", "created": "meta.created", "modified": "meta.lastModified", "version": "meta.version"}

// rename puts the names of SCIM in the place of ours in a filter. What is quoted
// stays as it is.
func rename(filter string, names map[string]string) string {
	var out strings.Builder
	for rest := filter; rest != ""; {
		n := strings.IndexFunc(rest, func(c rune) bool { return !inName(c) })
		switch {
		case n < 0:
			n = len(rest)
		case n == 0 && rest[0] == '"':
			n = quoted(rest)
			out.WriteString(rest[:n])
			rest = rest[n:]
			continue
		case n == 0:
			n = strings.IndexFunc(rest, func(c rune) bool { return inName(c) || c == '"' })
			if n < 0 {
				n = len(rest)
			}
		}
		word := rest[:n]
		rest = rest[n:]
		if to, ok := names[strings.ToLower(word)]; ok {
			word = to
		} else if to, ok := everywhere[strings.ToLower(word)]; ok {
			word = to
		}
		out.WriteString(word)
	}
	return out.String()
}

// inName reports whether c may stand in the path of an attribute.
func inName(c rune) bool {
	return c == '_' || c == '.' || c == ':' || c == '-' || c == '$' || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}

// quoted is the length of the string with which s begins.
func quoted(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(s)
}

// on reports whether a query asks for something: ?name and ?name=1 do, ?name=0
// and ?name=false do not.
func on(r *http.Request, name string) bool {
	q := r.URL.Query()
	v := q.Get(name)
	return q.Has(name) && v != "0" && v != "false"
}
