package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/server"
	"github.com/muster-id/muster/signin"
)

// userLink makes the link by which a person chooses how to sign in.
func (a *app) userLink() *cobra.Command {
	var send, lost bool
	c := &cobra.Command{
		Use: "link USER", Short: "Make a one-time link by which a person sets their password",
		Long: "Shows a link to hand over, or sends it by e-mail with --send. Without a mail server\n" +
			"letters stay where muster mail list shows them.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return a.withOrg(ctx, func(h *server.House, org identity.Organisation) error {
				p, err := h.User(ctx, org, args[0])
				if err != nil {
					return err
				}
				if send {
					if err := h.SignIn.Invite(ctx, actor(org.ID), org, p.ID); err != nil {
						return err
					}
					return a.done("wrote to", p.ID.String(), p.Name)
				}
				kind := signin.LinkWelcome
				if lost {
					kind = signin.LinkRecover
				}
				l, err := h.SignIn.Link(ctx, actor(org.ID), org, p.ID, kind)
				if err != nil {
					return err
				}
				return a.showLink(l, "Give this to "+printable(p.Name)+":")
			})
		},
	}
	c.Flags().BoolVar(&send, "send", false, "send it to the person's e-mail address")
	c.Flags().BoolVar(&lost, "lost", false, "for somebody who has lost their password: a link of 30 minutes instead of 7 days")
	return c
}

// userPassword stores a password, or the hash that another system kept of one.
func (a *app) userPassword() *cobra.Command {
	var hash bool
	c := &cobra.Command{
		Use: "password USER", Short: "Set a password, or take over its hash, from standard input",
		Long: "Reads a password from standard input. With --hash it reads what another system kept of\n" +
			"one (argon2, bcrypt, scrypt, PBKDF2, SSHA, sha-crypt); the next sign-in replaces it.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			text, err := a.read("-")
			if err != nil {
				return err
			}
			plain := strings.TrimRight(string(text), "\r\n")
			return a.withOrg(ctx, func(h *server.House, org identity.Organisation) error {
				p, err := h.User(ctx, org, args[0])
				if err != nil {
					return err
				}
				set := h.Directory.SetPassword
				if hash {
					set = h.Directory.ImportPassword
				}
				if err := set(ctx, actor(org.ID), p.ID, plain); err != nil {
					return err
				}
				return a.done("changed the password of", p.ID.String(), p.Name)
			})
		},
	}
	c.Flags().BoolVar(&hash, "hash", false, "the input is the hash of a password")
	return c
}
