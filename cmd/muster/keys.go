package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/server"
)

// A keyJSON is a signing key as --json shows it.
type keyJSON struct {
	ID       string `json:"kid"`
	Alg      string `json:"alg"`
	State    string `json:"state"`
	Created  stamp  `json:"created"`
	Active   stamp  `json:"active"`
	Retiring stamp  `json:"retiring"`
	Gone     stamp  `json:"gone"`
}

func (a *app) keysCommand() *cobra.Command {
	return noun("keys", "Signing keys of an organisation", a.keysList(), a.keysRotate(), a.keysRetire())
}

func (a *app) keysList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the keys: next, active, retiring, gone", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withOrg(cmd.Context(), func(h *server.House, org identity.Organisation) error {
				return a.showKeys(cmd, h, org)
			})
		},
	}
}

func (a *app) showKeys(cmd *cobra.Command, h *server.House, org identity.Organisation) error {
	list, err := h.Tokens.ListKeys(cmd.Context(), actor(org.ID), org.ID)
	if err != nil {
		return err
	}
	all, rows := []keyJSON{}, [][]string{}
	for _, k := range list {
		all = append(all, keyJSON{k.ID, k.Alg, string(k.State), stamp(k.Created), stamp(k.Active), stamp(k.Retiring), stamp(k.Gone)})
		rows = append(rows, []string{k.ID, k.Alg, string(k.State), when(k.Active), when(k.Retiring), when(k.Gone)})
	}
	return a.show(all, func(w io.Writer) { table(w, "KID ALG STATE ACTIVE RETIRING GONE", rows) })
}

func (a *app) keysRotate() *cobra.Command {
	var alg string
	var now bool
	c := &cobra.Command{
		Use: "rotate", Short: "Begin with new keys",
		Long: "Makes a new key for every algorithm in use. It is published for an hour before it\n" +
			"signs, so that apps know it in time; with --now it signs at once.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withOrg(cmd.Context(), func(h *server.House, org identity.Organisation) error {
				if err := h.Tokens.Rotate(cmd.Context(), actor(org.ID), org.ID, alg, now); err != nil {
					return err
				}
				return a.showKeys(cmd, h, org)
			})
		},
	}
	c.Flags().StringVar(&alg, "alg", "", "one algorithm alone, as RS256 (default all)")
	c.Flags().BoolVar(&now, "now", false, "sign with the new key at once")
	return c
}

func (a *app) keysRetire() *cobra.Command {
	return &cobra.Command{
		Use: "retire KID", Short: "Believe nothing any more that a key has signed", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withOrg(cmd.Context(), func(h *server.House, org identity.Organisation) error {
				if err := h.Tokens.Retire(cmd.Context(), actor(org.ID), org.ID, args[0]); err != nil {
					return err
				}
				v := map[string]string{"result": "retired", "kid": args[0]}
				return a.show(v, func(w io.Writer) { fmt.Fprintf(w, "retired %s\n", printable(args[0])) })
			})
		},
	}
}
