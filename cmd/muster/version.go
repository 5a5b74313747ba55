package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/muster-id/muster/server"
)

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Say what program this is", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			b := server.ThisBuild(version)
			return a.show(b, func(w io.Writer) {
				fmt.Fprintln(w, "muster", b.Version)
				facts(w, "commit", b.Commit, "time", b.Time, "go", b.Go)
			})
		},
	}
}
