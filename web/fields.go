package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/muster-id/muster/identity"
)

var (
	errFields = identity.NewError(identity.Invalid, "", "The body is neither a form nor a JSON object of strings.")
	errLarge  = identity.NewError(identity.Invalid, "", "The body is too large or was cut off.")
	errTwice  = identity.NewError(identity.Invalid, "", "A field stands more than once.")
)

// Fields reads the body of a request of at most limit bytes, for doors whose
// clients send the same words as a form or as a JSON object. Each field stands
// once, and is text without NUL. JSON members are strings; those that are null
// are left out.
func Fields(w http.ResponseWriter, r *http.Request, limit int64) (url.Values, error) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if err != nil {
		return nil, errLarge
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind == "application/x-www-form-urlencoded" {
		return formFields(string(text))
	}
	return jsonFields(text)
}

func formFields(text string) (url.Values, error) {
	form, err := url.ParseQuery(text)
	if err != nil {
		return nil, errFields
	}
	for k, v := range form {
		if len(v) > 1 {
			return nil, errTwice
		}
		if !plain(k) || !plain(v[0]) {
			return nil, errFields
		}
	}
	return form, nil
}

func plain(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

func jsonFields(text []byte) (url.Values, error) {
	out := url.Values{}
	if len(bytes.TrimSpace(text)) == 0 {
		return out, nil
	}
	if !utf8.Valid(text) {
		return nil, errFields
	}
	d := json.NewDecoder(bytes.NewReader(text))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errFields
	}
	seen := map[string]bool{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, errFields
		}
		value, err := d.Token()
		key, _ := name.(string) // the decoder allows nothing else
		if err != nil || !plain(key) {
			return nil, errFields
		}
		if seen[key] {
			return nil, errTwice
		}
		seen[key] = true
		switch v := value.(type) {
		case nil:
		case string:
			if !plain(v) {
				return nil, errFields
			}
			out.Set(key, v)
		default:
			return nil, errFields
		}
	}
	if _, err := d.Token(); err != nil {
		return nil, errFields
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errFields
	}
	return out, nil
}
