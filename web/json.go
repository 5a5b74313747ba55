package web

import (
	"encoding/json"
	"net/http"
)

// JSON answers with a JSON value that nobody may keep, unless the headers of
// the answer already say which type it has and how long it lasts. It panics for
// a value that is none of JSON, which is a fault of ours.
func JSON(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		panic("web: an answer that is no JSON: " + err.Error())
	}
	h := w.Header()
	if h.Get("Content-Type") == "" {
		h.Set("Content-Type", "application/json")
	}
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(text) // the client may be gone; nobody else to tell
}
