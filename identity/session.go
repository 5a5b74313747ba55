package identity

import "time"

// A Session is one person signed in with one browser.
type Session struct {
	Org      OrgID
	ID       ID // also the sid of ID tokens
	User     ID
	Hash     []byte // keyed hash of the cookie's value
	Created  time.Time
	Seen     time.Time // of the last use, to the minute
	Idle     time.Time // it ends unless used before
	Expires  time.Time // it ends whatever happens
	Ended    time.Time // zero: not ended
	AuthTime time.Time // when the person last proved who they are
	AMR      []string  // how (RFC 8176)
	ACR      string    // how well
	Agent    string    // User-Agent, cut to 256 bytes
	Address  string    // of the browser
	Browser  ID        // the remembered browser that it runs in, zero if none
}

// Alive reports whether the session holds at a time.
func (s Session) Alive(at time.Time) bool {
	return s.Ended.IsZero() && at.Before(s.Idle) && at.Before(s.Expires)
}

// A Grant is what a person allowed an app, or what an app got for itself: the
// root of all tokens that follow from one authorization. Ending it ends them.
type Grant struct {
	Org     OrgID
	ID      ID
	App     ID
	User    ID // zero: the app acts for itself
	Session ID // zero: not bound to a session, as with offline_access
	Created time.Time
	Idle    time.Time // a refresh token not used until then is dead
	Expires time.Time
	Ended   time.Time // zero: not ended
	// Generation counts the refresh tokens; Rotated is when the latest came.
	// Generation 0 is a grant without a refresh token.
	Generation int64
	Rotated    time.Time
	Secret     []byte // 32 random bytes that the refresh tokens are made of
	Data       []byte // JSON: scopes, claims, binding; package token reads it
}

// A Consent is what a person has allowed an app for good.
type Consent struct {
	Org      OrgID
	User     ID
	App      ID
	Scopes   []string
	Created  time.Time
	Modified time.Time
}

// An Artefact is a thing with a secret name and an end that is used once or
// changed step by step: a code, a pushed request, a link in a letter, a
// sign-in under way. Kind is part of its key, so that none passes for another.
type Artefact struct {
	Org      OrgID
	Kind     string
	Hash     []byte // keyed hash of the secret name
	Subject  ID     // the user or app whose it is, zero if none
	Version  int64
	Created  time.Time
	Expires  time.Time
	Consumed time.Time // zero: not consumed
	Data     []byte
}

// Alive reports whether the artefact can still be used at a time.
func (a Artefact) Alive(at time.Time) bool {
	return a.Consumed.IsZero() && at.Before(a.Expires)
}

// An Authenticator is something that a person enrolled to prove who they are:
// a passkey, an app for one-time codes, a list of recovery codes.
type Authenticator struct {
	Org     OrgID
	ID      ID
	User    ID
	Kind    string // "passkey", "totp", "recovery"
	Key     []byte // credential id of a passkey; else the ID. Unique in organisation and kind
	Name    string // that the person gave it
	Created time.Time
	Used    time.Time
	Version int64
	Sealed  []byte // what verifies it
}

// Attempts count failures to prove something, under a name such as
// "user:ID" or "user:ID|net:192.0.2.0/24".
type Attempts struct {
	Org      OrgID
	Key      string
	Failures int64
	First    time.Time // of the failures that still count
	Last     time.Time
}

// A SigningKey signs the tokens of an organisation. Its state follows from the
// time: next until Active, active until Retiring, retiring until Gone.
type SigningKey struct {
	Org      OrgID
	ID       string // kid
	Alg      string // RFC 7518 name
	Created  time.Time
	Active   time.Time
	Retiring time.Time // zero: no successor yet
	Gone     time.Time // zero: as Retiring
	Public   []byte    // JWK
	Sealed   []byte    // private JWK
}

// A Job is work that must happen although the process may die: a letter to
// send, an app to tell of a sign-out.
type Job struct {
	Org      OrgID
	ID       ID
	Kind     string
	Due      time.Time
	Tries    int64
	Created  time.Time
	Finished time.Time // zero: not yet
	Failed   bool      // given up; Error says why
	Error    string
	Sealed   []byte // what is to be done; it may hold secrets
	Subject  ID     // the person whom it is about, zero if none
	Note     string // one line for people, without secrets: "Recovery to a•••@example.com"
}

// A Domain is an e-mail domain that belongs to an organisation.
type Domain struct {
	Org      OrgID
	Name     string // lower case, ASCII form
	Verified time.Time
	Created  time.Time
}
