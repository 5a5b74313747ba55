package signin

import (
	"cmp"
	"context"
	"encoding/json"
	"strings"

	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/store"
	"golang.org/x/net/idna"
)

// userType is the resource type of people.
const userType = "User"

// A person is what signing in needs to know of a user.
type person struct {
	ID     identity.ID
	Name   string // userName
	Shown  string // how they are called
	Active bool
	Emails []string // the primary one first
	Phones []string // digits after a plus, the primary one first
	Lang   string
}

// valued is a value of a multi-valued attribute.
type valued struct {
	Value   string `json:"value"`
	Primary bool   `json:"primary"`
}

// personOf reads the document of a user.
func personOf(r *store.Resource) (person, error) {
	var doc struct {
		UserName    string `json:"userName"`
		DisplayName string `json:"displayName"`
		Name        struct {
			Formatted, GivenName, FamilyName string
		} `json:"name"`
		Active            *bool    `json:"active"`
		Emails            []valued `json:"emails"`
		PhoneNumbers      []valued `json:"phoneNumbers"`
		PreferredLanguage string   `json:"preferredLanguage"`
		Locale            string   `json:"locale"`
	}
	if err := json.Unmarshal(r.Doc, &doc); err != nil {
		return person{}, err
	}
	p := person{
		ID: r.ID, Name: doc.UserName, Active: doc.Active == nil || *doc.Active,
		Lang: cmp.Or(doc.PreferredLanguage, doc.Locale),
		Shown: cmp.Or(doc.DisplayName, doc.Name.Formatted,
			strings.TrimSpace(doc.Name.GivenName+" "+doc.Name.FamilyName), doc.UserName),
	}
	p.Emails = primaryFirst(doc.Emails, func(s string) string { return s })
	p.Phones = primaryFirst(doc.PhoneNumbers, foldPhone)
	return p, nil
}

// primaryFirst returns the values that are not empty, the primary one first.
func primaryFirst(list []valued, form func(string) string) []string {
	var out []string
	for _, v := range list {
		text := form(v.Value)
		switch {
		case text == "":
		case v.Primary:
			out = append([]string{text}, out...)
		default:
			out = append(out, text)
		}
	}
	return out
}

// words are what a password of the person must not be made of.
func (p person) words(org identity.Organisation) []string {
	list := []string{"muster", org.Slug, org.Name, p.Name, p.Shown}
	list = append(list, strings.Fields(p.Shown)...)
	for _, e := range p.Emails {
		local, domain, _ := strings.Cut(e, "@")
		list = append(list, e, local, domain)
	}
	return list
}

// hasEmail reports whether an address is one of the person's and returns it as
// the directory has it: letters go there, never to an address that only looks
// the same (attack C40).
func (p person) hasEmail(email string) (string, bool) {
	for _, e := range p.Emails {
		if directory.Fold(e) == directory.Fold(email) {
			return e, true
		}
	}
	return "", false
}

// hasPhone is hasEmail for a number.
func (p person) hasPhone(phone string) (string, bool) {
	key := foldPhone(phone)
	for _, have := range p.Phones {
		if key != "" && have == key {
			return have, true
		}
	}
	return "", false
}

// foldPhone returns a number as a plus and digits, "" for what is not one in
// international form.
func foldPhone(phone string) string {
	phone = strings.TrimSpace(phone)
	if rest, ok := strings.CutPrefix(phone, "tel:"); ok {
		phone, _, _ = strings.Cut(rest, ";")
	}
	if len(phone) > 40 || !strings.HasPrefix(phone, "+") {
		return ""
	}
	out := []byte{'+'}
	for _, c := range []byte(phone[1:]) {
		switch {
		case c >= '0' && c <= '9':
			out = append(out, c)
		case strings.IndexByte(" -.()/", c) < 0:
			return ""
		}
	}
	if len(out) < 8 || len(out) > 16 {
		return ""
	}
	return string(out)
}

// maskPhone shows the end of a number alone.
func maskPhone(phone string) string {
	if len(phone) < 6 {
		return "•••"
	}
	return phone[:3] + " ••• " + phone[len(phone)-2:]
}

// maxIdentifier bounds what people call themselves, in bytes.
const maxIdentifier = 320

// find returns whom an identifier names: by user name, else by an address that
// one person alone has, or one alone has verified. It is a zero person for
// nobody, for people who are shut out and where it is not clear who is meant.
func (s *Service) find(ctx context.Context, tx *store.Tx, org identity.OrgID, text string) (person, error) {
	text = strings.TrimSpace(text)
	if number := foldPhone(text); number != "" {
		text = number
	}
	list, err := tx.UsersBySignIn(ctx, org, text)
	if err != nil {
		return person{}, err
	}
	var found []person
	for _, r := range list {
		p, err := personOf(r)
		if err != nil {
			return person{}, err
		}
		if directory.Fold(p.Name) == directory.Fold(text) {
			return activeOnly(p), nil
		}
		found = append(found, p)
	}
	if len(found) > 1 {
		if found, err = s.verifiedHolders(ctx, tx, org, found, text); err != nil {
			return person{}, err
		}
	}
	if len(found) != 1 {
		return person{}, nil
	}
	return activeOnly(found[0]), nil
}

func activeOnly(p person) person {
	if !p.Active {
		return person{}
	}
	return p
}

// verifiedHolders returns those who have verified an address.
func (s *Service) verifiedHolders(ctx context.Context, tx *store.Tx, org identity.OrgID, list []person, text string) ([]person, error) {
	var out []person
	for _, p := range list {
		marks, err := tx.Verified(ctx, org, p.ID)
		if err != nil {
			return nil, err
		}
		_, email := marks[emailKind+":"+directory.Fold(text)]
		_, phone := marks[phoneKind+":"+foldPhone(text)]
		if email || phone {
			out = append(out, p)
		}
	}
	return out, nil
}

// person reads a user by id; NotFound if there is none or it is shut out.
func (s *Service) person(ctx context.Context, tx *store.Tx, org identity.OrgID, user identity.ID) (person, error) {
	r, err := tx.Get(ctx, org, userType, user)
	if err != nil {
		return person{}, err
	}
	p, err := personOf(r)
	if err == nil && !p.Active {
		return person{}, errNoUser
	}
	return p, err
}

var errNoUser = identity.NewError(identity.NotFound, "", "There is no such user.")

// asciiDomain returns a domain as it stands in DNS, "" for what is none.
func asciiDomain(domain string) string {
	ascii, err := idna.Lookup.ToASCII(domain)
	if err != nil {
		return ""
	}
	again, err := idna.Lookup.ToASCII(ascii)
	if err != nil || again != ascii {
		return "" // characters that a domain cannot have, written as if it had
	}
	return strings.ToLower(ascii)
}
