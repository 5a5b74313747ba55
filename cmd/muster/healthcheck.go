package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/muster-id/muster/config"
	"github.com/muster-id/muster/server"
)

func (a *app) healthcheckCommand() *cobra.Command {
	var url string
	var wait time.Duration
	c := &cobra.Command{
		Use: "healthcheck", Short: "Ask a running server whether it is ready", Args: cobra.NoArgs,
		Long: "Asks the server at --url, at MUSTER_URL, or at the configured address of this machine,\n" +
			"and exits with 0 if it is ready and 1 if not. For containers without curl.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := a.config()
			if err != nil {
				return err
			}
			if url == "" {
				url = a.environ("MUSTER_URL")
			}
			if url == "" {
				url = config.LocalURL(cfg.Listen)
			}
			text, err := askReady(cmd.Context(), strings.TrimRight(url, "/"), wait)
			if err != nil {
				return err
			}
			v := map[string]string{"result": "ready", "url": url}
			return a.show(v, func(w io.Writer) { fmt.Fprint(w, printable(strings.TrimSpace(text)), "\n") })
		},
	}
	c.Flags().StringVar(&url, "url", "", "root of the server, as http://127.0.0.1:8080")
	c.Flags().DurationVar(&wait, "timeout", 3*time.Second, "how long to wait for the answer")
	return c
}

func askReady(ctx context.Context, url string, wait time.Duration) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/readyz", nil)
	if err != nil {
		return "", usage("%q is no URL", url)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			return "", fmt.Errorf("no answer from %s within %s", url, wait)
		}
		return "", &server.Hint{Err: fmt.Errorf("no answer from %s: %w", url, errors.Unwrap(err)),
			Hint: "is muster serve running, and listening there?"}
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 4096))
	if err != nil {
		return "", err
	}
	if res.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s says it is not ready (status %d)", url, res.StatusCode)
	}
	return string(text), nil
}
