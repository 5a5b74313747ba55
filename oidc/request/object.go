package request

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/muster-id/muster/identity"
)

const (
	maxObject = 48 << 10
	// skew is how far the clock of an app may be off.
	skew = time.Minute
	// maxAge is how old a request object may be, and how long it may be good for,
	// where the app is held to FAPI 2.0 Message Signing.
	maxAge = time.Hour
)

// objectAlgs sign request objects; FAPI leaves out RS256.
var objectAlgs = []string{"ES256", "PS256", "EdDSA", "RS256"}

// ObjectAlgs returns the algorithms by which request objects may be signed.
func ObjectAlgs() []string { return slices.Clone(objectAlgs) }

// An object is a request object that was read.
type object struct {
	values url.Values
	signed bool
}

func badObject(text string) error {
	return &Error{Code: "invalid_request_object", Text: text, Place: ByRedirect, Ref: "RFC 9101 section 6", Parameter: "request"}
}

// readObject checks a request object of an app (RFC 9101) and returns its
// parameters. clientID is what the request says outside of it.
func (d *Desk) readObject(ctx context.Context, c *Case, text string, from Source, clientID string) (object, error) {
	head, err := objectHeader(text)
	if err != nil {
		return object{}, err
	}
	var payload []byte
	if strings.EqualFold(head.Alg, "none") {
		payload, err = unsigned(c, text, from, head.Alg)
	} else {
		payload, err = d.signedBy(ctx, c, text, head.Alg)
	}
	if err != nil {
		return object{}, err
	}
	fields, err := strictObject(payload)
	if err != nil {
		return object{}, badObject("The request object is not a JSON object with every member once.")
	}
	if err := d.checkObject(c, fields, clientID); err != nil {
		return object{}, err
	}
	values, err := parameters(fields)
	return object{values, head.Alg != "none"}, err
}

type header struct {
	Alg  string          `json:"alg"`
	Typ  string          `json:"typ"`
	Crit json.RawMessage `json:"crit"`
}

// objectHeader reads the header and refuses what we never accept, before any key
// is looked at.
func objectHeader(text string) (h header, err error) {
	if len(text) > maxObject {
		return h, badObject("The request object is larger than 48 KiB.")
	}
	switch strings.Count(text, ".") {
	case 2:
	case 4:
		return h, badObject("Encrypted request objects are not supported.")
	default:
		return h, badObject("The request object is not a JWT.")
	}
	first, _, _ := strings.Cut(text, ".")
	raw, err := base64.RawURLEncoding.Strict().DecodeString(first)
	if err != nil || json.Unmarshal(raw, &h) != nil {
		return h, badObject("The header of the request object is not JSON.")
	}
	if _, err := strictObject(raw); err != nil {
		return h, badObject("The header of the request object is not JSON with every member once.")
	}
	switch typ := strings.TrimPrefix(strings.ToLower(h.Typ), "application/"); {
	case h.Crit != nil:
		return h, badObject("The request object has critical headers.")
	case typ != "" && typ != "jwt" && typ != "oauth-authz-req+jwt":
		return h, badObject("The request object has the type of something else.")
	}
	return h, nil
}

// unsigned returns the payload of a request object with alg "none", which an app
// that registered no other algorithm may use, only by reference to an address that
// it registered, and only where the organisation allows it. To register none of
// the algorithms is to allow every one (OpenID Connect Registration section 2).
func unsigned(c *Case, text string, from Source, alg string) ([]byte, error) {
	held := c.App.FAPI || c.App.RequireRequestObject || c.App.RequestObjectAlg != "" && c.App.RequestObjectAlg != "none"
	switch {
	case alg != "none" || held:
		return nil, badObject("The request object must be signed.")
	case from != ByReference || !c.Provider.Legacy.UnsignedRequestURI:
		code := map[Source]string{ByReference: "request_uri_not_supported"}[from]
		if code == "" {
			code = "request_not_supported"
		}
		return nil, &Error{Code: code, Text: "Request objects without a signature are not supported.", Place: ByRedirect,
			Ref: "OpenID Connect Core section 6.1", Parameter: "request"}
	}
	parts := strings.Split(text, ".")
	if parts[2] != "" {
		return nil, badObject("A request object with alg none has no signature.")
	}
	payload, err := base64.RawURLEncoding.Strict().DecodeString(parts[1])
	if err != nil {
		return nil, badObject("The request object is not a JWT.")
	}
	return payload, nil
}

// wishes takes from a refused request object without a signature how the app
// wants to hear of the refusal, which is worth as much there as outside of it.
func (r *AuthorizationRequest) wishes(text string) {
	head, err := objectHeader(text)
	if err != nil || head.Alg != "none" {
		return
	}
	payload, err := base64.RawURLEncoding.Strict().DecodeString(strings.Split(text, ".")[1])
	if err != nil {
		return
	}
	fields, err := strictObject(payload)
	if err != nil {
		return
	}
	values, err := parameters(fields)
	if err != nil {
		return
	}
	inside := Parse(values)
	if r.ResponseMode == "" && inside.bad["response_mode"] == "" {
		r.ResponseMode = inside.ResponseMode
	}
	if r.State == "" && inside.bad["state"] == "" {
		r.State = inside.State
	}
}

// signedBy verifies a request object by the keys of the app.
func (d *Desk) signedBy(ctx context.Context, c *Case, text, alg string) ([]byte, error) {
	algs := objectAlgs
	if c.App.FAPI {
		algs = objectAlgs[:3]
	}
	if c.App.RequestObjectAlg != "" {
		algs = []string{c.App.RequestObjectAlg}
	}
	if !slices.Contains(algs, alg) || !slices.Contains(objectAlgs, alg) {
		return nil, badObject("The request object is not signed with the algorithm that the app is registered for.")
	}
	v, err := d.apps.Verify(ctx, c.App, text, alg)
	if k := identity.KindOf(err); k == identity.Unauthenticated || k == identity.Invalid {
		return nil, badObject("The signature of the request object is not one of the app's.")
	}
	return v.Payload, err
}

