package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/muster-id/muster/config"
	"github.com/muster-id/muster/directory"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/server"
)

// A connectionJSON is a connection as --json shows it.
type connectionJSON struct {
	ID       string      `json:"id"`
	Org      string      `json:"org"`
	Name     string      `json:"name"`
	Dialect  string      `json:"dialect"`
	Domain   string      `json:"domain"`
	User     string      `json:"user,omitempty"`
	Rate     int         `json:"rate"`
	Access   bool        `json:"access"`
	Disabled bool        `json:"disabled"`
	Created  stamp       `json:"created"`
	Modified stamp       `json:"modified"`
	Tokens   []tokenJSON `json:"tokens"`
}

// A tokenJSON is a token as --json shows it: never its text.
type tokenJSON struct {
	ID      string `json:"id"`
	Prefix  string `json:"prefix"`
	Created stamp  `json:"created"`
	Expires stamp  `json:"expires"`
	Revoked stamp  `json:"revoked"`
	Alive   bool   `json:"alive"`
}

// An issuedJSON is what "connection create" and "connection rotate" show, the
// only time that the text of the token is seen.
type issuedJSON struct {
	Connection connectionJSON `json:"connection"`
	Token      string         `json:"token"`
	TokenID    string         `json:"tokenId"`
	Expires    stamp          `json:"expires"`
	SCIMURL    string         `json:"scimUrl"`
}

func connectionView(c identity.Connection, tokens []identity.Token) connectionJSON {
	v := connectionJSON{
		ID: c.ID.String(), Org: c.Org.String(), Name: c.Name, Dialect: c.Dialect, Domain: c.Domain, Rate: c.Rate,
		Access: c.Access, Disabled: c.Disabled, Created: stamp(c.Created), Modified: stamp(c.Modified), Tokens: []tokenJSON{},
	}
	if !c.User.IsZero() {
		v.User = c.User.String()
	}
	for _, t := range tokens {
		v.Tokens = append(v.Tokens, tokenJSON{
			t.ID.String(), t.Prefix, stamp(t.Created), stamp(t.Expires), stamp(t.Revoked), t.Alive(time.Now()),
		})
	}
	return v
}

func (a *app) connectionCommand() *cobra.Command {
	return noun("connection", "Connections: directories that write to us by SCIM",
		a.connectionCreate(), a.connectionList(), a.connectionRotate(), a.connectionRevoke())
}

func (a *app) connectionCreate() *cobra.Command {
	var n directory.NewConnection
	var expires, user string
	c := &cobra.Command{
		Use: "create NAME", Short: "Make a connection and show its token, this once", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return a.withOrg(ctx, func(h *server.House, org identity.Organisation) error {
				var err error
				if n.Expires, err = until(expires); err != nil {
					return err
				}
				if user != "" {
					u, err := h.User(ctx, org, user)
					if err != nil {
						return err
					}
					n.User = u.ID
				}
				n.Name = args[0]
				conn, token, err := h.Directory.CreateConnection(ctx, actor(org.ID), org.ID, n)
				if err != nil {
					return err
				}
				return a.showIssued(ctx, h, conn, token)
			})
		},
	}
	f := c.Flags()
	f.StringVar(&n.Dialect, "dialect", "rfc", "how the client speaks: rfc, strict, entra or okta")
	f.StringVar(&n.Domain, "domain", "", "provisioning domain of externalId (default the connection's own)")
	f.StringVar(&user, "user", "", "user behind the connection, for /Me: name or id")
	f.IntVar(&n.Rate, "rate", 0, "requests a second, 0 without limit")
	f.BoolVar(&n.Access, "access", false, "let its tokens change roles and permissions, which all may read")
	f.StringVar(&expires, "expires", "", `when the token ends: a time as "90d", or a date as "2027-01-31" (default never)`)
	return c
}

// showIssued shows a new token.
func (a *app) showIssued(ctx context.Context, h *server.House, c identity.Connection, t directory.IssuedToken) error {
	tokens, err := h.Directory.Tokens(ctx, c.Org, c.ID)
	if err != nil {
		return err
	}
	url := h.Config.URL(h.Config.Listen) + "/scim/v2"
	v := issuedJSON{connectionView(c, tokens), t.Text, t.ID.String(), stamp(t.Expires), url}
	return a.show(v, func(w io.Writer) {
		facts(w, "connection", c.Name, "id", v.Connection.ID, "dialect", c.Dialect,
			"SCIM URL", url, "token", t.Text, "expires", when(t.Expires))
		fmt.Fprintln(w, "\nThe token is shown this once. Keep it as you keep a password.")
	})
}

