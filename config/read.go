package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Sources are the places that Read looks at.
type Sources struct {
	// File is the path of the settings file. Where it is empty, File is taken
	// from MUSTER_CONFIG, or else muster.yaml in the working folder is read if it
	// is there.
	File  string
	Env   []string          // as os.Environ returns it
	Flags map[string]string // by Setting.Key; only flags that were given
	// Defaults by Setting.Key take the place of the usual ones.
	Defaults map[string]string
}

// Faults are all that is wrong with the settings, one sentence each.
type Faults []string

func (f Faults) Error() string {
	return "the settings are wrong:\n  " + strings.Join(f, "\n  ")
}

// Others are variables that begin with MUSTER_ and are not settings: what
// "muster dev --env" writes, and the choice of the file.
var Others = []string{
	"MUSTER_CONFIG", "MUSTER_URL", "MUSTER_ORG", "MUSTER_SCIM_URL", "MUSTER_SCIM_TOKEN",
	"MUSTER_OTHER_ORG", "MUSTER_OTHER_SCIM_TOKEN", "MUSTER_PID",
	"MUSTER_ISSUER", "MUSTER_CLIENT_ID", "MUSTER_CLIENT_SECRET", "MUSTER_REDIRECT_URI",
	"MUSTER_USER", "MUSTER_PASSWORD", "MUSTER_ADMIN_TOKEN", "MUSTER_CA_FILE",
}

// testPrefix begins the variables that tests of Muster read.
const testPrefix = prefix + "TEST_"

// maxFile bounds the settings file and files with secrets.
const maxFile = 1 << 20

// A reading collects values and faults.
type reading struct {
	values map[string]value // by key
	faults Faults
}

// A value is what some place says about a setting.
type value struct {
	text string
	from string // how to name the place, "MUSTER_LISTEN" or "muster.yaml:3: listen"
}

// Read gathers the settings. The error is of type Faults.
func Read(src Sources) (*Config, error) {
	r := &reading{values: map[string]value{}}
	for _, s := range settings {
		if v, ok := src.Defaults[s.Key]; ok {
			s.Default = v
		}
		if s.Default != "" {
			r.values[s.Key] = value{s.Default, "default of " + s.Key}
		}
	}
	env := r.environment(src.Env)
	r.file(src.File, env["MUSTER_CONFIG"])
	r.variables(env)
	for _, s := range settings {
		if v, ok := src.Flags[s.Key]; ok {
			r.values[s.Key] = value{v, "--" + s.Flag()}
		}
	}
	c := &Config{}
	for _, s := range settings {
		v, ok := r.values[s.Key]
		if !ok {
			continue
		}
		if err := s.set(c, v.text); err != nil {
			r.fault("%s %v", v.from, err)
		}
	}
	r.together(c)
	if len(r.faults) > 0 {
		return nil, r.faults
	}
	c.derive()
	return c, nil
}

// together checks settings that only make sense with one another.
func (r *reading) together(c *Config) {
	for _, need := range []struct {
		have, lacks bool
		text        string
	}{
		{c.TLSCertFile != "", c.TLSKeyFile == "", "tls_cert_file needs tls_key_file"},
		{c.TLSKeyFile != "", c.TLSCertFile == "", "tls_key_file needs tls_cert_file"},
		{c.SMTPHost != "", c.MailFrom == "", "smtp_host needs mail_from, the address that letters come from"},
		{c.SMTPUser != "", c.SMTPPassword == "", "smtp_user needs smtp_password"},
		{c.SMTPTLS == "none", c.SMTPPassword != "", "smtp_password must not cross the network in the clear: smtp_tls is none"},
		{c.BootstrapUser != "", c.BootstrapPassword == "", "bootstrap_user needs bootstrap_password"},
		{c.MTLSURL != "", !c.Certificates(), "mtls_url needs tls_cert_file or client_header: no certificate of an app arrives otherwise"},
		{c.ClientHeader != "", len(c.TrustedProxies) == 0, "client_header needs trusted_proxies: anybody else could write it"},
	} {
		if need.have && need.lacks {
			r.fault("%s", need.text)
		}
	}
}

func (r *reading) fault(format string, args ...any) {
	r.faults = append(r.faults, fmt.Sprintf(format, args...))
}

