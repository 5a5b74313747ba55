package server_test

import (
	"fmt"
	"net/http"
	"testing"
)

// TestAccessIfMatch: of a change and a deletion of what was read before it, one
// works.
func TestAccessIfMatch(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		const rounds = 60
		for i := range rounds {
			path := "/actions/" + d.make("/actions", fmt.Sprintf(`{"name":"race %d"}`, i))
			tag := d.call("GET", path, "").Header().Get("ETag")
			changed := make(chan int)
			go func() { changed <- d.call("PATCH", path, `{"description":"new"}`).Code }()
			deleted := d.call("DELETE", path, "", "If-Match", tag).Code
			switch codes := [2]int{<-changed, deleted}; codes {
			case [2]int{http.StatusOK, http.StatusPreconditionFailed}, [2]int{http.StatusNotFound, http.StatusNoContent}:
			default:
				t.Fatalf("round %d: change and deletion end as %v", i, codes)
			}
		}
	})
}
