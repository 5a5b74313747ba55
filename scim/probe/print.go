package probe

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Line returns a result as one line for people; a failure has its detail on the
// lines below. The caller may colour it.
func (r Result) Line() string {
	line := fmt.Sprintf("%s  %-5s  %s (%s)", r.Status, r.ID, r.Title, r.Ref)
	switch {
	case r.Detail == "":
		return line
	case r.Status == Skip:
		return line + ": " + r.Detail
	}
	return line + "\n      " + strings.ReplaceAll(r.Detail, "\n", "\n      ")
}

// String returns the summary as one line for people.
func (s Summary) String() string {
	line := fmt.Sprintf("%d passed, %d failed, %d skipped", s.Passed, s.Failed, s.Skipped)
	if len(s.Left) > 0 {
		line += "; could not delete " + strings.Join(s.Left, ", ")
	}
	return line
}

// Text returns a reporter for Run that writes a line a result.
func Text(w io.Writer) func(Result) {
	return func(r Result) { fmt.Fprintln(w, r.Line()) }
}

// WriteJSON writes results and summary as one JSON document. Durations are in
// milliseconds.
func WriteJSON(w io.Writer, results []Result, sum Summary) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if results == nil {
		results = []Result{}
	}
	return e.Encode(struct {
		Results []Result `json:"results"`
		Summary Summary  `json:"summary"`
	}{results, sum})
}

// MarshalJSON adds the duration in milliseconds as "ms".
func (r Result) MarshalJSON() ([]byte, error) {
	type plain Result
	return json.Marshal(struct {
		plain
		MS float64 `json:"ms"`
	}{plain(r), float64(r.Duration.Microseconds()) / 1000})
}

// MarshalJSON adds the duration in milliseconds as "ms".
func (s Summary) MarshalJSON() ([]byte, error) {
	type plain Summary
	return json.Marshal(struct {
		plain
		MS float64 `json:"ms"`
	}{plain(s), float64(s.Duration.Microseconds()) / 1000})
}
