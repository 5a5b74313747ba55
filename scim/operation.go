package scim

import (
	"bytes"
	"net/http"
	"slices"
	"strings"

	"github.com/muster-id/muster/scim/schema"
)

// An operation is one member of a bulk request.
type operation struct {
	order
	index   int
	bulkID  string
	pathRef string       // the bulkId that stands in the path instead of an id
	needs   []*operation // must have succeeded: their new ids stand in the data
	after   []*operation // must come first; the backend sees whether they succeeded
	err     error
	outcome *Outcome // nil until carried out
	pending bool     // in a batch that is not written yet

	low, seen int // for groups
	open      bool
}

// parse reads the i-th operation. Every POST gets its id at once, so that
// references can be resolved in any direction.
func (j *bulkJob) parse(i int, v any, id func(i int) string) *operation {
	op := &operation{index: i}
	o, ok := v.(schema.Object)
	if !ok {
		op.err = invalid(schema.InvalidSyntax, "An operation must be an object.")
		return op
	}
	text := func(name string) string {
		s, ok := schema.Field(o, name).(string)
		if !ok && schema.Field(o, name) != nil && op.err == nil {
			op.err = invalid(schema.InvalidSyntax, name+" must be a string.")
		}
		return s
	}
	op.method = strings.ToUpper(text("method"))
	op.bulkID = text("bulkId")
	path := text("path")
	version := text("version")
	if op.err != nil {
		return op
	}
	switch op.method {
	case "POST":
		op.err = j.parsePost(op, path)
		op.id = id(i)
	case "PUT", "PATCH", "DELETE":
		op.match = version
		op.err = j.parsePath(op, path)
	default:
		op.err = invalid(schema.InvalidSyntax, "method must be POST, PUT, PATCH or DELETE.")
	}
	if op.err == nil && op.method != "DELETE" {
		op.err = op.parseData(schema.Field(o, "data"))
	}
	return op
}

func (j *bulkJob) parsePost(op *operation, path string) error {
	if op.bulkID == "" {
		return invalid(schema.InvalidSyntax, "A POST operation needs a bulkId.")
	}
	if j.byBulkID[op.bulkID] != nil {
		return invalid(schema.InvalidSyntax, "The bulkId stands at an earlier operation already.")
	}
	j.byBulkID[op.bulkID] = op
	endpoint, more, _ := strings.Cut(j.trim(path), "/")
	if op.rt = j.c.Types.TypeByEndpoint(endpoint); op.rt == nil {
		return &Error{Status: http.StatusNotFound, Detail: "There is no such endpoint."}
	}
	if more != "" {
		return invalid(schema.InvalidSyntax, "The path of a POST operation must be that of a resource type.")
	}
	return nil
}

func (j *bulkJob) parsePath(op *operation, path string) error {
	endpoint, id, _ := strings.Cut(j.trim(path), "/")
	if strings.EqualFold(endpoint, "Me") && id == "" {
		if op.rt = j.c.Types.TypeByName("User"); op.rt == nil || j.c.User == "" {
			return errNobody
		}
		op.id = j.c.User
		return nil
	}
	if op.rt = j.c.Types.TypeByEndpoint(endpoint); op.rt == nil || strings.Contains(id, "/") {
		op.rt = nil
		return &Error{Status: http.StatusNotFound, Detail: "There is no such endpoint."}
	}
	if id == "" {
		return invalid(schema.InvalidSyntax, "The path must name a resource.")
	}
	op.id = id
	op.pathRef, _ = strings.CutPrefix(id, bulkIDPrefix)
	if op.pathRef == id {
		op.pathRef = ""
	}
	return nil
}

// trim makes a path relative to the SCIM root, as it should be.
func (j *bulkJob) trim(path string) string {
	if j.c.Base != "" {
		path = strings.TrimPrefix(path, j.c.Base)
	}
	path, _, _ = strings.Cut(path, "?")
	return strings.Trim(path, "/")
}

// parseData reads the data. That of a PATCH may come without schemas, or as the
// bare array of RFC 7644's own example (erratum 5050).
func (op *operation) parseData(v any) error {
	if list, ok := v.([]any); ok && op.method == "PATCH" {
		v = schema.Object{"Operations": list}
	}
	data, ok := v.(schema.Object)
	if !ok {
		return invalid(schema.InvalidSyntax, "The operation needs data, an object.")
	}
	if op.method == "PATCH" && schema.Field(data, "schemas") == nil {
		data["schemas"] = []any{patchMessage}
	}
	op.data = data
	return nil
}

