package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/muster-id/muster/server"
)

func (a *app) doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use: "doctor", Short: "Examine what the server needs, and say how to mend it", Args: cobra.NoArgs,
		Long: "Examines the settings, the database, its migrations, the master key, the disk, the clock\n" +
			"and the public URL. One line each; changes nothing. The exit status is 1 if something is\n" +
			"broken.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := a.config()
			if err != nil {
				return err
			}
			list := server.Examine(cmd.Context(), cfg, server.ThisBuild(version))
			err = a.show(list, func(w io.Writer) {
				for _, f := range list {
					fmt.Fprintf(w, "%-4s  %-10s  %s\n", f.State, f.Part, printable(f.Text))
					if f.Hint != "" {
						fmt.Fprintf(w, "      hint: %s\n", f.Hint)
					}
				}
			})
			for _, f := range list {
				if f.State == server.Bad && err == nil {
					err = errQuiet
				}
			}
			return err
		},
	}
}
