package declare

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/muster-id/muster/access"
	"github.com/muster-id/muster/identity"
)

// check finds what is wrong with a document by itself.
func (o *Organisation) check() error {
	if o.Slug == "" {
		return o.fault(kindOrganisation, "", "the document lacks its organisation")
	}
	for _, slug := range []string{o.Slug, o.Parent} {
		if strings.Trim(slug, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return o.fault(kindOrganisation, o.Slug, "%q is no slug of an organisation: lower-case letters, digits and hyphens", slug)
		}
	}
	for _, c := range o.chapters() {
		seen := map[string]bool{}
		for _, name := range c.names {
			k := key(c.kind, name)
			if name == "" {
				return o.fault(c.kind, name, "a %s lacks its name", c.kind)
			}
			if seen[k] {
				return o.fault(c.kind, name, "the %s %s stands here twice", c.kind, name)
			}
			seen[k] = true
		}
	}
	if err := o.checkApps(); err != nil {
		return err
	}
	return o.checkAccess()
}

// fault is an error about a thing, with its file and line.
func (o *Organisation) fault(kind, name, format string, args ...any) error {
	return fmt.Errorf("%s: %s", o.place(kind, name), fmt.Sprintf(format, args...))
}

func (o *Organisation) checkApps() error {
	for _, a := range o.Apps {
		for name, value := range a.Settings {
			if !isSetting(name, value) {
				return o.fault(kindApp, a.ClientID, "app %s: there is no setting %s, or it is of another type", a.ClientID, name)
			}
		}
	}
	return nil
}

// isSetting reports whether an app has a setting that can have the value.
func isSetting(name string, value any) bool {
	text, err := json.Marshal(map[string]any{name: value})
	return err == nil && name != computed && strict(text, &identity.AppSettings{}) == nil
}

func (o *Organisation) checkAccess() error {
	for _, r := range o.Resources {
		if r.Type == "" {
			return o.fault(kindResource, r.Slug, "resource %s lacks its type", r.Slug)
		}
	}
	for _, p := range o.Permissions {
		if text := statementFault(p.Statements); text != "" {
			return o.fault(kindPermission, p.Name, "permission %s: %s", p.Name, text)
		}
	}
	for _, r := range o.Roles {
		if text := statementFault(r.Statements); text != "" {
			return o.fault(kindRole, r.Name, "role %s: %s", r.Name, text)
		}
	}
	for _, a := range o.Assignments {
		named := 0
		for _, name := range []string{a.User, a.Group, a.App} {
			if name != "" {
				named++
			}
		}
		if a.Role == "" || named != 1 {
			return o.fault(kindAssignment, a.key(), "an assignment names a role, and one of user, group and app")
		}
		if _, err := a.end(); err != nil {
			return o.fault(kindAssignment, a.key(), "%q is no time as 2027-01-31 or 2027-01-31T12:00:00Z", a.Expires)
		}
	}
	return nil
}

// statementFault says what is wrong with a list of statements, "" for nothing.
func statementFault(list []Statement) string {
	for i, s := range list {
		if len(s.Actions) == 0 || s.Resource == "" {
			return fmt.Sprintf("statement %d lacks actions or a resource", i+1)
		}
		switch strings.ToLower(s.Effect) {
		case "", "allow", "deny":
		default:
			return fmt.Sprintf("statement %d has the effect %q, which is neither allow nor deny", i+1, s.Effect)
		}
		if err := access.CheckCondition(s.Condition); err != nil {
			return fmt.Sprintf("statement %d: %s", i+1, err)
		}
	}
	return ""
}

// end returns when an assignment ends, the zero time for never.
func (a Assignment) end() (time.Time, error) {
	if a.Expires == "" {
		return time.Time{}, nil
	}
	if day, err := time.Parse(time.DateOnly, a.Expires); err == nil {
		return day, nil
	}
	t, err := time.Parse(time.RFC3339, a.Expires)
	return t.UTC().Truncate(time.Millisecond), err
}