// link resolves the references of all operations and notes what depends on
// what.
func (j *bulkJob) link(raw []byte) {
	if !bytes.Contains(raw, []byte(bulkIDPrefix)) {
		return // nothing refers to anything: the order stands
	}
	last := make(map[[2]string]*operation) // by type and id
	for _, op := range j.ops {
		if op.err != nil {
			continue
		}
		if op.pathRef != "" {
			j.linkPath(op)
		}
		if op.data != nil {
			j.resolve(op)
		}
		if op.err != nil || op.method == "POST" {
			continue
		}
		key := [2]string{op.rt.Name, op.id}
		if before := last[key]; before != nil {
			op.after = append(op.after, before)
		}
		last[key] = op
	}
}

func (j *bulkJob) linkPath(op *operation) {
	to := j.byBulkID[op.pathRef]
	if to == nil {
		op.err = errUnresolved(op.pathRef)
		op.id = ""
		return
	}
	if to.rt != nil && to.rt != op.rt {
		op.err = NotFound(op.id)
	}
	op.id = to.id
	op.after = append(op.after, to)
}

// resolve replaces references in the data by the ids that they stand for, in
// place. The backend itself checks those in row attributes, so they need not
// wait until it is known what became of the new resource.
func (j *bulkJob) resolve(op *operation) {
	if op.method != "PATCH" {
		for k, v := range op.data {
			op.data[k] = j.replace(op, op.rowAttr(k), k, v)
		}
		return
	}
	list, _ := schema.Field(op.data, "Operations").([]any)
	for _, v := range list {
		edit, ok := v.(schema.Object)
		if !ok {
			continue
		}
		path, _ := schema.Field(edit, "path").(string)
		end := strings.IndexAny(path, "[.")
		if end < 0 {
			end = len(path)
		}
		checked := op.rowAttr(path[:end])
		for k, v := range edit {
			if s, ok := v.(string); ok && strings.EqualFold(k, "path") {
				edit[k] = j.replaceInPath(op, checked, s)
			} else {
				edit[k] = j.replace(op, checked, k, v)
			}
		}
	}
}

// rowAttr reports whether a name is that of a row attribute.
func (op *operation) rowAttr(name string) bool {
	for _, a := range op.rt.Schema.Attributes {
		if a.Rows && strings.EqualFold(a.Name, name) {
			return true
		}
	}
	return false
}

// replace returns v, the member key of an object, with its references resolved:
// a reference is a whole string, or the end of a $ref.
func (j *bulkJob) replace(op *operation, checked bool, key string, v any) any {
	switch v := v.(type) {
	case string:
		before, ref, ok := strings.Cut(v, bulkIDPrefix)
		if ok && (before == "" || key == "$ref") {
			return before + j.refer(op, checked, ref)
		}
	case schema.Object:
		for k, e := range v {
			v[k] = j.replace(op, checked || op.rowAttr(k), k, e)
		}
	case []any:
		for i, e := range v {
			v[i] = j.replace(op, checked, "", e)
		}
	}
	return v
}

// replaceInPath resolves the references in the filter of a path.
func (j *bulkJob) replaceInPath(op *operation, checked bool, path string) string {
	const open = `"` + bulkIDPrefix
	var b strings.Builder
	for op.err == nil {
		before, rest, ok := strings.Cut(path, open)
		b.WriteString(before)
		if !ok {
			break
		}
		ref, after, _ := strings.Cut(rest, `"`)
		b.WriteString(`"` + j.refer(op, checked, ref) + `"`)
		path = after
	}
	return b.String()
}

// refer returns the id behind a bulkId.
func (j *bulkJob) refer(op *operation, checked bool, bulkID string) string {
	to := j.byBulkID[bulkID]
	switch {
	case to == nil:
		if op.err == nil {
			op.err = errUnresolved(bulkID)
		}
		return ""
	case to == op:
	case checked:
		if !slices.Contains(op.after, to) {
			op.after = append(op.after, to)
		}
	case !slices.Contains(op.needs, to):
		op.needs = append(op.needs, to)
	}
	return to.id
}
