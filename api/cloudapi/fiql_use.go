package cloudapi

import (
	"cmp"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/muster-id/muster/api/vmware/people"
	"github.com/muster-id/muster/identity"
)

// A field is something that a list can be filtered and sorted by.
type field struct {
	// path is the SCIM attribute, for what the directory lists.
	path string
	// same is the value of all, for what does not stand in the directory.
	same string
	// flag says that the values are true and false; id, that they are URNs.
	flag, id bool
	// What a list cannot be sorted or searched by is known all the same, to be
	// refused by name.
	unsortable, unsearchable bool
}

// fields are those of one kind of thing, by name.
type fields map[string]field

func (t fields) find(name string) (field, error) {
	f, ok := t[name]
	if !ok {
		return f, badFilter("names " + strconv.Quote(name) + ", which there is not")
	}
	if f.unsearchable {
		return f, badFilter("names " + name + ", by which nothing is searched")
	}
	return f, nil
}

// toSCIM writes a filter in the words of SCIM. Values stand in it as quoted
// text, nothing of them as part of the filter.
func (t fields) toSCIM(f *filter) (string, error) {
	if f == nil {
		return "", nil
	}
	if f.op == "" {
		return t.compare(f)
	}
	word := " and "
	if f.op == "," {
		word = " or "
	}
	parts := make([]string, len(f.parts))
	for i, one := range f.parts {
		text, err := t.toSCIM(one)
		if err != nil {
			return "", err
		}
		parts[i] = "(" + text + ")"
	}
	return strings.Join(parts, word), nil
}

// everyone and nobody are filters that all and none meet.
const (
	everyone = "id pr"
	nobody   = "not (id pr)"
)

// scimOps are the comparisons but for equality.
var scimOps = map[string]string{"=gt=": "gt", "=ge=": "ge", "=lt=": "lt", "=le=": "le"}

func (t fields) compare(f *filter) (string, error) {
	d, err := t.find(f.name)
	if err != nil {
		return "", err
	}
	p, err := patternOf(f.value)
	if err != nil {
		return "", err
	}
	if d.path == "" {
		if meets(d.same, f, p) {
			return everyone, nil
		}
		return nobody, nil
	}
	if op := scimOps[f.cmp]; op != "" {
		if d.flag || d.id || p.wild() {
			return "", badFilter("compares " + f.name + " with == and != only")
		}
		return d.path + " " + op + " " + people.Quote(f.value), nil
	}
	text, err := d.equal(f, p)
	if err == nil && f.cmp == "!=" {
		text = "not (" + text + ")"
	}
	return text, err
}

func (d field) equal(f *filter, p pattern) (string, error) {
	switch {
	case d.flag:
		on, err := strconv.ParseBool(f.value)
		if err != nil {
			return "", badFilter("compares " + f.name + " with true and false only")
		}
		return d.path + " eq " + strconv.FormatBool(on), nil
	case d.id:
		return d.path + " eq " + people.Quote(bare(f.value)), nil
	case p.text == "":
		return d.path + " pr", nil
	}
	op := "eq"
	switch {
	case p.before && p.then:
		op = "co"
	case p.before:
		op = "ew"
	case p.then:
		op = "sw"
	}
	return d.path + " " + op + " " + people.Quote(p.text), nil
}

// meets compares a value of ours with that of a comparison.
func meets(have string, f *filter, p pattern) bool {
	order := cmp.Compare(strings.ToLower(have), strings.ToLower(f.value))
	if a, err := strconv.ParseFloat(have, 64); err == nil {
		if b, err := strconv.ParseFloat(f.value, 64); err == nil {
			order = cmp.Compare(a, b)
		}
	}
	switch f.cmp {
	case "=gt=":
		return order > 0
	case "=ge=":
		return order >= 0
	case "=lt=":
		return order < 0
	case "=le=":
		return order <= 0
	}
	same := p.meets(have)
	if strings.HasPrefix(have, urnPrefix) && !p.wild() {
		same = same || bare(have) == bare(f.value)
	}
	return same == (f.cmp == "==")
}

// A view is a thing of a list as it is sent, to be filtered and sorted by.
type view map[string]any

// viewOf takes the form in which a thing is sent apart.
func viewOf(v any) view {
	text, err := json.Marshal(v)
	var out view
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	if err != nil {
		panic("cloudapi: an answer that is no object: " + err.Error())
	}
	return out
}

// text returns the value at a dotted name, "" for none.
func (v view) text(name string) string {
	var now any = map[string]any(v)
	for part := range strings.SplitSeq(name, ".") {
		o, _ := now.(map[string]any)
		now = o[part]
	}
	switch x := now.(type) {
	case string:
		return x
	case bool:
		return strconv.FormatBool(x)
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64)
	}
	return ""
}

// meets reports whether a thing meets a filter on names that its list knows.
func (v view) meets(t fields, f *filter) (bool, error) {
	if f == nil {
		return true, nil
	}
	if f.op == "" {
		d, err := t.find(f.name)
		if err != nil {
			return false, err
		}
		p, err := patternOf(f.value)
		have := d.same
		if have == "" {
			have = v.text(f.name)
		}
		return meets(have, f, p), err
	}
	out := f.op == ";"
	for _, one := range f.parts {
		ok, err := v.meets(t, one)
		if err != nil {
			return false, err
		}
		if f.op == ";" {
			out = out && ok
		} else {
			out = out || ok
		}
	}
	return out, nil
}

// sortField finds what a list is sorted by.
func (t fields) sortField(name string) (field, error) {
	f, ok := t[name]
	if !ok || f.unsortable || f.path == "" && f.same != "" {
		return f, identity.NewError(identity.Invalid, "sortAsc", "There is no sorting by "+strconv.Quote(name)+".")
	}
	return f, nil
}
