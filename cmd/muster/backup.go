package main

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/muster-id/muster/server"
)

// A backupJSON is what a backup holds, as --json shows it.
type backupJSON struct {
	File          string `json:"file"`
	Bytes         int64  `json:"bytes"`
	Organisations int    `json:"organisations"`
	Resources     int64  `json:"resources"`
	Migration     int64  `json:"migration"`
	MasterKey     bool   `json:"masterKey"`
}

func (a *app) backupCommand() *cobra.Command {
	c := noun("backup", "Copies of an SQLite database", a.backupCreate(), a.backupVerify(), a.backupRestore())
	c.Long = "Copies of an SQLite database, made and checked while the server runs. The master key is\n" +
		"not part of a copy: keep it elsewhere. For PostgreSQL use pg_dump and pg_restore."
	return c
}

func (a *app) showBackup(what string, b server.Backup) error {
	v := backupJSON{b.File, b.Bytes, b.Organisations, b.Resources, b.Migration, b.MasterKey}
	return a.show(v, func(w io.Writer) {
		key := "the configured one"
		if !b.MasterKey {
			key = "another than the configured one"
		}
		facts(w, what, b.File, "bytes", strconv.FormatInt(b.Bytes, 10),
			"organisations", strconv.Itoa(b.Organisations), "resources", strconv.FormatInt(b.Resources, 10),
			"migration", strconv.FormatInt(b.Migration, 10), "master key", key)
	})
}

func (a *app) backupCreate() *cobra.Command {
	return &cobra.Command{
		Use: "create [FILE]", Short: "Copy the database and verify the copy", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := a.config()
			if err != nil {
				return err
			}
			file := "muster-" + time.Now().UTC().Format("20060102-150405") + ".backup"
			if len(args) == 1 {
				file = args[0]
			}
			b, err := server.CreateBackup(cmd.Context(), cfg, file)
			if err != nil {
				return err
			}
			if err := a.showBackup("backup", b); err != nil || a.json {
				return err
			}
			fmt.Fprintf(a.out, "\nKeep the master key %s too, and not beside the copy:\nwithout it no token opens what is in there.\n", cfg.MasterKeyFile)
			return nil
		},
	}
}

func (a *app) backupVerify() *cobra.Command {
	return &cobra.Command{
		Use: "verify FILE", Short: "Check that a copy is whole, and count what is in it", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := a.config()
			if err != nil {
				return err
			}
			b, err := server.VerifyBackup(cmd.Context(), cfg, args[0])
			if err != nil {
				return err
			}
			return a.showBackup("whole", b)
		},
	}
}

func (a *app) backupRestore() *cobra.Command {
	var force bool
	c := &cobra.Command{
		Use: "restore FILE", Short: "Put a copy in the place of the database", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := a.config()
			if err != nil {
				return err
			}
			b, err := server.RestoreBackup(cmd.Context(), cfg, args[0], force)
			if err != nil {
				return err
			}
			return a.showBackup("restored", b)
		},
	}
	c.Flags().BoolVar(&force, "force", false, "replace the database that is there")
	return c
}
