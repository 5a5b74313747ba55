package filter_test

import (
	"fmt"

	"github.com/muster-id/muster/scim/filter"
	"github.com/muster-id/muster/scim/schema"
)

func Example() {
	e, err := filter.Parse(`userName sw "ANN" and emails[type eq "work" and value ew "@example.org"]`)
	if err != nil {
		fmt.Println(err)
		return
	}
	user := schema.Standard().TypeByName("User")
	if e, err = filter.Bind(e, user, schema.RFC); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(filter.Match(e, schema.Object{
		"userName": "ann",
		"emails":   []any{schema.Object{"type": "work", "value": "ann@example.org"}},
	}))
	// Output: true
}

func ExampleParse() {
	_, err := filter.Parse(`userName eq "ann`)
	fmt.Println(err)
	// Output: invalidFilter: The filter is not valid at offset 12: the string does not end.
}

func ExampleBind() {
	e, _ := filter.Parse(`active gt true`)
	_, err := filter.Bind(e, schema.Standard().TypeByName("User"), schema.RFC)
	fmt.Println(err)
	// Output: invalidFilter: gt is not defined for boolean attribute 'active'
}

func ExampleParsePath() {
	p, _ := filter.ParsePath(`emails[type eq "work"].value`)
	fmt.Println(p.Attr, "|", p.Filter, "|", p.Sub)
	// Output: emails | type eq "work" | value
}
