package vmware

import (
	"context"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/muster-id/muster/api/vmware/people"
	"github.com/muster-id/muster/identity"
)

// The classifiers of what else stands in a profile.
const (
	themeOf      = "internal:theme"
	defaultOrgOf = "internal:defaultOrg"
	linkingOf    = "internal:acknowledgeAccountLinkingMessage"
)

// A metadataJSON is what clients remember of what they have shown.
type metadataJSON struct {
	Linking int64 `json:"acknowledgeAccountLinkingMessage"`
}

// preferences are those of the caller.
func (d *Door) preferences(ctx context.Context, c *caller) (map[string]string, error) {
	return d.people.Preferences(ctx, c.home, c.typ, c.id)
}

func (d *Door) prefer(ctx context.Context, c *caller, change map[string]string) error {
	by := c.by
	by.Org = c.home
	return d.people.SetPreferences(ctx, by, c.typ, c.id, change)
}

// profile is row 27.
func (d *Door) profile(w http.ResponseWriter, r *http.Request, c *caller) error {
	p, err := d.preferences(r.Context(), c)
	if err != nil {
		return err
	}
	n, _ := strconv.ParseInt(p[linkingOf], 10, 64) // 0: never
	return answer(w, struct {
		DefaultOrg string       `json:"defaultOrgId"`
		Locale     string       `json:"locale"`
		Language   string       `json:"language"`
		Theme      string       `json:"preferredTheme"`
		Metadata   metadataJSON `json:"metadata"`
	}{firstOf(p[defaultOrgOf], c.home.String()), p[people.Locale], p[people.Language], firstOf(p[themeOf], "Light"), metadataJSON{n}})
}

var languageTag = regexp.MustCompile(`^[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*$`)

func checkLanguage(field, value string) error {
	if value != "" && (len(value) > 35 || !languageTag.MatchString(value)) {
		return identity.NewError(identity.Invalid, field, field+" is a language, such as en or en-US.")
	}
	return nil
}

// patchProfile is row 28. What is not there stays as it is.
func (d *Door) patchProfile(w http.ResponseWriter, r *http.Request, c *caller) error {
	var in struct {
		DefaultOrg *string       `json:"defaultOrgId"`
		Locale     *string       `json:"locale"`
		Language   *string       `json:"language"`
		Theme      *string       `json:"preferredTheme"`
		Metadata   *metadataJSON `json:"metadata"`
	}
	if err := read(w, r, &in); err != nil {
		return err
	}
	change := map[string]string{}
	for field, l := range map[string]struct {
		value *string
		name  string
	}{"locale": {in.Locale, people.Locale}, "language": {in.Language, people.Language}} {
		if l.value == nil {
			continue
		}
		if err := checkLanguage(field, *l.value); err != nil {
			return err
		}
		change[l.name] = *l.value
	}
	if in.Theme != nil {
		if *in.Theme != "Light" && *in.Theme != "Dark" {
			return identity.NewError(identity.Invalid, "preferredTheme", "preferredTheme is Light or Dark.")
		}
		change[themeOf] = *in.Theme
	}
	if in.Metadata != nil {
		change[linkingOf] = strconv.FormatInt(in.Metadata.Linking, 10)
	}
	if in.DefaultOrg != nil {
		if err := d.setDefault(r.Context(), c, *in.DefaultOrg, change); err != nil {
			return err
		}
	}
	if err := d.prefer(r.Context(), c, change); err != nil {
		return err
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

// setDefault notes an organisation as the default one. It must be one in which
// the caller may act.
func (d *Door) setDefault(ctx context.Context, c *caller, name string, change map[string]string) error {
	if name == "" {
		change[defaultOrgOf] = ""
		return nil
	}
	org, err := d.organisationOfName(ctx, identity.Actor{Org: c.home}, name)
	if err == nil && org.ID != c.home && c.kind != Platform {
		err = errNoOrganisation
	}
	change[defaultOrgOf] = org.ID.String()
	return err
}

// putPreferences is row 26: {locale, language}, or one {classifier, value}.
func (d *Door) putPreferences(w http.ResponseWriter, r *http.Request, c *caller) error {
	var in struct {
		Locale     *string `json:"locale"`
		Language   *string `json:"language"`
		Classifier string  `json:"classifier"`
		Value      string  `json:"value"`
	}
	if err := read(w, r, &in); err != nil {
		return err
	}
	change := map[string]string{}
	if in.Classifier != "" {
		change[in.Classifier] = in.Value
	}
	if in.Locale != nil {
		change[people.Locale] = *in.Locale
	}
	if in.Language != nil {
		change[people.Language] = *in.Language
	}
	if len(change) == 0 {
		return identity.NewError(identity.Invalid, "", "The request needs a locale, a language, or a classifier with a value.")
	}
	for field, name := range map[string]string{"locale": people.Locale, "language": people.Language} {
		if err := checkLanguage(field, change[name]); err != nil {
			return err
		}
	}
	if err := d.prefer(r.Context(), c, change); err != nil {
		return err
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

// defaultOrganisation is row 36.
func (d *Door) defaultOrganisation(w http.ResponseWriter, r *http.Request, c *caller) error {
	p, err := d.preferences(r.Context(), c)
	if err != nil {
		return err
	}
	return answer(w, map[string]string{"refLink": am + "/orgs/" + firstOf(p[defaultOrgOf], c.home.String())})
}

// setDefaultOrganisation is how older clients set it.
func (d *Door) setDefaultOrganisation(w http.ResponseWriter, r *http.Request, c *caller) error {
	var in struct {
		Ref string `json:"refLink"`
	}
	if err := read(w, r, &in); err != nil {
		return err
	}
	change := map[string]string{}
	if err := d.setDefault(r.Context(), c, strings.TrimPrefix(in.Ref, am+"/orgs/"), change); err != nil {
		return err
	}
	if err := d.prefer(r.Context(), c, change); err != nil {
		return err
	}
	w.WriteHeader(http.StatusOK)
	return nil
}
