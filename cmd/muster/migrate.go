package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/muster-id/muster/server"
	"github.com/muster-id/muster/store"
)

// A migrationJSON is a migration as --json shows it.
type migrationJSON struct {
	Version int64  `json:"version"`
	Name    string `json:"name"`
	Applied bool   `json:"applied"`
}

func (a *app) migrateCommand() *cobra.Command {
	return noun("migrate", "The schema of the database", a.migrateStatus(), a.migrateUp())
}

func (a *app) migrateStatus() *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: "List the migrations; changes nothing", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := a.config()
			if err != nil {
				return err
			}
			list, err := server.Migrations(cmd.Context(), cfg)
			if err != nil {
				return err
			}
			return a.showMigrations(list)
		},
	}
}

func (a *app) migrateUp() *cobra.Command {
	return &cobra.Command{
		Use: "up", Short: "Bring the database up to date, and make it if need be", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withHouse(cmd.Context(), server.Create, func(h *server.House) error {
				list, err := h.DB.MigrationStatus(cmd.Context())
				if err != nil {
					return err
				}
				return a.showMigrations(list)
			})
		},
	}
}

func (a *app) showMigrations(list []store.Migration) error {
	all, rows, pending := []migrationJSON{}, [][]string{}, 0
	for _, m := range list {
		name, _, _ := strings.Cut(m.Name, ".") // the rest says for which database
		all = append(all, migrationJSON{m.Version, name, m.Applied})
		rows = append(rows, []string{strconv.FormatInt(m.Version, 10), name, yesNo(m.Applied)})
		if !m.Applied {
			pending++
		}
	}
	return a.show(all, func(w io.Writer) {
		table(w, "VERSION NAME APPLIED", rows)
		if pending > 0 {
			fmt.Fprintf(w, "\n%d to apply: muster migrate up\n", pending)
		}
	})
}
