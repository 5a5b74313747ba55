package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/spf13/cobra"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/muster-id/muster/server"
)

// A flow is one run of an OAuth flow against an issuer, as an app runs it. It
// works with any OpenID provider.
type flow struct {
	a                            *app
	issuer, client, secret, user string
	redirect, scopes, ca         string
	timeout                      time.Duration
	byHand                       bool // leave the pages to the person

	http     *http.Client
	provider *oidc.Provider
}

func (a *app) flowCommand() *cobra.Command {
	f := &flow{a: a}
	c := noun("flow", "Run a real flow as an app does, and show the tokens", f.codeCommand(), f.clientCommand(), f.deviceCommand())
	p := c.PersistentFlags()
	p.StringVar(&f.issuer, "issuer", "", "issuer of the provider (MUSTER_ISSUER)")
	p.StringVar(&f.client, "client-id", "", "client id of the app (MUSTER_CLIENT_ID); its secret comes from MUSTER_CLIENT_SECRET")
	p.StringVar(&f.scopes, "scopes", "", "scopes to ask for, separated by spaces")
	p.StringVar(&f.ca, "ca-file", "", "further authorities in PEM (MUSTER_CA_FILE)")
	p.DurationVar(&f.timeout, "timeout", 5*time.Minute, "how long to wait for the person")
	return c
}

// open takes what flags leave out from the environment, and reads the metadata
// of the provider.
func (f *flow) open(ctx context.Context) (context.Context, error) {
	for name, to := range map[string]*string{"MUSTER_ISSUER": &f.issuer, "MUSTER_CLIENT_ID": &f.client, "MUSTER_CLIENT_SECRET": &f.secret,
		"MUSTER_REDIRECT_URI": &f.redirect, "MUSTER_CA_FILE": &f.ca} {
		if *to == "" {
			*to = f.a.environ(name)
		}
	}
	if f.issuer == "" || f.client == "" {
		return ctx, &server.Hint{Err: usage("the flow needs an issuer and a client id"),
			Hint: "give --issuer and --client-id, as muster app create prints them; or take those of muster dev: set -a; . data/dev/demo.env"}
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if f.ca != "" {
		pem, err := os.ReadFile(f.ca)
		if err != nil {
			return ctx, err
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return ctx, usage("%s holds no certificate in PEM", f.ca)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	f.http = &http.Client{Transport: transport, Timeout: 30 * time.Second}
	ctx = oidc.ClientContext(ctx, f.http)
	var err error
	if f.provider, err = oidc.NewProvider(ctx, f.issuer); err != nil {
		return ctx, fmt.Errorf("read the metadata of %s: %w", f.issuer, err)
	}
	return ctx, nil
}

func (f *flow) config(standard string) *oauth2.Config {
	if f.scopes == "" {
		f.scopes = standard
	}
	return &oauth2.Config{ClientID: f.client, ClientSecret: f.secret, RedirectURL: f.redirect,
		Endpoint: f.provider.Endpoint(), Scopes: strings.Fields(f.scopes)}
}

func (f *flow) clientCommand() *cobra.Command {
	return &cobra.Command{
		Use: "client-credentials", Short: "Get a token for the app itself", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, err := f.open(cmd.Context())
			if err != nil {
				return err
			}
			c := clientcredentials.Config{ClientID: f.client, ClientSecret: f.secret,
				TokenURL: f.provider.Endpoint().TokenURL, Scopes: strings.Fields(f.scopes)}
			tok, err := c.Token(ctx)
			if err != nil {
				return refusal(err)
			}
			return f.show(ctx, tok)
		},
	}
}

func (f *flow) codeCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "code", Short: "Sign a person in with the code flow and PKCE",
		Long: "Waits at the redirect URI for the person to come back from the browser. With --user, or\n" +
			"MUSTER_USER and MUSTER_PASSWORD, the command itself fills in the pages.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), f.timeout)
			defer cancel()
			ctx, err := f.open(ctx)
			if err != nil {
				return err
			}
			tok, nonce, err := f.code(ctx)
			if err != nil {
				return err
			}
			if err := f.verify(ctx, tok, nonce); err != nil {
				return err
			}
			return f.show(ctx, tok)
		},
	}
	c.Flags().BoolVar(&f.byHand, "browser", false, "leave the pages to you, also where MUSTER_USER names somebody")
	c.Flags().StringVar(&f.redirect, "redirect-uri", "", "redirect URI of the app on this machine (MUSTER_REDIRECT_URI)")
	c.Flags().StringVar(&f.user, "user", "", "fill in the pages for this person (MUSTER_USER); the password comes from MUSTER_PASSWORD")
	return c
}

