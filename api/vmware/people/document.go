package people

import (
	"encoding/json"
	"fmt"

	"github.com/muster-id/muster/directory"
)

// A document is the members of a stored user or group that are read here.
type document struct {
	UserName    string `json:"userName"`
	DisplayName string `json:"displayName"`
	Active      bool   `json:"active"`
	Locale      string `json:"locale"`
	Language    string `json:"preferredLanguage"`
	Name        struct {
		Given  string `json:"givenName"`
		Family string `json:"familyName"`
	} `json:"name"`
	Emails     []value `json:"emails"`
	Phones     []value `json:"phoneNumbers"`
	Enterprise struct {
		Manager struct {
			Value string `json:"value"`
		} `json:"manager"`
	} `json:"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"`
}

// A value is one of several.
type value struct {
	Value   string `json:"value"`
	Primary bool   `json:"primary"`
}

// chosen returns the primary value, else the first, else "".
func chosen(list []value) string {
	for _, v := range list {
		if v.Primary {
			return v.Value
		}
	}
	if len(list) > 0 {
		return list[0].Value
	}
	return ""
}

func read(r *directory.Resource) (document, error) {
	var doc document
	if err := json.Unmarshal(r.Doc, &doc); err != nil {
		return doc, fmt.Errorf("read a stored %s: %w", r.Type, err)
	}
	return doc, nil
}

func userOf(r *directory.Resource) (User, error) {
	doc, err := read(r)
	if err != nil {
		return User{}, err
	}
	u := User{
		ID: r.ID, Name: doc.UserName, Given: doc.Name.Given, Family: doc.Name.Family, Display: doc.DisplayName,
		Email: chosen(doc.Emails), Phone: chosen(doc.Phones), Locale: doc.Locale, Language: doc.Language,
		Manager: doc.Enterprise.Manager.Value, Active: doc.Active, Version: r.Version, Created: r.Created,
	}
	for _, g := range r.Groups {
		u.Groups = append(u.Groups, Group{ID: g.ID, Name: g.Label, Direct: g.Direct})
	}
	return u, nil
}

func groupOf(r *directory.Resource) (Group, error) {
	doc, err := read(r)
	return Group{ID: r.ID, Name: doc.DisplayName, Version: r.Version}, err
}
