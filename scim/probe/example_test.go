package probe_test

import (
	"context"
	"fmt"
	"net/http/httptest"

	"github.com/muster-id/muster/scim/probe"
)

// Examine a server for two behaviours and print a line for each.
func ExampleRun() {
	srv := httptest.NewServer(answer(200, scimJSON, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],`+
		`"totalResults":0,"filter":{"supported":true}}`))
	defer srv.Close()
	sum, err := probe.Run(context.Background(), probe.Target{URL: srv.URL, Token: "secret", Only: []string{"Q17", "P53"}},
		func(r probe.Result) { fmt.Println(r.Line()) })
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(sum)
	// Output:
	// skip  P53    Bulk goes on after failures unless failOnErrors says otherwise (RFC 7644 3.7): not offered: Bulk
	// pass  Q17    Looking for a user who is not there (RFC 7644 3.4.2; Entra ID)
	// 1 passed, 0 failed, 1 skipped
}
