// Signin is an app that people sign in to: the example of the README, with a
// stock OpenID client.
package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"html"
	"log"
	"net/http"
	"net/url"
	"os"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

func main() {
	provider, err := oidc.NewProvider(context.Background(), os.Getenv("MUSTER_ISSUER"))
	if err != nil {
		log.Fatal(err)
	}
	var also struct {
		EndSession string `json:"end_session_endpoint"`
	}
	if err := provider.Claims(&also); err != nil {
		log.Fatal(err)
	}
	app := &oauth2.Config{
		ClientID: os.Getenv("MUSTER_CLIENT_ID"), ClientSecret: os.Getenv("MUSTER_CLIENT_SECRET"),
		RedirectURL: os.Getenv("MUSTER_REDIRECT_URI"), // http://localhost:8765/callback
		Endpoint:    provider.Endpoint(), Scopes: []string{oidc.ScopeOpenID, "profile", "email"},
	}
	home, err := url.Parse(app.RedirectURL)
	if err != nil {
		log.Fatal(err)
	}

	http.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, `<!doctype html><html lang="en"><title>Example</title><a id="signin" href="/signin">Sign in</a>`)
	})

	http.HandleFunc("GET /signin", func(w http.ResponseWriter, r *http.Request) {
		state, nonce, verifier := rand.Text(), rand.Text(), oauth2.GenerateVerifier()
		for name, value := range map[string]string{"state": state, "nonce": nonce, "verifier": verifier} {
			http.SetCookie(w, &http.Cookie{Name: name, Value: value, MaxAge: 600, HttpOnly: true, SameSite: http.SameSiteLaxMode})
		}
		http.Redirect(w, r, app.AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier)), http.StatusSeeOther)
	})

	http.HandleFunc("GET "+home.Path, func(w http.ResponseWriter, r *http.Request) {
		sent := map[string]string{}
		for _, c := range r.Cookies() {
			sent[c.Name] = c.Value
		}
		if sent["state"] == "" || r.FormValue("state") != sent["state"] {
			http.Error(w, "This answer belongs to another sign-in. Please begin again.", http.StatusBadRequest)
			return
		}
		tokens, err := app.Exchange(r.Context(), r.FormValue("code"), oauth2.VerifierOption(sent["verifier"]))
		if err != nil { // also if the person said no: then there is an error in place of the code
			http.Error(w, r.FormValue("error")+" "+err.Error(), http.StatusForbidden)
			return
		}
		raw, _ := tokens.Extra("id_token").(string)
		id, err := provider.Verifier(&oidc.Config{ClientID: app.ClientID}).Verify(r.Context(), raw)
		if err != nil || id.Nonce != sent["nonce"] {
			http.Error(w, "The ID token is not good.", http.StatusForbidden)
			return
		}
		who, err := provider.UserInfo(r.Context(), oauth2.StaticTokenSource(tokens))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		// From here on id.Subject is who is there: keep it in a session of your own.
		out := also.EndSession + "?" + url.Values{
			"id_token_hint": {raw}, "post_logout_redirect_uri": {home.Scheme + "://" + home.Host + "/"},
		}.Encode()
		fmt.Fprintf(w, `<!doctype html><html lang="en"><title>Example</title><p id="hello">Hello %s (%s)</p><a id="signout" href="%s">Sign out</a>`,
			html.EscapeString(who.Email), html.EscapeString(id.Subject), html.EscapeString(out))
	})

	log.Printf("open http://%s", home.Host)
	log.Fatal(http.ListenAndServe(home.Host, nil))
}