// code runs the flow until there are tokens.
func (f *flow) code(ctx context.Context) (tok *oauth2.Token, nonce string, err error) {
	if f.redirect == "" {
		return nil, "", usage("the flow needs a redirect URI on this machine, as http://127.0.0.1:8765/callback")
	}
	verifier, state := oauth2.GenerateVerifier(), rand.Text()
	nonce = rand.Text()
	conf := f.config("openid profile email offline_access")
	back, stop, err := listenAt(ctx, f.redirect)
	if err != nil {
		return nil, "", err
	}
	defer stop()
	start := conf.AuthCodeURL(state, oauth2.S256ChallengeOption(verifier), oidc.Nonce(nonce))
	if err := f.visit(ctx, start); err != nil {
		return nil, "", err
	}
	var answer url.Values
	select {
	case answer = <-back:
	case <-ctx.Done():
		return nil, "", errors.New("nobody came back from the browser in time")
	}
	switch {
	case answer.Get("state") != state:
		return nil, "", errors.New("the answer belongs to another request: its state differs")
	case answer.Get("error") != "":
		return nil, "", fmt.Errorf("the provider refused: %s %s", answer.Get("error"), answer.Get("error_description"))
	case answer.Has("iss") && answer.Get("iss") != f.issuer:
		return nil, "", fmt.Errorf("the answer is from another issuer: %s", answer.Get("iss"))
	}
	tok, err = conf.Exchange(ctx, answer.Get("code"), oauth2.VerifierOption(verifier))
	return tok, nonce, refusal(err)
}

// loopback are the names of this machine.
var loopback = []string{"127.0.0.1", "::1", "localhost"}

// listenAt waits at a redirect URI on this machine for the browser.
func listenAt(ctx context.Context, redirect string) (<-chan url.Values, func(), error) {
	u, err := url.Parse(redirect)
	if err != nil || u.Scheme != "http" || !slices.Contains(loopback, u.Hostname()) {
		return nil, nil, usage("the redirect URI must be on this machine, as http://127.0.0.1:8765/callback, not %q", redirect)
	}
	var lc net.ListenConfig
	host := u.Hostname()
	if host == "localhost" {
		host = "127.0.0.1"
	}
	ln, err := lc.Listen(ctx, "tcp", net.JoinHostPort(host, u.Port()))
	if err != nil {
		return nil, nil, fmt.Errorf("wait at %s: %w", redirect, err)
	}
	got := make(chan url.Values, 1)
	srv := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != u.Path {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		fmt.Fprintln(w, "Done. You can close this page and go back to the terminal.")
		select {
		case got <- r.URL.Query():
		default: // only the first answer counts
		}
	})}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.Serve(ln) // ends with Close
	}()
	return got, func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = srv.Shutdown(ctx) // the page has been sent or nobody waits for it
		<-done
	}, nil
}

// visit shows the address to the person, or goes there for them.
func (f *flow) visit(ctx context.Context, start string) error {
	user, password := f.user, f.a.environ("MUSTER_PASSWORD")
	if user == "" {
		user = f.a.environ("MUSTER_USER")
	}
	if f.byHand || user == "" || password == "" {
		fmt.Fprintf(f.a.err, "Open this address in a browser:\n\n  %s\n\n", start)
		if user != "" && password != "" {
			fmt.Fprintf(f.a.err, "and sign in as %s with the password %s\n\n", user, password)
		}
		return nil
	}
	b, err := newBrowser(f.http.Transport, user, password)
	if err != nil {
		return err
	}
	return b.signIn(ctx, start)
}

// verify checks the ID token as an app has to.
func (f *flow) verify(ctx context.Context, tok *oauth2.Token, nonce string) error {
	raw, _ := tok.Extra("id_token").(string)
	id, err := f.provider.Verifier(&oidc.Config{ClientID: f.client, SupportedSigningAlgs: []string{"ES256", "RS256", "PS256", "EdDSA"}}).Verify(ctx, raw)
	if err != nil {
		return fmt.Errorf("check the ID token: %w", err)
	}
	if id.Nonce != nonce {
		return errors.New("check the ID token: its nonce differs")
	}
	return nil
}

func (f *flow) deviceCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "device", Short: "Sign a person in on another device", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), f.timeout)
			defer cancel()
			ctx, err := f.open(ctx)
			if err != nil {
				return err
			}
			conf := f.config("openid profile")
			auth, err := f.deviceCode(ctx, conf)
			if err != nil {
				return err
			}
			fmt.Fprintf(f.a.err, "Open %s and enter the code %s\n\n", auth.VerificationURI, auth.UserCode)
			if f.user != "" || f.a.environ("MUSTER_USER") != "" {
				if err := f.visit(ctx, auth.VerificationURIComplete); err != nil {
					return err
				}
			}
			tok, err := conf.DeviceAccessToken(ctx, auth)
			if err != nil {
				return refusal(err)
			}
			return f.show(ctx, tok)
		},
	}
	c.Flags().StringVar(&f.user, "user", "", "fill in the pages for this person (MUSTER_USER); the password comes from MUSTER_PASSWORD")
	return c
}

