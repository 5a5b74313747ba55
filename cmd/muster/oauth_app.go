package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	apps "github.com/muster-id/muster/app"
	"github.com/muster-id/muster/config"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/server"
)

// An appJSON is an app as --json shows it: the settings under the names of
// RFC 7591, and what is kept about it.
type appJSON struct {
	ID           string `json:"id"`
	Org          string `json:"org"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret,omitempty"` // shown once
	Issuer       string `json:"issuer"`
	Disabled     bool   `json:"disabled"`
	identity.AppSettings
	Secrets  []appSecretJSON `json:"secrets"`
	Created  stamp           `json:"created"`
	Modified stamp           `json:"modified"`
}

// An appSecretJSON is a client secret as --json shows it: never its text.
type appSecretJSON struct {
	ID      string `json:"id"`
	Prefix  string `json:"prefix"`
	Created stamp  `json:"created"`
	Expires stamp  `json:"expires"`
	Revoked stamp  `json:"revoked"`
	Alive   bool   `json:"alive"`
}

func appView(h *server.House, org identity.Organisation, o *identity.App, secret string) appJSON {
	v := appJSON{
		ID: o.ID.String(), Org: org.Slug, ClientID: o.ClientID, ClientSecret: secret, Issuer: h.Tokens.Issuer(org),
		Disabled: o.Disabled, AppSettings: o.AppSettings, Secrets: []appSecretJSON{},
		Created: stamp(o.Created), Modified: stamp(o.Modified),
	}
	for _, s := range o.Secrets {
		v.Secrets = append(v.Secrets, appSecretJSON{s.ID.String(), s.Prefix, stamp(s.Created), stamp(s.Expires), stamp(s.Revoked), s.Alive(time.Now())})
	}
	return v
}

// showApp prints an app; secret is the text of a new secret, or empty.
func (a *app) showApp(h *server.House, org identity.Organisation, o *identity.App, secret string) error {
	v := appView(h, org, o, secret)
	return a.show(v, func(w io.Writer) {
		facts(w, "app", o.Name, "type", string(o.Type), "client id", o.ClientID, "client secret", secret,
			"issuer", v.Issuer, "signs in by", o.AuthMethod, "grants", strings.Join(o.GrantTypes, " "),
			"scopes", strings.Join(o.Scopes, " "), "redirects to", strings.Join(o.RedirectURIs, " "), "disabled", disabledWord(o.Disabled))
		if secret != "" {
			fmt.Fprintln(w, "\nThe secret is shown this once. Keep it as you keep a password.")
			fmt.Fprint(w, tryIt(v))
		}
	})
}

// tryIt is the command by which a new app can be tried from this machine, ""
// if that cannot be.
func tryIt(v appJSON) string {
	flow := ""
	for _, to := range v.RedirectURIs {
		if u, err := url.Parse(to); err == nil && u.Scheme == "http" && slices.Contains(loopback, u.Hostname()) {
			flow = "code --redirect-uri " + to
		}
	}
	switch {
	case v.Type == identity.ServiceApp:
		flow = "client-credentials"
	case flow == "":
		return ""
	}
	return fmt.Sprintf("\nTry it:\n\n  export MUSTER_CLIENT_SECRET=%s\n  muster flow %s --issuer %s --client-id %s\n", v.ClientSecret, flow, v.Issuer, v.ClientID)
}

func disabledWord(disabled bool) string {
	if disabled {
		return "yes"
	}
	return ""
}

func (a *app) appCommand() *cobra.Command {
	return noun("app", "Apps: what people sign in to, and service accounts",
		a.appCreate(), a.appList(), a.appShow(), a.appSet(), a.appDisable(true), a.appDisable(false), a.appDelete(),
		a.appSecret(), a.appRevoke())
}

// appFlags are the settings of an app that have flags of their own; --set takes
// every other.
type appFlags struct {
	kind, auth, jwksURI, connection         string
	redirects, logouts, grants, scopes, aud []string
	set                                     []string
	trusted                                 bool
}

func (f *appFlags) add(fs *pflag.FlagSet) {
	fs.StringVar(&f.kind, "type", "", "web, spa, native or service (default web)")
	fs.StringVar(&f.auth, "auth", "", "how the app authenticates itself, as client_secret_basic or private_key_jwt")
	fs.StringArrayVar(&f.redirects, "redirect-uri", nil, "where people come back to; may be repeated")
	fs.StringArrayVar(&f.logouts, "logout-uri", nil, "where people come back to after they sign out; may be repeated")
	fs.StringSliceVar(&f.grants, "grant", nil, "grant types, separated by commas")
	fs.StringSliceVar(&f.scopes, "scope", nil, "scopes that it may ask for, separated by commas")
	fs.StringSliceVar(&f.aud, "resource", nil, "audiences that it may ask for, separated by commas")
	fs.StringVar(&f.jwksURI, "jwks-uri", "", "URL of the app's public keys")
	fs.StringVar(&f.connection, "connection", "", "SCIM connection that the app's tokens with the scope scim stand for")
	fs.BoolVar(&f.trusted, "trusted", false, "an app of the organisation's own: people are not asked for consent")
	fs.StringArrayVar(&f.set, "set", nil, `any other setting under its name in RFC 7591, as 'require_pkce=false' or 'jwks={"keys":[…]}'; may be repeated`)
}

