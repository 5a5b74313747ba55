package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/muster-id/muster/access"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/server"
)

// A ware is one kind of thing of the catalogue on the command line.
type ware[T any] struct {
	name, short string
	book        func(*server.House) *access.Book[T]
	view        func(T) any      // for --json
	head        string           // of the table
	row         func(T) []string // of the table
	// parts are what one consists of, as name and value; get shows them in place of
	// the column instead.
	parts   func(*namer, T) ([]string, error)
	instead string
}

// verbs are the commands that every ware has, but for create.
func verbs[T any](a *app, w ware[T], create *cobra.Command) *cobra.Command {
	return noun(w.name, w.short, create, wareList(a, w), wareGet(a, w), wareDelete(a, w))
}

func wareList[T any](a *app, w ware[T]) *cobra.Command {
	var filter string
	var limit int
	var inherited bool
	c := &cobra.Command{
		Use: "list", Short: "List them", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 1 {
				return usage("--limit must be at least 1")
			}
			return a.withOrg(cmd.Context(), func(h *server.House, org identity.Organisation) error {
				book := w.book(h)
				list, err := wares(cmd.Context(), book, actor(org.ID), filter, limit, inherited)
				if err != nil {
					return err
				}
				docs, rows := []any{}, [][]string{}
				for _, t := range list {
					docs, rows = append(docs, w.view(t)), append(rows, append(w.row(t), book.Base(&t).ID.String()))
				}
				return a.show(docs, func(out io.Writer) { table(out, w.head+" ID", rows) })
			})
		},
	}
	c.Flags().StringVar(&filter, "filter", "", "SCIM filter")
	c.Flags().IntVar(&limit, "limit", 1000, "how many at most")
	c.Flags().BoolVar(&inherited, "inherited", false, "list those of the organisations above instead")
	return c
}

// wares reads at most limit things, page by page.
func wares[T any](ctx context.Context, book *access.Book[T], by identity.Actor, filter string, limit int, inherited bool) (list []T, err error) {
	if inherited {
		return book.Inherited(ctx, by)
	}
	const page = 500
	for len(list) < limit {
		some, total, err := book.List(ctx, by, filter, len(list)+1, min(page, limit-len(list)))
		if err != nil {
			return nil, err
		}
		if list = append(list, some...); len(some) == 0 || len(list) >= total {
			break
		}
	}
	return list, nil
}

func wareGet[T any](a *app, w ware[T]) *cobra.Command {
	return &cobra.Command{
		Use: "get NAME", Short: "Show one, by name, slug or id", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withOrg(cmd.Context(), func(h *server.House, org identity.Organisation) error {
				book := w.book(h)
				t, err := book.Find(cmd.Context(), actor(org.ID), args[0])
				if err != nil {
					return err
				}
				return showWare(a, w, &namer{cmd.Context(), h.Access, actor(org.ID)}, *t, book.Base(t))
			})
		},
	}
}

func showWare[T any](a *app, w ware[T], n *namer, t T, base *access.Base) (err error) {
	var parts []string
	if w.parts != nil {
		if parts, err = w.parts(n, t); err != nil {
			return err
		}
	}
	return a.show(w.view(t), func(out io.Writer) {
		pairs := []string{"id", base.ID.String()}
		for i, head := range strings.Fields(w.head) {
			if head != w.instead {
				pairs = append(pairs, strings.ToLower(head), w.row(t)[i])
			}
		}
		pairs = append(append(pairs, "description", base.Description), parts...)
		facts(out, append(pairs, "modified", when(base.Modified))...)
	})
}

func wareDelete[T any](a *app, w ware[T]) *cobra.Command {
	return &cobra.Command{
		Use: "delete NAME", Short: "Delete one, by name, slug or id", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withOrg(cmd.Context(), func(h *server.House, org identity.Organisation) error {
				book, by := w.book(h), actor(org.ID)
				t, err := book.Find(cmd.Context(), by, args[0])
				if err != nil {
					return err
				}
				base := book.Base(t)
				if err := book.Delete(cmd.Context(), by, base.ID, 0); err != nil {
					return err
				}
				return a.show(map[string]string{"id": base.ID.String()}, func(out io.Writer) { facts(out, "deleted", base.Name) })
			})
		},
	}
}

// wareCreate is the command that makes one; fill lays the flags of its kind over
// the base.
func wareCreate[T any](a *app, w ware[T], fill func(ctx context.Context, h *server.House, by identity.Actor, base access.Base) (T, error)) *cobra.Command {
	var description string
	c := &cobra.Command{
		Use: "create NAME", Short: "Make one", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withOrg(cmd.Context(), func(h *server.House, org identity.Organisation) error {
				book, by := w.book(h), actor(org.ID)
				t, err := fill(cmd.Context(), h, by, access.Base{Name: args[0], Description: description})
				if err != nil {
					return err
				}
				made, err := book.Create(cmd.Context(), by, t)
				if err != nil {
					return err
				}
				return showWare(a, w, &namer{cmd.Context(), h.Access, by}, *made, book.Base(made))
			})
		},
	}
	c.Flags().StringVar(&description, "description", "", "what it is for")
	return c
}

// A wareJSON is what all of them show with --json.
type wareJSON struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Created     stamp  `json:"created"`
	Modified    stamp  `json:"modified"`
}

func baseView(b access.Base) wareJSON {
	return wareJSON{b.ID.String(), b.Name, b.Description, stamp(b.Created), stamp(b.Modified)}
}

// ids finds things by their names.
func ids[T any](ctx context.Context, book *access.Book[T], by identity.Actor, names []string) (out []identity.ID, err error) {
	for _, n := range names {
		t, err := book.Find(ctx, by, n)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", n, err)
		}
		out = append(out, book.Base(t).ID)
	}
	return out, nil
}

func texts(list []identity.ID) []string {
	out := []string{}
	for _, id := range list {
		out = append(out, id.String())
	}
	return out
}
