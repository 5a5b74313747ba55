package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	apps "github.com/muster-id/muster/app"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/server"
)

func (a *app) providerCommand() *cobra.Command {
	return noun("provider", "How the identity provider of an organisation behaves", a.providerShow(), a.providerSet(), a.providerToken())
}

// showProvider prints the settings of a provider.
func (a *app) showProvider(h *server.House, org identity.Organisation, p apps.Provider) error {
	return a.show(p, func(w io.Writer) {
		facts(w, "issuer", h.Tokens.Issuer(org), "registration", string(p.Registration), "legacy", legacyWords(p.Legacy),
			"access tokens", lasting(p.AccessTokenSeconds), "codes", lasting(p.CodeSeconds),
			"refresh tokens", lasting(p.RefreshIdleSeconds)+" unused, "+lasting(p.RefreshLengthSeconds)+" in all")
	})
}

// legacyWords lists what is on of the legacy block.
func legacyWords(l apps.Legacy) string {
	text, err := json.Marshal(l)
	if err != nil {
		return ""
	}
	var on map[string]bool
	if err := json.Unmarshal(text, &on); err != nil || len(on) == 0 {
		return "off"
	}
	var names []string
	for _, name := range []string{"implicit", "hybrid", "unsigned_request_uri", "token_endpoint_audience", "secret_jwt", "password"} {
		if on[name] {
			names = append(names, name)
		}
	}
	return strings.Join(names, " ")
}

func (a *app) providerShow() *cobra.Command {
	return &cobra.Command{
		Use: "show", Short: "Show the settings", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withOrg(cmd.Context(), func(h *server.House, org identity.Organisation) error {
				p, err := h.Apps.Provider(cmd.Context(), org.ID)
				if err != nil {
					return err
				}
				return a.showProvider(h, org, p)
			})
		},
	}
}

func (a *app) providerSet() *cobra.Command {
	var legacy bool
	var registration string
	var set []string
	c := &cobra.Command{
		Use: "set", Short: "Change settings", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			return a.withOrg(ctx, func(h *server.House, org identity.Organisation) error {
				p, err := h.Apps.Provider(ctx, org.ID)
				if err != nil {
					return err
				}
				if cmd.Flags().Changed("legacy") {
					p.Legacy = server.LegacyBlock(legacy)
				}
				if registration != "" {
					p.Registration = apps.RegistrationPolicy(registration)
				}
				for _, pair := range set {
					name, value, _ := strings.Cut(pair, "=")
					if err := json.Unmarshal(fmt.Appendf(nil, "{%q:%s}", name, value), &p); err != nil {
						return usage("--set takes name=value with a value in JSON, as access_token_seconds=300")
					}
				}
				if err := h.Apps.SetProvider(ctx, actor(org.ID), org.ID, p); err != nil {
					return err
				}
				if p, err = h.Apps.Provider(ctx, org.ID); err != nil {
					return err
				}
				return a.showProvider(h, org, p)
			})
		},
	}
	f := c.Flags()
	f.BoolVar(&legacy, "legacy", false, "turn the legacy block on or off: implicit, hybrid, unsigned request objects, token endpoint as audience, client_secret_jwt, password grant")
	f.StringVar(&registration, "registration", "", "who may register apps (RFC 7591): off, token or open")
	f.StringArrayVar(&set, "set", nil, "any other setting, as access_token_seconds=300; may be repeated")
	return c
}

func (a *app) providerToken() *cobra.Command {
	var expires string
	var uses int
	c := &cobra.Command{
		Use: "registration-token", Short: "Make a token with which apps register themselves", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withOrg(cmd.Context(), func(h *server.House, org identity.Organisation) error {
				end, err := until(expires)
				if err != nil {
					return err
				}
				text, err := h.Apps.NewInitialToken(cmd.Context(), actor(org.ID), org.ID, end, uses)
				if err != nil {
					return err
				}
				v := map[string]any{"token": text, "expires": stamp(end), "uses": uses}
				return a.show(v, func(w io.Writer) {
					facts(w, "token", text, "expires", when(end), "uses", fmt.Sprint(uses))
					fmt.Fprintln(w, "\nThe token is shown this once.")
				})
			})
		},
	}
	c.Flags().StringVar(&expires, "expires", "1d", "when the token ends")
	c.Flags().IntVar(&uses, "uses", 1, "how many apps may register with it")
	return c
}
