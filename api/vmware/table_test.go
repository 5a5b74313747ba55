package vmware

import (
	"net/http"
	"strings"
	"testing"
)

// documented is who may use the 53 operations, in the order of the documentation:
// Platform operator, Organization Owner, Organization Member, Service Account,
// Anonymous.
const documented = `A A A A A A POMS A A A POMS PO POS PO PO POM POMS PO PO PO PO POS POM POM POMS
	POMS POMS POMS POMS POMS POMS POMS POMS POMS POMS POMS POMS POM PS POM PO POM PO PO PS PO A POMS PS PO PO PO PO`

func TestPolicies(t *testing.T) {
	want := strings.Fields(documented)
	list := Operations()
	if len(list) != len(want) {
		t.Fatalf("%d operations, want %d", len(list), len(want))
	}
	letters := map[Kind]string{Platform: "P", Owner: "O", Member: "M", Service: "S", Anonymous: "A"}
	for i, op := range list {
		if op.Row != i+1 {
			t.Errorf("operation %d is row %d", i+1, op.Row)
		}
		for _, k := range Kinds() {
			may := want[i] == "A" || strings.Contains(want[i], letters[k])
			if op.Policy.Allows(k) != may {
				t.Errorf("row %d allows %s: %v, want %v", op.Row, k, !may, may)
			}
		}
		if op.Policy.Allows(Stranger) != (want[i] == "A") {
			t.Errorf("row %d and strangers: %v", op.Row, op.Policy)
		}
	}
}

// TestRoutes holds the routes to the table: each row has its route, and routes do
// not contradict one another.
func TestRoutes(t *testing.T) {
	d := New(Options{})
	mux := http.NewServeMux()
	d.Mount(mux)
	have := map[string]bool{}
	for _, r := range d.Routes() {
		have[r.Pattern] = true
	}
	for _, op := range Operations() {
		if !have[op.Method+" "+op.Path] {
			t.Errorf("row %d has no route", op.Row)
		}
		if len(op.Successors) == 0 && (op.Row < 37 || op.Row > 39) && op.Row != 6 {
			t.Errorf("row %d has no successor", op.Row)
		}
	}
}