// environment picks the variables that begin with MUSTER_, and refuses those
// that nobody reads.
func (r *reading) environment(environ []string) map[string]string {
	env := map[string]string{}
	var known []string
	for _, s := range settings {
		known = append(known, s.Env())
		if s.Secret {
			known = append(known, s.Env()+"_FILE")
		}
	}
	for _, kv := range environ {
		name, v, _ := strings.Cut(kv, "=")
		// Empty is how compose files and shells say "not set".
		if !strings.HasPrefix(name, prefix) || strings.HasPrefix(name, testPrefix) || v == "" {
			continue
		}
		if !slices.Contains(known, name) && !slices.Contains(Others, name) {
			r.fault("%s is not a setting%s", name, suggest(name, append(known, Others...)))
			continue
		}
		env[name] = v
	}
	slices.Sort(r.faults)
	return env
}

// variables takes the values of the environment. A secret may come from a file.
func (r *reading) variables(env map[string]string) {
	for _, s := range settings {
		v, direct := env[s.Env()]
		if direct {
			r.values[s.Key] = value{v, s.Env()}
		}
		path, byFile := env[s.Env()+"_FILE"]
		if !s.Secret || !byFile {
			continue
		}
		if direct {
			r.fault("%s and %s_FILE are both set; keep one", s.Env(), s.Env())
			continue
		}
		data, err := readFile(path)
		if err != nil {
			r.fault("%s_FILE: %v", s.Env(), err)
			continue
		}
		r.values[s.Key] = value{strings.TrimSpace(string(data)), "the file of " + s.Env() + "_FILE"}
	}
}

// file takes the values of the settings file.
func (r *reading) file(flag, env string) {
	path, must := "muster.yaml", false
	switch {
	case flag != "":
		path, must = flag, true
	case env != "":
		path, must = env, true
	}
	data, err := readFile(path)
	if errors.Is(err, fs.ErrNotExist) && !must {
		return
	}
	if err != nil {
		r.fault("settings file: %v", err)
		return
	}
	r.parse(path, data)
}

// parse reads the text of a settings file: one mapping of keys to plain values,
// or to lists of them.
func (r *reading) parse(path string, data []byte) {
	root, err := document(data)
	if err != nil {
		r.fault("%s is not YAML: %s", path, oneLine(err.Error()))
		return
	}
	if root == nil || root.Kind == yaml.ScalarNode && root.Tag == "!!null" {
		return
	}
	if root.Kind != yaml.MappingNode {
		r.fault("%s must be a list of lines key: value", path)
		return
	}
	known := make([]string, len(settings))
	for i, s := range settings {
		known[i] = s.Key
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(root.Content); i += 2 {
		k, v := root.Content[i], root.Content[i+1]
		from := fmt.Sprintf("%s:%d: %s", path, k.Line, k.Value)
		switch text, ok := scalar(v); {
		case !slices.Contains(known, k.Value):
			r.fault("%s is not a setting%s", from, suggest(k.Value, known))
		case seen[k.Value]:
			r.fault("%s is set twice", from)
		case !ok:
			r.fault("%s must be a plain value", from)
		case text != "":
			r.values[k.Value] = value{text, from}
		}
		seen[k.Value] = true
	}
}

// document returns the one document in data, nil where there is none.
func document(data []byte) (*yaml.Node, error) {
	loader, err := yaml.NewLoader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	var doc, more yaml.Node
	switch err := loader.Load(&doc); {
	case errors.Is(err, io.EOF):
		return nil, nil
	case err != nil:
		return nil, err
	}
	if err := loader.Load(&more); !errors.Is(err, io.EOF) {
		return nil, errors.New("it holds more than one document")
	}
	if doc.Kind == yaml.DocumentNode && len(doc.Content) == 1 {
		return doc.Content[0], nil
	}
	return nil, nil
}

// scalar returns a plain value, or a list of them joined by commas.
func scalar(n *yaml.Node) (string, bool) {
	switch n.Kind {
	case yaml.ScalarNode:
		if n.Tag == "!!null" {
			return "", true
		}
		return n.Value, true
	case yaml.SequenceNode:
		var parts []string
		for _, e := range n.Content {
			if e.Kind != yaml.ScalarNode {
				return "", false
			}
			parts = append(parts, e.Value)
		}
		return strings.Join(parts, ","), true
	}
	return "", false
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("%s is larger than 1 MiB", path)
	}
	return data, err
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
