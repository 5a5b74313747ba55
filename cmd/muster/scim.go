package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"github.com/spf13/cobra"

	"github.com/muster-id/muster/scim/probe"
)

func (a *app) scimCommand() *cobra.Command {
	return noun("scim", "Tools for any SCIM server", a.scimProbe())
}

func (a *app) scimProbe() *cobra.Command {
	var t probe.Target
	c := &cobra.Command{
		Use: "probe URL", Short: "Examine a SCIM server, ours or another's, against the RFCs", Args: cobra.ExactArgs(1),
		Long: "Sends the requests that clients send and compares the answers with RFC 7643, RFC 7644,\n" +
			"RFC 9865 and RFC 9967. One line a behaviour; the exit status is 0 if none failed.\n" +
			"The probe makes users and groups on the server, and deletes them.",
		Example: "  muster scim probe http://127.0.0.1:8080/scim/v2 --token muster_scim_…",
		RunE: func(cmd *cobra.Command, args []string) error {
			t.URL = args[0]
			if t.Token == "" {
				t.Token = a.environ("MUSTER_SCIM_TOKEN")
			}
			if t.Token == "" {
				return usage("the server wants a token: --token, or MUSTER_SCIM_TOKEN")
			}
			if t.OtherToken == "" && t.URL == a.environ("MUSTER_SCIM_URL") {
				t.OtherToken = a.environ("MUSTER_OTHER_SCIM_TOKEN")
			}
			if t.OtherToken != "" && t.OtherURL == "" {
				t.OtherURL = t.URL
			}
			return a.probe(cmd.Context(), t)
		},
	}
	f := c.Flags()
	f.StringVar(&t.Token, "token", "", "bearer token (MUSTER_SCIM_TOKEN)")
	f.StringVar(&t.Dialect, "dialect", "rfc", "how the server treats this token: rfc, strict, entra or okta")
	f.StringVar(&t.SecondToken, "second-token", "", "token of another client of the same organisation")
	f.StringVar(&t.OtherURL, "other-url", "", "SCIM root of another organisation (default the same URL)")
	f.StringVar(&t.OtherToken, "other-token", "", "token of another organisation")
	f.StringSliceVar(&t.Only, "only", nil, "ids of checks to make; a pattern may end in *")
	f.DurationVar(&t.Timeout, "timeout", 0, "time for one request (default 30s)")
	return c
}

func (a *app) probe(ctx context.Context, t probe.Target) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	var all []probe.Result
	line := probe.Text(a.out)
	sum, err := probe.Run(ctx, t, func(r probe.Result) {
		all = append(all, r)
		if !a.json {
			line(r)
		}
	})
	if err != nil {
		return err
	}
	if a.json {
		err = probe.WriteJSON(a.out, all, sum)
	} else {
		fmt.Fprintln(a.out, sum)
	}
	if err == nil && !sum.OK() {
		err = errQuiet
	}
	return err
}
