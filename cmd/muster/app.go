package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os/user"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/muster-id/muster/config"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/server"
	"github.com/muster-id/muster/web"
)

// An app is one run of the command line.
type app struct {
	in       io.Reader
	out, err io.Writer
	env      []string // as os.Environ returns it

	json   bool   // --json
	org    string // --org
	file   string // --config
	given  map[string]string
	parsed bool // the arguments were understood
}

// run carries out one command line and returns the exit status.
func (a *app) run(ctx context.Context, args []string) int {
	a.given = map[string]string{}
	root := a.root()
	root.SetArgs(args)
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	if _, hinted := errors.AsType[*server.Hint](err); !a.parsed && !hinted {
		err = &server.Hint{Err: asUsage(err), Hint: "it is " + cmd.UseLine() + "; --help says more"}
	}
	return a.fail(err)
}

// root builds the tree of commands.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "muster",
		Short: "Muster is an identity server in one binary.",
		Long: "Muster signs people in to apps by OpenID Connect, keeps people and groups, which\n" +
			"directories such as Entra ID and Okta write to it by SCIM 2.0, and decides who may\n" +
			"do what.\n\n" +
			"  muster dev       try it, with people and an app made up\n" +
			"  muster serve     run it\n" +
			"  muster flow code sign in as an app does, and see the tokens",
		Version:           server.ThisBuild(version).Version,
		SilenceErrors:     true,
		SilenceUsage:      true,
		PersistentPreRunE: func(*cobra.Command, []string) error { a.parsed = true; return nil },
		RunE:              help,
		Args:              cobra.ArbitraryArgs,
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return asUsage(err) })
	f := root.PersistentFlags()
	f.BoolVar(&a.json, "json", false, "print JSON instead of tables")
	f.StringVar(&a.org, "org", "", "organisation, by slug or id (MUSTER_ORG)")
	f.StringVar(&a.file, "config", "", "settings file (MUSTER_CONFIG; default muster.yaml)")
	a.settingFlags(f, func(s config.Setting) bool { return slices.Contains(everywhere, s.Key) })
	chapter(root, "Servers:", a.devCommand(), a.serveCommand(), a.healthcheckCommand(), a.doctorCommand(), a.migrateCommand(), a.backupCommand())
	chapter(root, "Apps, and how people sign in to them:", a.appCommand(), a.providerCommand(), a.keysCommand(), a.flowCommand())
	chapter(root, "People, and where they come from:", a.orgCommand(), a.userCommand(), a.adminCommand(), a.mailCommand(),
		a.connectionCommand(), a.schemaCommand(), a.scimCommand())
	chapter(root, "Who may do what:", a.roleCommand(), a.permissionCommand(), a.actionCommand(), a.resourceTypeCommand(), a.resourceCommand(),
		a.assignCommand(), a.explainCommand())
	chapter(root, "Organisations as files:", a.applyCommand(), a.diffCommand(), a.exportCommand())
	root.AddCommand(a.versionCommand())
	return root
}

// chapter adds commands below a title of their own in the help.
func chapter(root *cobra.Command, title string, list ...*cobra.Command) {
	root.AddGroup(&cobra.Group{ID: title, Title: title})
	for _, c := range list {
		c.GroupID = title
	}
	root.AddCommand(list...)
}

// everywhere are the settings that every command takes as flags; the others
// concern servers alone.
var everywhere = []string{"database_url", "master_key_file", "data_dir", "public_url", "log_level", "log_format"}

// settingFlags makes flags of the settings that want picks.
func (a *app) settingFlags(f *pflag.FlagSet, want func(config.Setting) bool) {
	for _, s := range config.Settings() {
		if !want(s) {
			continue
		}
		doc := s.Doc
		if s.Default != "" {
			doc += " (default " + s.Default + ")"
		}
		flag := f.VarPF(&settingFlag{a, s.Key}, s.Flag(), "", doc)
		if s.Bool {
			flag.NoOptDefVal = "true"
		}
	}
}

// serverFlags are the settings that commands with a server take beside those of
// every command.
func (a *app) serverFlags(f *pflag.FlagSet) {
	a.settingFlags(f, func(s config.Setting) bool { return !slices.Contains(everywhere, s.Key) })
}

// A settingFlag notes the text of a flag; package config judges it, together
// with everything else.
type settingFlag struct {
	a   *app
	key string
}

func (f *settingFlag) Set(v string) error { f.a.given[f.key] = v; return nil }
func (f *settingFlag) Type() string       { return "string" }
func (f *settingFlag) String() string     { return "" }

// help shows the help of a command that has only others below it.
func help(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmd.Help()
	}
	var names []string
	for _, c := range cmd.Commands() {
		names = append(names, c.Name())
	}
	advice := fmt.Sprintf("run %s --help for its commands", cmd.CommandPath())
	if best := config.Nearest(args[0], names); best != "" {
		advice = fmt.Sprintf("did you mean %s %s?", cmd.CommandPath(), best)
	}
	return &server.Hint{Err: usage("%s has no command %q", cmd.CommandPath(), args[0]), Hint: advice}
}

// noun makes a command that groups others.
func noun(name, short string, verbs ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: name, Short: short, RunE: help, Args: cobra.ArbitraryArgs}
	c.AddCommand(verbs...)
	return c
}

// environ returns the value of a variable, "" if it is not set.
func (a *app) environ(name string) string {
	for _, kv := range slices.Backward(a.env) {
		if v, ok := strings.CutPrefix(kv, name+"="); ok {
			return v
		}
	}
	return ""
}

// config reads the settings.
func (a *app) config() (*config.Config, error) {
	cfg, err := config.Read(config.Sources{File: a.file, Env: a.env, Flags: a.given})
	if err != nil {
		return nil, asUsage(err)
	}
	return cfg, nil
}

// logger makes the log that the settings ask for, on standard error.
func (a *app) logger(cfg *config.Config) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(cfg.LogLevel)); err != nil {
		level = slog.LevelInfo // config knows only levels that slog knows
	}
	o := &slog.HandlerOptions{Level: level}
	if cfg.LogFormat == "text" {
		return slog.New(web.WithRequest(slog.NewTextHandler(a.err, o)))
	}
	return slog.New(web.WithRequest(slog.NewJSONHandler(a.err, o)))
}

// withHouse opens the configured database for one command.
func (a *app) withHouse(ctx context.Context, mode server.Mode, do func(*server.House) error) (err error) {
	cfg, err := a.config()
	if err != nil {
		return err
	}
	h, err := server.OpenHouse(ctx, cfg, a.logger(cfg), mode)
	if err != nil {
		return err
	}
	defer func() {
		if e := h.Close(); err == nil {
			err = e
		}
	}()
	return do(h)
}

// withOrg opens the database for a command that is about one organisation.
func (a *app) withOrg(ctx context.Context, do func(*server.House, identity.Organisation) error) error {
	return a.withHouse(ctx, server.Existing, func(h *server.House) error {
		name := a.org
		if name == "" {
			name = a.environ("MUSTER_ORG")
		}
		org, err := h.Organisation(ctx, name)
		if err != nil {
			return err
		}
		return do(h, org)
	})
}

// actor is who the change log names for what is done by hand.
func actor(org identity.OrgID) identity.Actor {
	name := "muster"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	return identity.Actor{
		Kind: identity.ByCLI, Org: org, Name: name, RequestID: identity.NewID().String(),
		Perms: identity.AllPerms(), // whoever runs a command on the server holds the master key
	}
}
