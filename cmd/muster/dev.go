package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/muster-id/muster/config"
	"github.com/muster-id/muster/server"
)

func (a *app) devCommand() *cobra.Command {
	var data, file string
	var secure bool
	var o server.DemoOptions
	c := &cobra.Command{
		Use: "dev", Short: "Run a server with demonstration data", Args: cobra.NoArgs,
		Long: "Runs the server with two organisations, people and groups in it, and prints commands to\n" +
			"paste. The data stays in --data from run to run; the tokens are new each time, and\n" +
			"stand as KEY=value lines in its file demo.env.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := a.devConfig(data)
			if err == nil && secure {
				cfg.TLSCertFile, cfg.TLSKeyFile, err = server.SelfSigned(cfg.DataDir)
			}
			if err != nil {
				return err
			}
			return a.serve(cmd.Context(), cfg, func(ctx context.Context, s started) error {
				demo, err := s.house.Demonstrate(ctx, o)
				if err != nil {
					return err
				}
				own := demoEnv(cfg)
				if err := writeEnv(own, envLines(s, demo)); err != nil {
					return err
				}
				a.invite(s, demo, own)
				if file == "" {
					return nil
				}
				return writeEnv(file, envLines(s, demo))
			})
		},
	}
	f := c.Flags()
	f.StringVar(&data, "data", "", "folder of the data (default data/dev)")
	f.StringVar(&file, "env", "", "a further file to write KEY=value lines to once the server answers")
	f.StringVar(&o.RedirectURI, "redirect-uri", "", "where the demonstration's app answers, that is yours (default http://localhost:8765/callback)")
	f.BoolVar(&secure, "tls", false, "serve HTTPS with a certificate made for this machine")
	f.BoolVar(&o.Legacy, "legacy", false, "turn the legacy block of the demonstration's provider on (implicit flow, password grant, …)")
	f.BoolVar(&o.OpenRegistration, "open-registration", false, "let anybody register apps at the demonstration's provider")
	a.serverFlags(f)
	return c
}

// demoEnv is the file of variables of the demonstration.
func demoEnv(cfg *config.Config) string { return filepath.Join(cfg.DataDir, "demo.env") }

// devConfig reads the settings with the defaults of "dev": data of its own, no
// drain time, and logs for people. A database that is set by hand wins over
// the folder, unless both are of SQLite: then the folder says which.
func (a *app) devConfig(data string) (*config.Config, error) {
	dir := data
	if dir == "" {
		dir = filepath.Join("data", "dev")
	}
	defaults := map[string]string{
		"database_url": "sqlite:" + filepath.Join(dir, "muster.db"),
		"drain":        "0s",
		// Apps that are being written stand on this machine.
		"outbound_private": "127.0.0.0/8,::1",
		"log_format":       "text",
		"log_level":        "warn",
	}
	cfg, err := config.Read(config.Sources{File: a.file, Env: a.env, Flags: a.given, Defaults: defaults})
	if err != nil {
		return nil, asUsage(err)
	}
	_, byFlag := a.given["database_url"]
	if data != "" && !byFlag {
		if cfg.Database.Driver == config.SQLite {
			a.given["database_url"] = defaults["database_url"]
		}
		if _, ok := a.given["data_dir"]; !ok {
			a.given["data_dir"] = data
		}
		cfg, err = config.Read(config.Sources{File: a.file, Env: a.env, Flags: a.given, Defaults: defaults})
		if err != nil {
			return nil, asUsage(err)
		}
	}
	return cfg, nil
}

// invite prints what can be pasted.
func (a *app) invite(s started, d server.Demo, env string) {
	scim := s.url + "/scim/v2"
	auth := "-H 'Authorization: Bearer " + d.Token + "'"
	fmt.Fprintf(a.out, "\nMuster %s with demonstration data\n\n", s.build.Version)
	facts(a.out,
		"  database", s.house.Config.Database.String(),
		"  organisation", fmt.Sprintf("%s, %d users and %d groups", d.Org.Slug, d.Users, d.Groups),
		"  sign in", d.Issuer+"/account",
		"    as", d.User,
		"    password", d.Password,
		"  OpenID issuer", d.Issuer,
		"    client id", d.ClientID,
		"    client secret", d.ClientSecret,
		"    redirect URI", d.RedirectURI,
		"  SCIM 2.0", scim,
		"    token", d.Token,
		"  API", s.url+"/api/v1, described at "+s.url+"/docs",
		"    token", d.AdminToken,
		"  second organisation", d.Other.Slug,
		"    SCIM token", d.OtherToken)
	insecure := ""
	if s.house.Config.TLSCertFile != "" {
		insecure = " --cacert " + s.house.Config.TLSCertFile
	}
	fmt.Fprintf(a.out, `
In another terminal, all of this as variables, and a sign-in as an app sees it:

set -a; . %[7]s; set +a
muster flow code

Or by SCIM and by OAuth 2.0:

curl -s%[4]s %[1]s '%[2]s/Users?count=3&attributes=userName,displayName'
curl -s%[4]s -G %[1]s %[2]s/Users --data-urlencode 'filter=displayName co "ø" and active eq true'
curl -s%[4]s -u %[5]s:%[6]s -d grant_type=client_credentials %[3]s/oauth2/token

`, auth, scim, d.Issuer, insecure, d.ClientID, d.ClientSecret, env)
}

// envLines are the lines of the file that --env names. With the database in
// them, the other commands work on what the demo server serves; that of
// PostgreSQL may hold a password and is the caller's own setting anyway.
func envLines(s started, d server.Demo) string {
	var b strings.Builder
	lines := [][2]string{
		{"MUSTER_URL", s.url},
		{"MUSTER_ORG", d.Org.Slug},
		{"MUSTER_SCIM_URL", s.url + "/scim/v2"},
		{"MUSTER_SCIM_TOKEN", d.Token},
		{"MUSTER_OTHER_ORG", d.Other.Slug},
		{"MUSTER_OTHER_SCIM_TOKEN", d.OtherToken},
		{"MUSTER_ISSUER", d.Issuer},
		{"MUSTER_CLIENT_ID", d.ClientID},
		{"MUSTER_CLIENT_SECRET", d.ClientSecret},
		{"MUSTER_REDIRECT_URI", d.RedirectURI},
		{"MUSTER_USER", d.User},
		{"MUSTER_PASSWORD", d.Password},
		{"MUSTER_ADMIN_TOKEN", d.AdminToken},
		{"MUSTER_PID", strconv.Itoa(os.Getpid())},
	}
	if file, err := filepath.Abs(s.house.Config.TLSCertFile); err == nil && s.house.Config.TLSCertFile != "" {
		lines = append(lines, [2]string{"MUSTER_CA_FILE", file})
	}
	if db := s.house.Config.Database; db.Driver == config.SQLite {
		if path, err := filepath.Abs(db.Path); err == nil {
			lines = append(lines, [2]string{"MUSTER_DATABASE_URL", "sqlite:" + path})
		}
	}
	for _, kv := range lines {
		fmt.Fprintf(&b, "%s=%s\n", kv[0], kv[1])
	}
	return b.String()
}

// writeEnv writes the file as a whole or not at all, for its owner alone: it
// holds tokens.
func writeEnv(path, text string) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	_, err = f.WriteString(text)
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // nothing better to do with half a file
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
