package claims

import (
	"slices"
	"strings"

	"github.com/muster-id/muster/scim/schema"
)

// standard makes the claims that everybody has, by name.
var standard = map[string]func(*Person) any{
	"name":                  func(p *Person) any { return optional(p.name()) },
	"given_name":            func(p *Person) any { return optional(p.text("name", "givenName")) },
	"family_name":           func(p *Person) any { return optional(p.text("name", "familyName")) },
	"middle_name":           func(p *Person) any { return optional(p.text("name", "middleName")) },
	"nickname":              func(p *Person) any { return optional(p.text("nickName")) },
	"preferred_username":    func(p *Person) any { return optional(p.text("userName")) },
	"profile":               func(p *Person) any { return optional(p.text("profileUrl")) },
	"picture":               func(p *Person) any { return optional(text(best(p.doc["photos"], "photo"), "value")) },
	"website":               func(p *Person) any { return optional(p.text(ProfileURN, "website")) },
	"gender":                func(p *Person) any { return optional(p.text(ProfileURN, "gender")) },
	"birthdate":             func(p *Person) any { return optional(p.text(ProfileURN, "birthdate")) },
	"zoneinfo":              func(p *Person) any { return optional(p.text("timezone")) },
	"locale":                func(p *Person) any { return optional(p.locale()) },
	"updated_at":            func(p *Person) any { return p.modified.Unix() },
	"email":                 func(p *Person) any { return optional(p.email()) },
	"email_verified":        (*Person).emailVerified,
	"phone_number":          func(p *Person) any { return optional(p.phone()) },
	"phone_number_verified": (*Person).phoneVerified,
	"address":               (*Person).address,
	"groups":                (*Person).groupNames,
	"roles":                 (*Person).roles,
	"org_id":                func(p *Person) any { return p.org.ID.String() },
	"org_name":              func(p *Person) any { return optional(p.org.Slug) },
	"org_display_name":      func(p *Person) any { return optional(p.org.Name) },
}

// optional is nil for an empty text.
func optional(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// text returns the text at a path below v, "" if there is none.
func text(v any, path ...string) string {
	for _, name := range path {
		o, _ := v.(schema.Object)
		v = o[name]
	}
	s, _ := v.(string)
	return s
}

func (p *Person) text(path ...string) string { return text(p.doc, path...) }

// best returns the element of a multi-valued attribute that stands for all: the
// primary one, else the first of the types in their order, else the first. It is
// nil if there is none.
func best(v any, types ...string) schema.Object {
	list, _ := v.([]any)
	var first schema.Object
	found, rank := schema.Object(nil), len(types)
	for _, e := range list {
		o, ok := e.(schema.Object)
		if !ok {
			continue
		}
		if o["primary"] == true {
			return o
		}
		if first == nil {
			first = o
		}
		for i := range rank {
			if strings.EqualFold(text(o, "type"), types[i]) {
				found, rank = o, i
				break
			}
		}
	}
	if found != nil {
		return found
	}
	return first
}

func (p *Person) name() string {
	if s := p.text("displayName"); s != "" {
		return s
	}
	if s := p.text("name", "formatted"); s != "" {
		return s
	}
	return join(" ", p.text("name", "givenName"), p.text("name", "middleName"), p.text("name", "familyName"))
}

// join joins the texts that are not empty.
func join(sep string, parts ...string) string {
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	return strings.Join(parts, sep)
}

// locale is a BCP 47 tag. preferredLanguage may be a whole Accept-Language.
func (p *Person) locale() string {
	s := p.text("locale")
	if s == "" {
		s, _, _ = strings.Cut(p.text("preferredLanguage"), ",")
		s, _, _ = strings.Cut(s, ";")
	}
	return strings.ReplaceAll(strings.TrimSpace(s), "_", "-")
}

func (p *Person) email() string { return text(best(p.doc["emails"]), "value") }

// emailVerified is about the address that the claim "email" tells, whoever made
// it: a mapping must not pass an address off as verified.
func (p *Person) emailVerified() any {
	address := p.told("email", p.email())
	if address == "" {
		return nil
	}
	return p.proved("email", address, schema.Fold)
}

// proved reports whether the person has proved to have an address, whatever the
// spelling.
func (p *Person) proved(kind, address string, fold func(string) string) bool {
	for key := range p.verified {
		if rest, ok := strings.CutPrefix(key, kind+":"); ok && fold(rest) == fold(address) {
			return true
		}
	}
	return false
}

// told is the text that a claim tells: own, unless it is mapped.
func (p *Person) told(claim, own string) string {
	m := p.rules.byClaim[claim]
	if m == nil {
		return own
	}
	s, _ := m.value(p.doc).(string)
	return s
}

func (p *Person) phone() string { return E164(text(best(p.doc["phoneNumbers"], "mobile"), "value")) }

func (p *Person) phoneVerified() any {
	number := p.told("phone_number", p.phone())
	if number == "" {
		return nil
	}
	return p.proved("phone", number, E164)
}

// E164 returns a telephone number in the form "+4930123456" if it is an
// international one, with the extension of RFC 3966 if it has one, and else as it
// stands.
func E164(number string) string {
	number = strings.TrimSpace(number)
	if len(number) > 4 && strings.EqualFold(number[:4], "tel:") {
		number = number[4:]
	}
	main, params, _ := strings.Cut(number, ";")
	if !strings.HasPrefix(main, "+") {
		return number
	}
	digits := []byte{'+'}
	for _, c := range main[1:] {
		switch {
		case '0' <= c && c <= '9':
			digits = append(digits, byte(c))
		case !strings.ContainsRune(" -.()/\u00a0\u2011", c):
			return number
		}
	}
	if len(digits) < 3 || len(digits) > 16 || digits[1] == '0' {
		return number
	}
	for param := range strings.SplitSeq(params, ";") {
		if strings.HasPrefix(param, "ext=") {
			return string(digits) + ";" + param
		}
	}
	return string(digits)
}

// address is the address claim (OpenID Connect Core section 5.1.1).
func (p *Person) address() any {
	a := best(p.doc["addresses"], "home", "work")
	if a == nil {
		return nil
	}
	out := map[string]any{}
	for claim, name := range map[string]string{
		"formatted": "formatted", "street_address": "streetAddress", "locality": "locality",
		"region": "region", "postal_code": "postalCode", "country": "country",
	} {
		if s := text(a, name); s != "" {
			out[claim] = s
		}
	}
	if len(out) == 0 {
		return nil
	}
	if out["formatted"] == nil {
		town := join(" ", text(a, "postalCode"), text(a, "locality"))
		out["formatted"] = join("\n", text(a, "streetAddress"), town, text(a, "region"), text(a, "country"))
	}
	return out
}

// groupNames lists the groups, direct and through others, sorted. Somebody in
// none has an empty list, so that an app sees that it was told.
func (p *Person) groupNames() any {
	out := make([]string, 0, len(p.groups))
	for _, g := range p.groups {
		if p.rules.set.GroupIDs {
			out = append(out, g.ID.String())
		} else {
			out = append(out, g.Label)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// roles lists the roles of the document and those that the person has been given.
func (p *Person) roles() any {
	list, _ := p.doc["roles"].([]any)
	out := make([]string, 0, len(list))
	for _, e := range list {
		if s := text(e, "value"); s != "" {
			out = append(out, s)
		}
	}
	for _, name := range p.want.held.Roles {
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}
