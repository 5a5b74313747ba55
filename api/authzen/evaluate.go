package authzen

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/muster-id/muster/access"
	"github.com/muster-id/muster/identity"
	"github.com/muster-id/muster/web"
)

// A decision is one answer on the wire.
type decision struct {
	Decision bool           `json:"decision"`
	Context  map[string]any `json:"context,omitempty" description:"Why: reason, with explain also reasons and nearest; error for an item that is no question."`
}

// evaluation answers one question (section 6).
func (d *Door) evaluation(w http.ResponseWriter, r *http.Request, org identity.OrgID) error {
	var t tuple
	if err := read(w, r, &t); err != nil {
		return err
	}
	return d.single(w, r, org, t)
}

func (d *Door) single(w http.ResponseWriter, r *http.Request, org identity.OrgID, t tuple) error {
	q, err := t.question(needSubject | needAction | needResource)
	if err != nil {
		return err
	}
	if explain(r) {
		e, err := d.o.Access.Explain(r.Context(), org, q)
		if err != nil {
			return err
		}
		web.JSON(w, http.StatusOK, explained(e))
		return nil
	}
	a, err := d.o.Access.Decide(r.Context(), org, q)
	if err != nil {
		return err
	}
	send(w, appendDecision(make([]byte, 0, 32), a.Allow))
	return nil
}

// explain reports whether the caller asks for reasons.
func explain(r *http.Request) bool {
	if r.URL.RawQuery == "" {
		return false
	}
	q := r.URL.Query()
	v := q.Get("explain")
	return q.Has("explain") && v != "0" && v != "false"
}

// The semantics of a batch (section 7.1.2.1).
const (
	executeAll     = "execute_all"
	denyOnDeny     = "deny_on_first_deny"
	permitOnPermit = "permit_on_first_permit"
)

// evaluations answers many questions (section 7). An item that is no question is
// answered with false; a batch that is none is an error.
func (d *Door) evaluations(w http.ResponseWriter, r *http.Request, org identity.OrgID) error {
	b, questions, faults, err := readBatch(w, r)
	if err != nil {
		return err
	}
	semantic := b.Options.Semantic
	switch semantic {
	case "":
		semantic = executeAll
	case executeAll, denyOnDeny, permitOnPermit:
	default:
		return invalid("There is no evaluations_semantic " + strconv.Quote(semantic) + ".")
	}
	if len(faults) == 0 {
		return d.single(w, r, org, b.tuple)
	}
	if len(faults) > maxItems {
		return invalid("A request holds at most " + strconv.Itoa(maxItems) + " evaluations.")
	}
	answers, err := d.o.Access.DecideAll(r.Context(), org, questions)
	if err != nil {
		return err
	}
	out := append(make([]byte, 0, 24+20*len(answers)), `{"evaluations":[`...)
	next := 0
	for i, fault := range faults {
		if i > 0 {
			out = append(out, ',')
		}
		allow := false
		if fault == nil {
			allow = answers[next].Allow
			next++
		}
		last := semantic == denyOnDeny && !allow || semantic == permitOnPermit && allow
		switch {
		case fault != nil:
			out = appendFault(out, fault)
		case last:
			out = append(strconv.AppendBool(append(out, `{"decision":`...), allow), `,"context":{"reason":"`+semantic+`"}}`...)
		default:
			out = appendDecision(out, allow)
		}
		if last {
			break
		}
	}
	send(w, append(out, "]}"...))
	return nil
}

// readBatch reads a batch and lays its items over the defaults. A fault stands at
// every item that is no question, nil at the others, whose questions follow each
// other.
func readBatch(w http.ResponseWriter, r *http.Request) (b batch, list []access.Question, faults []error, err error) {
	add := func(t tuple, err error) {
		var q access.Question
		if err == nil {
			q, err = t.over(b.tuple).question(needSubject | needAction | needResource)
		}
		if err == nil {
			list = append(list, q)
		}
		faults = append(faults, err)
	}
	err = body(w, r, func(text []byte) error {
		b.Evaluations = make([]tuple, 0, min(maxItems, 1+len(text)/64)) // an item is seldom shorter
		err := decode(text, &b)
		if err == nil {
			list, faults = make([]access.Question, 0, len(b.Evaluations)), make([]error, 0, len(b.Evaluations))
			for _, t := range b.Evaluations {
				add(t, nil)
			}
			return nil
		}
		// Perhaps it is one item alone that is of a wrong type.
		var loose looseBatch
		if decode(text, &loose) != nil {
			return err
		}
		b = batch{tuple: loose.tuple, options: loose.options}
		for _, raw := range loose.Evaluations {
			var t tuple
			err := decode(raw, &t)
			add(t, err)
		}
		return nil
	})
	return b, list, faults, err
}

func appendDecision(out []byte, allow bool) []byte {
	return append(strconv.AppendBool(append(out, `{"decision":`...), allow), '}')
}

func appendFault(out []byte, fault error) []byte {
	text, _ := json.Marshal(fault.Error()) // a string always marshals
	out = append(out, `{"decision":false,"context":{"error":{"status":400,"message":`...)
	return append(append(out, text...), "}}}"...)
}

// send writes JSON that is ready.
func send(w http.ResponseWriter, body []byte) {
	h := w.Header()
	h["Content-Type"], h["Cache-Control"] = jsonType, noStore
	_, _ = w.Write(body) // the client may be gone; nobody else to tell
}

// Header values that every answer shares.
var jsonType, noStore = []string{"application/json"}, []string{"no-store"}
