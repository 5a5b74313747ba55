package filter

import "github.com/muster-id/muster/scim/schema"

// Match reports whether o satisfies the bound filter e. Object o is canonical,
// with "meta", "externalId" and the row attributes that Rows(e) names.
//
// An attribute without a value satisfies ne and no other operator, so that
// `a ne "x"` and `not (a eq "x")` agree on it. A multi-valued attribute
// satisfies an operator when any of its values does (RFC 7644 section 3.4.2.2),
// ne included.
func Match(e Expr, o schema.Object) bool { panic("not yet") }

// MatchElement reports whether one element of a multi-valued complex attribute
// satisfies the filter inside the brackets of a bound Has.
func MatchElement(e Expr, element schema.Object) bool { panic("not yet") }
