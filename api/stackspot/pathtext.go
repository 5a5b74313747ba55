package stackspot

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/muster-id/muster/scim/filter"
	"github.com/muster-id/muster/scim/schema"
)

// pathText is the path of an operation as text, "" for none. The API has paths
// as objects, in which empty texts are absent:
//
//	{"attributePath": {"uriprefix", "attributeName", "subAttribute"}, "valueExpression", "subAttribute"}
func pathText(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case schema.Object:
		return partsText(v)
	}
	return "", schema.Errorf(schema.InvalidPath, "A path is a string or an object.")
}

func partsText(o schema.Object) (string, error) {
	at, nested := schema.Field(o, "attributePath").(schema.Object)
	if !nested {
		at = schema.Object{"uriprefix": schema.Field(o, "uriprefix"), "attributeName": schema.Field(o, "attributeName")}
	}
	text, err := attributeText(at)
	if err != nil {
		return "", err
	}
	expression, err := expressionText(schema.Field(o, "valueExpression"), filter.MaxDepth)
	if err != nil {
		return "", err
	}
	if expression != "" {
		text += "[" + expression + "]"
	}
	sub, err := partOf(o, "subAttribute")
	if err != nil {
		return "", err
	}
	if sub != "" && (expression != "" || !strings.EqualFold(sub, textOf(at, "subAttribute"))) {
		text += "." + sub
	}
	if len(text) > filter.MaxLength {
		return "", schema.Errorf(schema.InvalidPath, "The path is too long.")
	}
	return text, nil
}

// textOf is a member that is text, "" for any other.
func textOf(o schema.Object, name string) string {
	s, _ := schema.Field(o, name).(string)
	return s
}

// attributeText is [uriprefix:]attributeName[.subAttribute].
func attributeText(at schema.Object) (string, error) {
	uri, err := partOf(at, "uriprefix")
	if err != nil {
		return "", err
	}
	name, err := partOf(at, "attributeName")
	if err != nil {
		return "", err
	}
	sub, err := partOf(at, "subAttribute")
	if err != nil {
		return "", err
	}
	uri = strings.TrimSuffix(uri, ":")
	switch {
	case name == "" && sub != "":
		return "", schema.Errorf(schema.InvalidPath, "A path with a subAttribute needs an attributeName.")
	case name == "":
		return uri, nil
	case uri != "":
		name = uri + ":" + name
	}
	if sub != "" {
		name += "." + sub
	}
	return name, nil
}

// partOf is a member of a path that must be text.
func partOf(o schema.Object, name string) (string, error) {
	v, _ := member(o, name)
	s, ok := v.(string)
	if v != nil && !ok {
		return "", schema.Errorf(schema.InvalidPath, "The member %s of a path is a string.", name)
	}
	return s, nil
}

// comparisons are the operators of the grammar that compare with something.
var comparisons = []string{"eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"}

// expressionText is a value expression as text, "" for none: a filter, or the
// tree of one as objects of {attributePath, operator, compareValue}, {left,
// operator, right} and {expression}, which is a negation.
func expressionText(v any, depth int) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case schema.Object:
		switch {
		case len(v) == 0:
			return "", nil
		case depth == 0:
			return "", schema.Errorf(schema.InvalidPath, "The valueExpression of a path is too deep.")
		case has(v, "left"), has(v, "right"):
			return bothText(v, depth-1)
		case has(v, "expression"):
			inner, err := expressionText(schema.Field(v, "expression"), depth-1)
			if err != nil || inner == "" {
				return "", wrongExpression(err)
			}
			return "not (" + inner + ")", nil
		}
		return comparisonText(v)
	}
	return "", wrongExpression(nil)
}

func has(o schema.Object, name string) bool {
	_, ok := member(o, name)
	return ok
}

func wrongExpression(err error) error {
	if err != nil {
		return err
	}
	return schema.Errorf(schema.InvalidPath, "The valueExpression of a path is a filter, or the tree of one.")
}

func bothText(o schema.Object, depth int) (string, error) {
	left, err := expressionText(schema.Field(o, "left"), depth)
	if err != nil {
		return "", err
	}
	right, err := expressionText(schema.Field(o, "right"), depth)
	if err != nil {
		return "", err
	}
	operator, _ := schema.Field(o, "operator").(string)
	operator = strings.ToLower(operator)
	if left == "" || right == "" || operator != "and" && operator != "or" {
		return "", wrongExpression(nil)
	}
	return "(" + left + ") " + operator + " (" + right + ")", nil
}

func comparisonText(o schema.Object) (string, error) {
	var attr string
	var err error
	switch at := schema.Field(o, "attributePath").(type) {
	case string:
		attr = at
	case schema.Object:
		attr, err = attributeText(at)
	default:
		attr, err = attributeText(o)
	}
	operator, _ := schema.Field(o, "operator").(string)
	operator = strings.ToLower(operator)
	switch {
	case err != nil || attr == "":
		return "", wrongExpression(err)
	case operator == "pr":
		return attr + " pr", nil
	case !slices.Contains(comparisons, operator):
		return "", wrongExpression(nil)
	}
	switch value := schema.Field(o, "compareValue").(type) {
	case nil, bool, string, json.Number:
		return attr + " " + operator + " " + string(schema.AppendValue(nil, value)), nil
	}
	return "", wrongExpression(nil)
}
