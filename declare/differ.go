package declare

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"

	"go.yaml.in/yaml/v4"
)

// fields turns a thing into the members that a file would have of it.
func fields(v any) map[string]any {
	text, err := yaml.Marshal(v)
	if err != nil {
		panic("declare: what is no YAML: " + err.Error()) // a fault of ours
	}
	out := map[string]any{}
	if err := yaml.Unmarshal(text, &out); err != nil {
		panic("declare: what is no YAML: " + err.Error())
	}
	if g, ok := v.(Group); ok && g.Members != nil {
		out["members"] = g.Members // also an empty list
	}
	return out
}

// stays reports whether a member that a file leaves out stays as it is. All
// others are empty then.
func stays(kind, member string) bool {
	return kind == kindApp || kind == kindGroup || member == "disabled"
}

// differences says in which members two things of a kind differ, as "rate: 5 -> 7".
func differences(kind string, want, have map[string]any) (out []string) {
	for name, w := range want {
		if h := have[name]; !same(w, h) {
			out = append(out, name+": "+shown(h)+" -> "+shown(w))
		}
	}
	for name, h := range have {
		if _, ok := want[name]; !ok && !stays(kind, name) && !same(nil, h) {
			out = append(out, name+": "+shown(h)+" -> nothing")
		}
	}
	slices.Sort(out)
	return out
}

// same compares values as JSON has them: 1 is 1.0, and what is empty is as good
// as absent.
func same(a, b any) bool {
	x, y := plain(a), plain(b)
	return reflect.DeepEqual(x, y) || empty(x) && empty(y)
}

// plain brings a value into the form in which JSON reads it.
func plain(v any) (out any) {
	text, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	if err != nil {
		return v
	}
	return out
}

func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return reflect.ValueOf(v).IsZero()
}

func shown(v any) string {
	if empty(plain(v)) && v != false {
		return "nothing"
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "?"
	}
	return string(bytes.TrimSpace(b.Bytes()))
}

// strict decodes JSON and refuses members that to does not have.
func strict(text []byte, to any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	return d.Decode(to)
}

// mapOf turns a value into the map of its JSON.
func mapOf(v any) (out map[string]any, err error) {
	text, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	return out, err
}
