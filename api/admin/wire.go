package admin

import (
	"time"

	"github.com/muster-id/muster/app"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/web"
)

// secretJSON is a client secret without its text.
type secretJSON struct {
	ID      string     `json:"id"`
	Prefix  string     `json:"prefix"`
	Created *time.Time `json:"created"`
	Expires *time.Time `json:"expires,omitempty"`
	Revoked *time.Time `json:"revoked,omitempty"`
}

// appJSON is an app on the wire: its settings under the names of RFC 7591, and
// what we keep about it.
type appJSON struct {
	ID           string `json:"id"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret,omitempty"` // in the answer that makes it, and never again
	Disabled     bool   `json:"disabled"`
	identity.AppSettings
	Secrets  []secretJSON `json:"secrets"`
	Created  *time.Time   `json:"created"`
	Modified *time.Time   `json:"modified"`
}

func wireApp(a *identity.App, secret string) appJSON {
	out := appJSON{
		ID: a.ID.String(), ClientID: a.ClientID, ClientSecret: secret, Disabled: a.Disabled, AppSettings: a.AppSettings,
		Secrets: []secretJSON{}, Created: web.When(a.Created), Modified: web.When(a.Modified),
	}
	for _, s := range a.Secrets {
		out.Secrets = append(out.Secrets, secretJSON{s.ID.String(), s.Prefix, web.When(s.Created), web.When(s.Expires), web.When(s.Revoked)})
	}
	return out
}

// rotationJSON says how a secret is replaced; times in seconds.
type rotationJSON struct {
	ExpiresIn int64 `json:"expires_in"`
	Overlap   int64 `json:"overlap"`
}

func (j rotationJSON) rotation(now time.Time) (app.Rotation, error) {
	const most = 10 * 365 * 24 * 3600
	if j.ExpiresIn < 0 || j.ExpiresIn > most || j.Overlap < 0 || j.Overlap > most {
		return app.Rotation{}, identity.NewError(identity.Invalid, "expires_in", "Times are seconds, up to ten years.")
	}
	out := app.Rotation{Overlap: time.Duration(j.Overlap) * time.Second}
	if j.ExpiresIn > 0 {
		out.Expires = now.Add(time.Duration(j.ExpiresIn) * time.Second)
	}
	return out, nil
}
