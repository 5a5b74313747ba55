package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/mail"
	"github.com/muster-id/muster/server"
)

// A letterJSON is a letter as --json shows it.
type letterJSON struct {
	ID      string `json:"id"`
	To      string `json:"to"`
	Subject string `json:"subject"`
	State   string `json:"state"`
	Error   string `json:"error,omitempty"`
	Created stamp  `json:"created"`
	Text    string `json:"text"`
}

func (a *app) mailCommand() *cobra.Command {
	return noun("mail", "Letters to people", a.mailList(), a.mailShow())
}

// stateOf says where a letter is.
func stateOf(l mail.Posted, sends bool) string {
	switch {
	case l.Failed:
		return "failed"
	case !l.Finished.IsZero():
		return "sent"
	case !sends:
		return "kept: there is no mail server"
	}
	return "waiting"
}

func (a *app) mailList() *cobra.Command {
	var limit int
	c := &cobra.Command{
		Use: "list", Short: "List the newest letters of an organisation", Args: cobra.NoArgs,
		Long: "Lists the newest letters. Without a mail server (--smtp-host) they are kept here, so\n" +
			"that links and codes can be handed over in another way.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withOrg(cmd.Context(), func(h *server.House, org identity.Organisation) error {
				list, err := h.Mail.Outbox(cmd.Context(), org.ID, identity.ID{}, limit)
				if err != nil {
					return err
				}
				all, rows := []letterJSON{}, [][]string{}
				for _, l := range list {
					v := letterView(l, h.Mail.Sends())
					all = append(all, v)
					rows = append(rows, []string{v.ID, l.To, l.Message.Subject, v.State, when(l.Created)})
				}
				return a.show(all, func(w io.Writer) { table(w, "ID TO SUBJECT STATE CREATED", rows) })
			})
		},
	}
	c.Flags().IntVar(&limit, "limit", 20, "how many")
	return c
}

func letterView(l mail.Posted, sends bool) letterJSON {
	return letterJSON{l.ID.String(), l.To, l.Message.Subject, stateOf(l, sends), l.Error, stamp(l.Created), l.Text}
}

func (a *app) mailShow() *cobra.Command {
	return &cobra.Command{
		Use: "show [ID]", Short: "Show a letter, by default the newest", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withOrg(cmd.Context(), func(h *server.House, org identity.Organisation) error {
				list, err := h.Mail.Outbox(cmd.Context(), org.ID, identity.ID{}, 1000)
				if err != nil {
					return err
				}
				for _, l := range list {
					if len(args) > 0 && l.ID.String() != args[0] {
						continue
					}
					v := letterView(l, h.Mail.Sends())
					return a.show(v, func(w io.Writer) {
						facts(w, "to", v.To, "subject", v.Subject, "state", v.State, "error", v.Error)
						fmt.Fprintln(w)
						for line := range strings.Lines(v.Text) {
							fmt.Fprintln(w, printable(strings.TrimSuffix(line, "\n")))
						}
					})
				}
				return identity.NewError(identity.NotFound, "", "There is no such letter.")
			})
		},
	}
}