// apply puts what was given into settings.
func (f *appFlags) apply(ctx context.Context, h *server.House, org identity.Organisation, s *identity.AppSettings, given *pflag.FlagSet) error {
	if f.kind != "" {
		s.Type = identity.AppType(f.kind)
	}
	if f.auth != "" {
		s.AuthMethod = f.auth
	}
	for name, list := range map[string]struct {
		to   *[]string
		from []string
	}{
		"redirect-uri": {&s.RedirectURIs, f.redirects}, "logout-uri": {&s.PostLogoutRedirectURIs, f.logouts},
		"grant": {&s.GrantTypes, f.grants}, "scope": {&s.Scopes, f.scopes}, "resource": {&s.Resources, f.aud},
	} {
		if given.Changed(name) {
			*list.to = list.from
		}
	}
	if given.Changed("jwks-uri") {
		s.JWKSURI = f.jwksURI
	}
	if given.Changed("trusted") {
		s.Trusted = f.trusted
	}
	if f.connection != "" {
		c, err := h.Directory.Connection(ctx, org.ID, f.connection)
		if err != nil {
			return err
		}
		s.Connection = c.ID.String()
	}
	for _, pair := range f.set {
		if err := setOne(s, pair); err != nil {
			return err
		}
	}
	return nil
}

// setOne changes one setting by its name on the wire. A value that is no JSON is
// a string.
func setOne(s *identity.AppSettings, pair string) error {
	name, value, ok := strings.Cut(pair, "=")
	if !ok {
		return usage("--set takes name=value, not %q", pair)
	}
	raw := json.RawMessage(value)
	if !json.Valid(raw) {
		raw, _ = json.Marshal(value)
	}
	text, err := json.Marshal(map[string]json.RawMessage{name: raw})
	if err != nil {
		return err
	}
	dec := json.NewDecoder(strings.NewReader(string(text)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(s); err != nil {
		return usage("--set %s: the app has no such setting, or the value is of another type", name)
	}
	return nil
}

func (a *app) appCreate() *cobra.Command {
	var f appFlags
	var id, expires string
	c := &cobra.Command{
		Use: "create NAME", Short: "Make an app and show its secret, this once", Args: cobra.ExactArgs(1),
		Example: "  muster app create Shop --redirect-uri https://shop.example.com/callback\n" +
			"  muster app create 'On my machine' --redirect-uri http://localhost:8765/callback\n" +
			"  muster app create Nightly --type service --scope muster:read",
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return a.withOrg(ctx, func(h *server.House, org identity.Organisation) error {
				n := apps.NewApp{ClientID: id, WithoutPKCE: slices.Contains(f.set, "require_pkce=false")}
				n.Name = args[0]
				var err error
				if n.Expires, err = until(expires); err != nil {
					return err
				}
				if err := f.apply(ctx, h, org, &n.AppSettings, cmd.Flags()); err != nil {
					return err
				}
				o, secret, err := h.Apps.Create(ctx, actor(org.ID), org.ID, n)
				if err != nil {
					return err
				}
				return a.showApp(h, org, &o, secret)
			})
		},
	}
	f.add(c.Flags())
	c.Flags().StringVar(&id, "client-id", "", "name of the app on the wire (default one is made)")
	c.Flags().StringVar(&expires, "expires", "", `when the secret ends: a time as "90d", or a date (default never)`)
	return c
}

func (a *app) appList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the apps of an organisation", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			return a.withOrg(ctx, func(h *server.House, org identity.Organisation) error {
				all, rows := []appJSON{}, [][]string{}
				for after := ""; ; {
					list, err := h.Apps.List(ctx, org.ID, after, 500)
					if err != nil {
						return err
					}
					for i := range list {
						o := &list[i]
						all = append(all, appView(h, org, o, ""))
						rows = append(rows, []string{o.Name, string(o.Type), o.AuthMethod, yesNo(!o.Disabled), o.ClientID})
						after = o.ClientID
					}
					if len(list) < 500 {
						break
					}
				}
				return a.show(all, func(w io.Writer) { table(w, "NAME TYPE AUTH ENABLED CLIENT-ID", rows) })
			})
		},
	}
}

