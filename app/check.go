package app

import "github.com/muster-id/muster/identity"

// Error codes of RFC 7591 section 3.2.2.
const (
	InvalidRedirectURI       = "invalid_redirect_uri"
	InvalidClientMetadata    = "invalid_client_metadata"
	InvalidSoftwareStatement = "invalid_software_statement"
)

// A Fault is one thing that is wrong with settings.
type Fault struct {
	Code  string // of RFC 7591
	Field string // key of the setting, "redirect_uris"
	Text  string // a sentence for people
}

// Check returns all that is wrong with the settings of an app in an organisation
// whose provider is p; none: nothing.
func Check(a identity.AppSettings, p Provider) []Fault { panic("not yet") }

// Defaults fills in what is empty in the settings of an app that is made by our
// own API: a web app with PKCE, the code flow and ES256.
func Defaults(a *identity.AppSettings) { panic("not yet") }

// RedirectMatches reports whether got is one of the registered URIs: byte for
// byte, except that the port of http://127.0.0.1 and http://[::1] is free
// (RFC 8252 section 7.3); only native apps can register those.
func RedirectMatches(registered []string, got string) bool { panic("not yet") }
