package e2e_test

import "strconv"

// A change returns the operations of one change to a user and what the user
// must hold afterwards. Tag makes values that nobody has had before.
type change func(tag, boss string) (ops []any, want object)

// changes are what the incremental cycle sends about users.
func (e *entraCycle) changes() []change {
	if e.own {
		return []change{e.ownNames, e.ownManager, e.ownElements, e.ownPathless, e.ownClear, e.ownRoles, e.ownOddCase}
	}
	return []change{legalNames, legalManager, legalElements, legalSeveral, legalClear, legalRoles, legalOddCase}
}

func (e *entraCycle) ownNames(tag, _ string) ([]any, object) {
	return []any{
			op("Replace", "displayName", "Name "+tag), op("Replace", "name.familyName", "Family "+tag),
			op("Replace", "externalId", "Ext-"+tag), op("Replace", `emails[type eq "work"].value`, "w"+tag+"@example.com"),
			op("Add", entURN+":costCenter", "C"+tag),
		}, object{"displayName": "Name " + tag, "name/familyName": "Family " + tag, "externalId": "Ext-" + tag,
			"emails/[type=work]/value": "w" + tag + "@example.com", entURN + "/costCenter": "C" + tag}
}

func (e *entraCycle) ownManager(tag, boss string) ([]any, object) {
	return []any{e.manager(boss), op("Replace", "active", "False"), op("Add", "nickName", tag)},
		object{entURN + "/manager/value": boss, "active": false, "nickName": tag}
}

// ownElements adds through filters to what is not there (Q8, Q9).
func (e *entraCycle) ownElements(tag, _ string) ([]any, object) {
	return []any{
			op("Add", `phoneNumbers[type eq "mobile"].value`, "+1 "+tag), op("Replace", `emails[type eq "other"].value`, "o"+tag+"@x.io"),
			op("Replace", `addresses[type eq "work"].locality`, "Town "+tag), op("Add", `addresses[type eq "work"].country`, "NL"),
		}, object{"phoneNumbers/[type=mobile]/value": "+1 " + tag, "emails/[type=other]/value": "o" + tag + "@x.io",
			"addresses/[type=work]/locality": "Town " + tag, "addresses/[type=work]/country": "NL"}
}

// ownPathless is Q10 to Q12 and Q15.
func (e *entraCycle) ownPathless(tag, boss string) ([]any, object) {
	return []any{
			op("replace", "", object{"name.givenName": "G" + tag, "name.familyName": "F" + tag, "displayName": "D" + tag, "id": boss}),
			op("Add", "", object{entURN + ":department": "Dep " + tag}),
			op("replace", "", object{"emails[primary eq true].value": "p" + tag + "@b.c"}),
		}, object{"name/givenName": "G" + tag, "name/familyName": "F" + tag, "displayName": "D" + tag,
			entURN + "/department": "Dep " + tag, "emails/[type=work]/value": "p" + tag + "@b.c"}
}

// ownClear is Q7, Q14 and Q16.
func (e *entraCycle) ownClear(_, boss string) ([]any, object) {
	return []any{
		op("Replace", "title", nil), op("replace", `emails[type eq "home"]`, []any{}),
		e.manager(boss), op("Replace", entURN+":manager", ""),
	}, object{"title": nil, "emails/[type=home]/value": nil, entURN + "/manager/value": nil}
}

// ownRoles is Q3 and Q13.
func (e *entraCycle) ownRoles(tag, _ string) ([]any, object) {
	inside := `{"id":"827f","value":` + strconv.Quote("R"+tag) + `,"displayName":"Role"}`
	return []any{
		op("Add", `roles[primary eq "True"].value`, "Admin"), op("Add", "roles", []any{object{"value": inside}}),
		op("Replace", "preferredLanguage", "nl-NL"),
	}, object{"roles/[value=Admin]/primary": true, "roles/[value=R" + tag + "]/value": "R" + tag, "preferredLanguage": "nl-NL"}
}

// ownOddCase is Q25.
func (e *entraCycle) ownOddCase(tag, _ string) ([]any, object) {
	return []any{op("Replace", "DisplayName", "Odd "+tag), op("Replace", "name.FamilyName", "Case "+tag), op("Add", "UserType", "Guest")},
		object{"displayName": "Odd " + tag, "name/familyName": "Case " + tag, "userType": "Guest"}
}

