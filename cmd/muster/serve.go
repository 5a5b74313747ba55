package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/muster-id/muster/config"
	"github.com/muster-id/muster/server"
)

// A runningJSON is what "serve --json" prints when the server answers.
type runningJSON struct {
	Version  string `json:"version"`
	URL      string `json:"url"`
	SCIMURL  string `json:"scimUrl"`
	Database string `json:"database"`
	New      bool   `json:"new"`
	PID      int    `json:"pid"`
}

func (a *app) serveCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "serve", Short: "Run the server", Args: cobra.NoArgs,
		Long: "Runs the server until it is told to stop. Without settings it keeps its data in ./data\n" +
			"and listens on 127.0.0.1:8080. SIGTERM stops it in good order, a second signal at once.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := a.config()
			if err != nil {
				return err
			}
			return a.serve(cmd.Context(), cfg, a.welcome)
		},
	}
	a.serverFlags(c.Flags())
	return c
}

// A started is a server that answers, and what it serves.
type started struct {
	house *server.House
	build server.Build
	url   string
}

// serve runs a server and calls ready when it answers.
func (a *app) serve(ctx context.Context, cfg *config.Config, ready func(context.Context, started) error) (err error) {
	defer runtime.KeepAlive(newBallast())
	ctx, now, end := signals(ctx)
	defer end()
	ln, err := server.Listen(ctx, cfg.Listen)
	if err != nil {
		return err
	}
	defer func() {
		if e := ln.Close(); err == nil && !errors.Is(e, net.ErrClosed) {
			err = e
		}
	}()
	cfg.Listen = ln.Addr().String()
	h, err := server.OpenHouse(ctx, cfg, a.logger(cfg), server.Create)
	if err != nil {
		return err
	}
	defer func() {
		if e := h.Close(); err == nil {
			err = e
		}
	}()
	s := started{h, server.ThisBuild(version), cfg.URL(cfg.Listen)}
	if err := h.RememberURL(ctx, s.url); err != nil && ctx.Err() == nil {
		return err
	}
	srv, err := server.New(ctx, server.Options{House: h, Build: s.build, URL: s.url})
	if err != nil {
		return err
	}
	return srv.Run(ctx, now, ln, func() error { return ready(ctx, s) })
}

// signals returns a context that ends with the first signal to stop and one
// that ends with the second.
func signals(ctx context.Context) (stop, now context.Context, end func()) {
	stop, cancelStop := context.WithCancelCause(ctx)
	now, cancelNow := context.WithCancel(ctx)
	got := make(chan os.Signal, 2)
	signal.Notify(got, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case sig := <-got:
			why := errors.New("terminated")
			if sig == os.Interrupt {
				why = server.ErrInterrupt
			}
			cancelStop(why)
		case <-now.Done():
			return
		}
		select {
		case <-got:
			cancelNow()
		case <-now.Done():
		}
	}()
	return stop, now, func() {
		signal.Stop(got)
		cancelStop(nil)
		cancelNow()
	}
}

// welcome tells who started the server where it is and what to do next.
func (a *app) welcome(ctx context.Context, s started) error {
	cfg := s.house.Config
	if a.json {
		if _, err := s.house.Bootstrap(ctx); err != nil && ctx.Err() == nil {
			return err
		}
		line, err := json.Marshal(runningJSON{s.build.Version, s.url, s.url + "/scim/v2", cfg.Database.String(), s.house.New, os.Getpid()})
		fmt.Fprintln(a.out, string(line))
		return err
	}
	database := cfg.Database.String()
	if s.house.New {
		database += " (new)"
	}
	link, err := s.house.Bootstrap(ctx)
	if err != nil && ctx.Err() == nil {
		return err
	}
	fmt.Fprintf(a.out, "\nMuster %s\n\n", s.build.Version)
	facts(a.out,
		"  database", database,
		"  sign in", s.url+"/account",
		"  OpenID issuer", s.url,
		"  SCIM 2.0", s.url+"/scim/v2",
		"  API", s.url+"/api/v1",
		"  metrics", s.url+"/metrics",
		"  health", s.url+"/readyz")
	next := "muster connection list"
	if org, err := s.house.Organisation(ctx, ""); err == nil {
		if list, err := s.house.Directory.Connections(ctx, org.ID); err == nil && len(list) == 0 {
			next = "muster connection create my-directory"
		}
	}
	if link.URL != "" {
		fmt.Fprintf(a.out, "\n  Open this link to become the first administrator. It works once, until %s:\n\n    %s\n", link.Expires.Local().Format("15:04"), link.URL)
	}
	fmt.Fprint(a.out, "\n  Next, in another terminal:\n\n")
	facts(a.out,
		"    muster app create 'My app' --redirect-uri http://localhost:8765/callback", "an app that people sign in to",
		"    "+next, "a directory that writes people by SCIM")
	fmt.Fprintln(a.out)
	return nil
}
