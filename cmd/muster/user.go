package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/server"
)

// Users in JSON are the resources as SCIM sends them: the names of RFC 7643 are
// the stable ones.

func (a *app) userCommand() *cobra.Command {
	return noun("user", "People", a.userList(), a.userGet(), a.userCreate(),
		a.userActive("disable", "Shut a user out; the account stays", false),
		a.userActive("enable", "Let a disabled user in again", true),
		a.userDelete(), a.userRestore(), a.userLink(), a.userPassword())
}

func (a *app) showPerson(p server.Person) error {
	return a.show(p.Doc, func(w io.Writer) {
		facts(w, "id", p.ID.String(), "userName", p.Name, "displayName", p.Display, "email", p.Email,
			"active", yesNo(p.Active), "modified", when(p.Modified))
	})
}

func (a *app) userList() *cobra.Command {
	var filter string
	var limit int
	var deleted bool
	c := &cobra.Command{
		Use: "list", Short: "List the users of an organisation", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 1 {
				return usage("--limit must be at least 1")
			}
			if deleted && filter != "" {
				return usage("--filter does not work on deleted users")
			}
			ctx := cmd.Context()
			return a.withOrg(ctx, func(h *server.House, org identity.Organisation) error {
				if deleted {
					return a.listDeleted(ctx, h, org, limit)
				}
				docs, rows := []json.RawMessage{}, [][]string{}
				err := h.People(ctx, actor(org.ID), filter, limit, func(p server.Person) error {
					docs = append(docs, p.Doc)
					rows = append(rows, []string{p.Name, p.Display, p.Email, yesNo(p.Active), p.ID.String()})
					return nil
				})
				if err != nil {
					return err
				}
				return a.show(docs, func(w io.Writer) { table(w, "USERNAME DISPLAYNAME EMAIL ACTIVE ID", rows) })
			})
		},
	}
	c.Flags().StringVar(&filter, "filter", "", `SCIM filter, as 'emails.value ew "@example.com"'`)
	c.Flags().IntVar(&limit, "limit", 1000, "users at most")
	c.Flags().BoolVar(&deleted, "deleted", false, "list the users that can be restored")
	return c
}

// A deletedJSON is a deleted user as --json shows it.
type deletedJSON struct {
	ID       string `json:"id"`
	UserName string `json:"userName"`
	Deleted  stamp  `json:"deleted"`
}

// errEnough ends a walk early.
var errEnough = errors.New("enough")

func (a *app) listDeleted(ctx context.Context, h *server.House, org identity.Organisation, limit int) error {
	all, rows := []deletedJSON{}, [][]string{}
	err := h.DeletedPeople(ctx, actor(org.ID), func(p server.Person) error {
		if len(all) == limit {
			return errEnough
		}
		all = append(all, deletedJSON{p.ID.String(), p.Name, stamp(p.Deleted)})
		rows = append(rows, []string{p.Name, when(p.Deleted), p.ID.String()})
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return err
	}
	return a.show(all, func(w io.Writer) { table(w, "USERNAME DELETED ID", rows) })
}

func (a *app) userGet() *cobra.Command {
	return &cobra.Command{
		Use: "get USER", Short: "Show a user, by user name or id", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withOrg(cmd.Context(), func(h *server.House, org identity.Organisation) error {
				p, err := h.User(cmd.Context(), org, args[0])
				if err != nil {
					return err
				}
				return a.showPerson(p)
			})
		},
	}
}

// newUser holds the flags of "user create".
type newUser struct {
	given, family, display, email, file string
	inactive, password                  bool
}