// deviceCode asks for a device code as RFC 8628 section 3.1 has it: the app
// authenticates itself as at the token endpoint.
func (f *flow) deviceCode(ctx context.Context, conf *oauth2.Config) (*oauth2.DeviceAuthResponse, error) {
	form := url.Values{"client_id": {f.client}, "scope": {f.scopes}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, conf.Endpoint.DeviceAuthURL, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if f.secret != "" {
		req.SetBasicAuth(url.QueryEscape(f.client), url.QueryEscape(f.secret))
	}
	res, err := f.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return nil, err
	}
	var out struct {
		oauth2.DeviceAuthResponse
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	if res.StatusCode != http.StatusOK {
		_ = json.Unmarshal(body, &out) // what is no JSON says nothing either
		return nil, fmt.Errorf("the provider refused: %d %s %s", res.StatusCode, out.Error, out.Description)
	}
	auth := &out.DeviceAuthResponse
	return auth, json.Unmarshal(body, auth)
}

// refusal says what the provider said.
func refusal(err error) error {
	if e, ok := errors.AsType[*oauth2.RetrieveError](err); ok && e.ErrorCode != "" {
		return fmt.Errorf("the provider refused: %s %s", e.ErrorCode, e.ErrorDescription)
	}
	return err
}

// A flowJSON is what a flow shows: the answer, and what is in the tokens.
type flowJSON struct {
	Issuer       string         `json:"issuer"`
	TokenType    string         `json:"token_type"`
	AccessToken  string         `json:"access_token"`
	RefreshToken string         `json:"refresh_token,omitempty"`
	IDToken      string         `json:"id_token,omitempty"`
	Expires      stamp          `json:"expires"`
	Scope        string         `json:"scope,omitempty"`
	Access       map[string]any `json:"access_token_claims,omitempty"`
	ID           map[string]any `json:"id_token_claims,omitempty"`
	UserInfo     map[string]any `json:"userinfo,omitempty"`
}

func (f *flow) show(ctx context.Context, tok *oauth2.Token) error {
	scope, _ := tok.Extra("scope").(string)
	id, _ := tok.Extra("id_token").(string)
	v := flowJSON{Issuer: f.issuer, TokenType: tok.Type(), AccessToken: tok.AccessToken, RefreshToken: tok.RefreshToken, IDToken: id,
		Expires: stamp(tok.Expiry), Scope: scope, Access: payload(tok.AccessToken), ID: payload(id)}
	if id != "" {
		info, err := f.provider.UserInfo(ctx, oauth2.StaticTokenSource(tok))
		if err != nil {
			return fmt.Errorf("ask for UserInfo: %w", err)
		}
		if err := info.Claims(&v.UserInfo); err != nil {
			return fmt.Errorf("read UserInfo: %w", err)
		}
	}
	return f.a.show(v, func(w io.Writer) {
		facts(w, "issuer", v.Issuer, "token type", v.TokenType, "scope", v.Scope, "expires", when(tok.Expiry),
			"refresh token", short(v.RefreshToken), "access token", short(v.AccessToken))
		claimsTable(w, "In the access token", v.Access)
		claimsTable(w, "In the ID token", v.ID)
		claimsTable(w, "From UserInfo", v.UserInfo)
	})
}

// short shows enough of a token to recognise it by.
func short(s string) string {
	if len(s) > 24 {
		return s[:24] + "…"
	}
	return s
}

// payload reads the claims of a JWT without checking it, nil if it is none.
func payload(jwt string) (claims map[string]any) {
	part := strings.Split(jwt, ".")
	if len(part) != 3 {
		return nil
	}
	text, err := base64.RawURLEncoding.DecodeString(part[1])
	if err != nil || json.Unmarshal(text, &claims) != nil {
		return nil
	}
	return claims
}

func claimsTable(w io.Writer, head string, claims map[string]any) {
	if len(claims) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s:\n", head)
	var pairs []string
	for _, name := range sortedKeys(claims) {
		text, err := json.Marshal(claims[name])
		if err != nil {
			continue
		}
		value := strings.Trim(string(text), `"`)
		if seconds, ok := claims[name].(float64); ok && slices.Contains([]string{"exp", "iat", "nbf", "auth_time", "updated_at"}, name) {
			value = time.Unix(int64(seconds), 0).Local().Format(time.DateTime)
		}
		pairs = append(pairs, "  "+name, value)
	}
	facts(w, pairs...)
}