// withApp runs a command that is about one app, named by its client id or id.
func (a *app) withApp(ctx context.Context, name string, do func(*server.House, identity.Organisation, *identity.App) error) error {
	return a.withOrg(ctx, func(h *server.House, org identity.Organisation) error {
		o, err := h.Apps.Get(ctx, org.ID, name)
		if err != nil {
			return err
		}
		return do(h, org, o)
	})
}

func (a *app) appShow() *cobra.Command {
	return &cobra.Command{
		Use: "show CLIENT-ID", Short: "Show an app", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withApp(cmd.Context(), args[0], func(h *server.House, org identity.Organisation, o *identity.App) error {
				return a.showApp(h, org, o, "")
			})
		},
	}
}

func (a *app) appSet() *cobra.Command {
	var f appFlags
	var name string
	c := &cobra.Command{
		Use: "set CLIENT-ID", Short: "Change settings of an app", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return a.withApp(ctx, args[0], func(h *server.House, org identity.Organisation, o *identity.App) error {
				changed, err := h.Apps.Update(ctx, actor(org.ID), org.ID, o.ID, func(s *identity.AppSettings) error {
					if name != "" {
						s.Name = name
					}
					return f.apply(ctx, h, org, s, cmd.Flags())
				})
				if err != nil {
					return err
				}
				return a.showApp(h, org, &changed, "")
			})
		},
	}
	f.add(c.Flags())
	c.Flags().StringVar(&name, "name", "", "what people call the app")
	return c
}

func (a *app) appDisable(disable bool) *cobra.Command {
	use, short, done := "disable CLIENT-ID", "Shut an app out at once", "disabled"
	if !disable {
		use, short, done = "enable CLIENT-ID", "Let an app in again", "enabled"
	}
	return &cobra.Command{
		Use: use, Short: short, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return a.withApp(ctx, args[0], func(h *server.House, org identity.Organisation, o *identity.App) error {
				if err := h.Apps.Disable(ctx, actor(org.ID), org.ID, o.ID, disable); err != nil {
					return err
				}
				return a.done(done, o.ID.String(), o.Name)
			})
		},
	}
}

func (a *app) appDelete() *cobra.Command {
	return &cobra.Command{
		Use: "delete CLIENT-ID", Short: "Remove an app with its secrets, tokens and consents", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return a.withApp(ctx, args[0], func(h *server.House, org identity.Organisation, o *identity.App) error {
				if err := h.Apps.Delete(ctx, actor(org.ID), org.ID, o.ID); err != nil {
					return err
				}
				return a.done("deleted", o.ID.String(), o.Name)
			})
		},
	}
}

func (a *app) appSecret() *cobra.Command {
	var expires, overlap string
	c := &cobra.Command{
		Use: "secret CLIENT-ID", Short: "Give an app a new secret and end the old ones",
		Long: "Gives an app a new secret, shown this once. Its old secrets go on working for the\n" +
			"time of --overlap, so that the app can be changed without a gap.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return a.withApp(ctx, args[0], func(h *server.House, org identity.Organisation, o *identity.App) error {
				var r apps.Rotation
				var err error
				if r.Expires, err = until(expires); err != nil {
					return err
				}
				if r.Overlap, err = config.ParseDuration(overlap); err != nil || r.Overlap <= 0 {
					return usage(`--overlap must be a time above zero, as "24h" or "7d"; to end a secret at once use revoke`)
				}
				s, err := h.Apps.AddSecret(ctx, actor(org.ID), org.ID, o.ID, r)
				if err != nil {
					return err
				}
				if o, err = h.Apps.Get(ctx, org.ID, o.ID.String()); err != nil {
					return err
				}
				return a.showApp(h, org, o, s.Text)
			})
		},
	}
	c.Flags().StringVar(&expires, "expires", "", "when the new secret ends (default never)")
	c.Flags().StringVar(&overlap, "overlap", "24h", "how long the old secrets go on working")
	return c
}

func (a *app) appRevoke() *cobra.Command {
	return &cobra.Command{
		Use: "revoke CLIENT-ID SECRET-ID", Short: "End one secret of an app at once", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return a.withApp(ctx, args[0], func(h *server.House, org identity.Organisation, o *identity.App) error {
				id, ok := identity.ParseID(args[1])
				if !ok {
					return usage("the second argument is the id of a secret, as app show --json shows it")
				}
				if err := h.Apps.RevokeSecret(ctx, actor(org.ID), org.ID, o.ID, id); err != nil {
					return err
				}
				return a.done("revoked a secret of", o.ID.String(), o.Name)
			})
		},
	}
}