func (a *app) connectionList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the connections of an organisation", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			return a.withOrg(ctx, func(h *server.House, org identity.Organisation) error {
				list, err := h.Directory.Connections(ctx, org.ID)
				if err != nil {
					return err
				}
				all, rows := []connectionJSON{}, [][]string{}
				for _, c := range list {
					tokens, err := h.Directory.Tokens(ctx, org.ID, c.ID)
					if err != nil {
						return err
					}
					v := connectionView(c, tokens)
					alive := 0
					for _, t := range v.Tokens {
						if t.Alive {
							alive++
						}
					}
					all = append(all, v)
					rows = append(rows, []string{c.Name, c.Dialect, strconv.Itoa(alive), yesNo(c.Access), yesNo(!c.Disabled), v.ID, when(c.Created)})
				}
				return a.show(all, func(w io.Writer) { table(w, "NAME DIALECT TOKENS ACCESS ENABLED ID CREATED", rows) })
			})
		},
	}
}

func (a *app) connectionRotate() *cobra.Command {
	var expires, overlap string
	c := &cobra.Command{
		Use: "rotate NAME", Short: "Give a connection a new token and end the old ones",
		Long: "Gives a connection a new token, shown this once. Its old tokens go on working for\n" +
			"the time of --overlap, so that the other side can be changed without a gap.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return a.withOrg(ctx, func(h *server.House, org identity.Organisation) error {
				var r directory.Rotation
				var err error
				if r.Expires, err = until(expires); err != nil {
					return err
				}
				if r.Overlap, err = config.ParseDuration(overlap); err != nil || r.Overlap <= 0 {
					return usage(`--overlap must be a time above zero, as "24h" or "7d"; to end a token at once use revoke`)
				}
				conn, err := h.Directory.Connection(ctx, org.ID, args[0])
				if err != nil {
					return err
				}
				token, err := h.Directory.RotateToken(ctx, actor(org.ID), org.ID, conn.ID, r)
				if err != nil {
					return err
				}
				return a.showIssued(ctx, h, conn, token)
			})
		},
	}
	c.Flags().StringVar(&expires, "expires", "", "when the new token ends (default never)")
	c.Flags().StringVar(&overlap, "overlap", "24h", "how long the old tokens go on working")
	return c
}

func (a *app) connectionRevoke() *cobra.Command {
	var token string
	c := &cobra.Command{
		Use: "revoke NAME", Short: "End the tokens of a connection at once", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return a.withOrg(ctx, func(h *server.House, org identity.Organisation) error {
				conn, err := h.Directory.Connection(ctx, org.ID, args[0])
				if err != nil {
					return err
				}
				n := 1
				if token != "" {
					id, ok := identity.ParseID(token)
					if !ok {
						return usage("--token takes the id of a token, as connection list --json shows it")
					}
					err = h.Directory.RevokeToken(ctx, actor(org.ID), org.ID, conn.ID, id)
				} else {
					n, err = h.Directory.RevokeTokens(ctx, actor(org.ID), org.ID, conn.ID)
				}
				if err != nil {
					return err
				}
				v := map[string]any{"result": "revoked", "id": conn.ID.String(), "tokens": n}
				return a.show(v, func(w io.Writer) { fmt.Fprintf(w, "revoked %d token(s) of %s\n", n, printable(conn.Name)) })
			})
		},
	}
	c.Flags().StringVar(&token, "token", "", "only this token, by id")
	return c
}

// until reads when something ends: a time from now, or a date. "" is never.
func until(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if d, err := config.ParseDuration(s); err == nil && d > 0 {
		return time.Now().Add(d), nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			if t.Before(time.Now()) {
				return t, usage("--expires lies in the past")
			}
			return t, nil
		}
	}
	return time.Time{}, usage(`--expires must be a time as "90d" or "12h", or a date as "2027-01-31"`)
}