func (a *app) userCreate() *cobra.Command {
	var n newUser
	c := &cobra.Command{
		Use: "create [USERNAME]", Short: "Make a user", Args: cobra.MaximumNArgs(1),
		Example: "  muster user create ann@example.com --given Ann --family Arden\n" +
			"  muster user create --file ann.json",
		RunE: func(cmd *cobra.Command, args []string) error {
			doc, err := a.userDoc(n, args)
			if err != nil {
				return err
			}
			return a.withOrg(cmd.Context(), func(h *server.House, org identity.Organisation) error {
				p, err := h.CreateUser(cmd.Context(), actor(org.ID), doc)
				if err != nil {
					return err
				}
				return a.showPerson(p)
			})
		},
	}
	f := c.Flags()
	f.StringVar(&n.given, "given", "", "given name")
	f.StringVar(&n.family, "family", "", "family name")
	f.StringVar(&n.display, "display", "", "name as shown")
	f.StringVar(&n.email, "email", "", "e-mail address")
	f.BoolVar(&n.inactive, "inactive", false, "make the account, and leave it shut")
	f.BoolVar(&n.password, "password-stdin", false, "read a password from the first line of standard input")
	f.StringVar(&n.file, "file", "", `SCIM document to make the user of, "-" for standard input`)
	return c
}

// userDoc puts the document of a new user together.
func (a *app) userDoc(n newUser, args []string) (map[string]any, error) {
	doc := map[string]any{}
	if n.file != "" {
		data, err := a.read(n.file)
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(data, &doc); err != nil || doc == nil {
			return nil, usage("%s does not hold a JSON object", n.file)
		}
	} else if len(args) == 0 {
		return nil, usage("a user needs a user name")
	}
	if len(args) == 1 {
		doc["userName"] = args[0]
	}
	name := map[string]any{}
	if n.given != "" {
		name["givenName"] = n.given
	}
	if n.family != "" {
		name["familyName"] = n.family
	}
	if len(name) > 0 {
		doc["name"] = name
	}
	if n.display == "" {
		n.display = strings.TrimSpace(n.given + " " + n.family)
	}
	if n.display != "" {
		doc["displayName"] = n.display
	}
	if n.email != "" {
		doc["emails"] = []map[string]any{{"value": n.email, "type": "work", "primary": true}}
	}
	if n.inactive {
		doc["active"] = false
	} else if _, ok := doc["active"]; !ok {
		doc["active"] = true
	}
	if n.password {
		line, err := bufio.NewReader(io.LimitReader(a.in, 4096)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		doc["password"] = strings.TrimRight(line, "\r\n")
	}
	return doc, nil
}

// read reads a file, or standard input for "-".
func (a *app) read(path string) ([]byte, error) {
	const most = 4 << 20
	in := a.in
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, asUsage(err)
		}
		defer f.Close()
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, most+1))
	if err == nil && len(data) > most {
		err = fmt.Errorf("%s is larger than 4 MiB", path)
	}
	return data, err
}

func (a *app) userActive(verb, short string, active bool) *cobra.Command {
	return &cobra.Command{
		Use: verb + " USER", Short: short, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return a.withOrg(ctx, func(h *server.House, org identity.Organisation) error {
				p, err := h.User(ctx, org, args[0])
				if err == nil {
					p, err = h.SetActive(ctx, actor(org.ID), p.ID, active)
				}
				if err != nil {
					return err
				}
				return a.showPerson(p)
			})
		},
	}
}

func (a *app) userDelete() *cobra.Command {
	return &cobra.Command{
		Use: "delete USER", Short: "Delete a user; it can be restored until the retention time ends", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return a.withOrg(ctx, func(h *server.House, org identity.Organisation) error {
				p, err := h.User(ctx, org, args[0])
				if err == nil {
					err = h.DeleteUser(ctx, actor(org.ID), p.ID)
				}
				if err != nil {
					return err
				}
				return a.done("deleted", p.ID.String(), p.Name)
			})
		},
	}
}

func (a *app) userRestore() *cobra.Command {
	return &cobra.Command{
		Use: "restore USER", Short: "Bring a deleted user back, by user name or id", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withOrg(cmd.Context(), func(h *server.House, org identity.Organisation) error {
				p, err := h.RestoreUser(cmd.Context(), actor(org.ID), org, args[0])
				if err != nil {
					return err
				}
				return a.showPerson(p)
			})
		},
	}
}
