package scim

import (
	"encoding/json"

	"github.com/muster-id/muster/scim/schema"
)

// searchMessage is the URN of a query in a body (RFC 7644 section 3.4.3).
const searchMessage = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"

// search answers a query in the body.
func (x *call) search(types []*schema.ResourceType) error {
	_, o, err := x.message()
	if err != nil {
		return err
	}
	if !hasSchema(o, searchMessage) {
		return invalid(schema.InvalidSyntax, "The body must have "+searchMessage+" in schemas.")
	}
	q := &listing{types: types, start: 1, count: x.s.page(x.dialect())}
	var order string
	for _, f := range []struct {
		name string
		to   *string
	}{{"filter", &q.filter}, {"sortBy", &q.sortBy}, {"sortOrder", &order}, {"cursor", &q.cursor}} {
		v := schema.Field(o, f.name)
		if v == nil {
			continue
		}
		s, ok := v.(string)
		if !ok {
			return invalid(schema.InvalidValue, f.name+" must be a string.")
		}
		*f.to = s
		q.paged = q.paged || f.name == "cursor"
	}
	if err := q.order(order); err != nil {
		return err
	}
	if n, ok, err := number(o, "startIndex"); err != nil {
		return err
	} else if ok {
		q.start = max(1, n)
	}
	if n, ok, err := number(o, "count"); err != nil {
		return err
	} else if ok {
		q.count = x.s.pageSize(n)
	}
	if q.attributes, err = nameList(o, "attributes"); err != nil {
		return err
	}
	if q.excluded, err = nameList(o, "excludedAttributes"); err != nil {
		return err
	}
	return x.list(q)
}

func number(o schema.Object, name string) (n int, ok bool, err error) {
	v := schema.Field(o, name)
	if v == nil {
		return 0, false, nil
	}
	num, isNumber := v.(json.Number)
	if !isNumber {
		return 0, false, invalid(schema.InvalidValue, name+" must be an integer.")
	}
	n, err = integer(name, num.String())
	return n, true, err
}

// nameList reads an array of attribute names; a string holds a list as in a
// URL.
func nameList(o schema.Object, name string) ([]string, error) {
	switch v := schema.Field(o, name).(type) {
	case nil:
		return nil, nil
	case string:
		list, _ := params{name: {v}}.names(name)
		return list, nil
	case []any:
		var list []string
		for _, e := range v {
			s, ok := e.(string)
			if !ok {
				return nil, invalid(schema.InvalidValue, name+" must hold strings.")
			}
			list = append(list, s)
		}
		return list, nil
	}
	return nil, invalid(schema.InvalidValue, name+" must be a list of attribute names.")
}