func legalNames(tag, _ string) ([]any, object) {
	return []any{
			op("replace", "displayName", "Name "+tag), op("replace", "name.familyName", "Family "+tag),
			op("replace", "externalId", "Ext-"+tag), op("replace", `emails[type eq "work"].value`, "w"+tag+"@example.com"),
			op("add", entURN+":costCenter", "C"+tag),
		}, object{"displayName": "Name " + tag, "name/familyName": "Family " + tag, "externalId": "Ext-" + tag,
			"emails/[type=work]/value": "w" + tag + "@example.com", entURN + "/costCenter": "C" + tag}
}

func legalManager(tag, boss string) ([]any, object) {
	return []any{op("add", entURN+":manager", object{"value": boss}), op("replace", "active", false), op("add", "nickName", tag)},
		object{entURN + "/manager/value": boss, "active": false, "nickName": tag}
}

func legalElements(tag, _ string) ([]any, object) {
	return []any{
			op("add", "phoneNumbers", []any{object{"type": "mobile", "value": "+1 " + tag}}),
			op("add", "emails", []any{object{"type": "other", "value": "o" + tag + "@x.io"}}),
			op("add", "addresses", []any{object{"type": "work", "locality": "Town " + tag, "country": "NL"}}),
		}, object{"phoneNumbers/[type=mobile]/value": "+1 " + tag, "emails/[type=other]/value": "o" + tag + "@x.io",
			"addresses/[type=work]/locality": "Town " + tag, "addresses/[type=work]/country": "NL"}
}

func legalSeveral(tag, _ string) ([]any, object) {
	return []any{
			op("replace", "name", object{"givenName": "G" + tag, "familyName": "F" + tag}), op("replace", "displayName", "D"+tag),
			op("add", entURN+":department", "Dep "+tag), op("replace", `emails[primary eq true].value`, "p"+tag+"@b.c"),
		}, object{"name/givenName": "G" + tag, "name/familyName": "F" + tag, "displayName": "D" + tag,
			entURN + "/department": "Dep " + tag, "emails/[type=work]/value": "p" + tag + "@b.c"}
}

func legalClear(_, boss string) ([]any, object) {
	return []any{
		remove("remove", "title"), remove("remove", `emails[type eq "home"]`),
		op("add", entURN+":manager", object{"value": boss}), remove("remove", entURN+":manager"),
	}, object{"title": nil, "emails/[type=home]/value": nil, entURN + "/manager/value": nil}
}

func legalRoles(tag, _ string) ([]any, object) {
	return []any{
		op("add", "roles", []any{object{"value": "Admin", "primary": true}}), op("add", "roles", []any{object{"value": "R" + tag}}),
		op("replace", "preferredLanguage", "nl-NL"),
	}, object{"roles/[value=Admin]/primary": true, "roles/[value=R" + tag + "]/value": "R" + tag, "preferredLanguage": "nl-NL"}
}

func legalOddCase(tag, _ string) ([]any, object) {
	return []any{op("replace", "DISPLAYNAME", "Odd "+tag), op("replace", userURN+":name.FamilyName", "Case "+tag), op("add", "userType", "Guest")},
		object{"displayName": "Odd " + tag, "name/familyName": "Case " + tag, "userType": "Guest"}
}

// pull is Entra as the puller of an inbound cycle (Q24).
func (e *entraCycle) pull() {
	active, seen := 0, map[string]bool{}
	for _, p := range e.company.living() {
		if p.want["active"] == true {
			active++
		}
	}
	const since = `active eq true and (meta.lastModified ge "0001-01-03T00:00:00.0000000Z" and meta.lastModified le "9998-12-31T23:59:59.9999999Z")`
	for start := 1; start <= active; start += 100 {
		doc := e.do("GET", "/Users?"+params("filter", since, "count", "100", "startIndex", strconv.Itoa(start)), nil, 200)
		list, _ := doc["Resources"].([]any)
		for _, u := range list {
			seen[text(u, "id")] = true
		}
		if total, _ := doc["totalResults"].(float64); int(total) != active {
			e.fail("pulling from %d: totalResults %v, want %d", start, total, active)
			return
		}
	}
	if len(seen) != active {
		e.fail("pulled %d active users, want %d", len(seen), active)
	}
	doc := e.do("GET", "/Users?"+params("filter", `(ActiVe eq true) and meta.lastmodified ge "2000-01-01T00:00:00.0000000Z"`, "startindex", "0", "count", "5"), nil, 200)
	if total, _ := doc["totalResults"].(float64); int(total) != active {
		e.fail("pulling in odd case: totalResults %v, want %d", total, active)
	}
}