// strictObject reads a JSON object and refuses one that has a member twice at
// its top, or anything after it.
func strictObject(text []byte) (map[string]json.RawMessage, error) {
	if !utf8.Valid(text) {
		return nil, errors.New("not UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.New("not an object")
	}
	out := map[string]json.RawMessage{}
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return nil, err
		}
		name, _ := t.(string)
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, err
		}
		if _, twice := out[name]; twice {
			return nil, errors.New("a member twice")
		}
		out[name] = value
	}
	if _, err := dec.Token(); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errors.New("more after the object")
	}
	return out, nil
}

// registered are the claims that say something of the JWT itself.
type registered struct {
	Iss      string   `json:"iss"`
	Sub      string   `json:"sub"`
	Aud      audience `json:"aud"`
	Exp      *float64 `json:"exp"`
	Nbf      *float64 `json:"nbf"`
	Iat      *float64 `json:"iat"`
	ClientID string   `json:"client_id"`
}

// An audience is one text or a list of them.
type audience []string

// UnmarshalJSON reads either form.
func (a *audience) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(a))
}

// checkObject holds the claims of a request object against RFC 9101 and, for
// apps of FAPI, against FAPI 2.0 Message Signing section 5.3.1.
func (d *Desk) checkObject(c *Case, fields map[string]json.RawMessage, clientID string) error {
	var in registered
	for name, to := range map[string]any{"iss": &in.Iss, "sub": &in.Sub, "aud": &in.Aud, "exp": &in.Exp, "nbf": &in.Nbf, "iat": &in.Iat, "client_id": &in.ClientID} {
		if raw, ok := fields[name]; ok && json.Unmarshal(raw, to) != nil {
			return badObject("The claim " + name + " of the request object is not of its type.")
		}
	}
	strict := c.App.FAPI || c.App.RequireRequestObject
	issuer := d.issuer(c.Org)
	switch {
	case in.ClientID != "" && in.ClientID != clientID, in.ClientID == "" && strict && in.Iss != clientID:
		return badObject("client_id is not the same inside and outside of the request object.")
	case in.Iss != "" && in.Iss != clientID || strict && in.Iss == "":
		return badObject("The request object must have the app's client_id as iss.")
	case in.Sub != "" && in.Sub == clientID:
		return badObject("The request object must not have the app as sub.")
	case in.Aud != nil && !slices.Contains(in.Aud, issuer) || strict && in.Aud == nil:
		return badObject("The request object must have the issuer as aud.")
	case fields["request"] != nil || fields["request_uri"] != nil:
		return badObject("A request object must not name another.")
	}
	return d.checkTimes(in, strict)
}

func (d *Desk) checkTimes(in registered, strict bool) error {
	now := d.now()
	at := func(f *float64) time.Time { return time.UnixMilli(int64(*f * 1000)) }
	for _, f := range []*float64{in.Exp, in.Nbf, in.Iat} {
		if f != nil && (*f < 0 || *f > 1e11) {
			return badObject("A time of the request object is none.")
		}
	}
	switch {
	case strict && (in.Exp == nil || in.Nbf == nil):
		return badObject("The request object needs exp and nbf.")
	case in.Exp != nil && !now.Before(at(in.Exp)):
		return badObject("The request object has expired.")
	case in.Nbf != nil && at(in.Nbf).After(now.Add(skew)), in.Iat != nil && at(in.Iat).After(now.Add(skew)):
		return badObject("The request object is of the future.")
	case strict && at(in.Nbf).Before(now.Add(-maxAge)):
		return badObject("The request object is older than an hour.")
	case strict && at(in.Exp).After(at(in.Nbf).Add(maxAge)):
		return badObject("The request object is good for more than an hour.")
	}
	return nil
}

// aboutItself are the claims of a request object that are no parameters.
var aboutItself = []string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti"}

// parameters makes parameters of the claims of a request object.
func parameters(fields map[string]json.RawMessage) (url.Values, error) {
	out := url.Values{}
	if len(fields) > maxParameters {
		return nil, badObject("The request object has too many members.")
	}
	for name, raw := range fields {
		if slices.Contains(aboutItself, name) {
			continue
		}
		list, err := parameter(name, raw)
		if err != nil {
			return nil, err
		}
		for _, v := range list {
			if !clean(v) {
				return nil, badObject("A member of the request object is not UTF-8 text.")
			}
			if v != "" {
				out.Add(name, v)
			}
		}
	}
	return out, nil
}

// parameter makes one of them: text stays, numbers and booleans become text, and
// objects, such as "claims", JSON. A list is one only for what may come twice.
func parameter(name string, raw json.RawMessage) ([]string, error) {
	raw = bytes.TrimSpace(raw)
	switch raw[0] {
	case '"':
		var s string
		err := json.Unmarshal(raw, &s)
		return []string{s}, err
	case '[':
		var list []string
		if !repeatable[name] || json.Unmarshal(raw, &list) != nil {
			return nil, badObject("The member " + quoteName(name) + " of the request object must be text.")
		}
		return list, nil
	case 'n':
		return nil, nil
	}
	return []string{string(raw)}, nil
}

// quoteName shows the name of a parameter that we know, and no other.
func quoteName(name string) string {
	if _, ok := maxLength[name]; ok {
		return name
	}
	return "at fault"
}
