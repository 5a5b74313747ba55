package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// TestStopInGoodOrder sends SIGTERM under load: readiness goes first, requests
// go on being answered while it drains, those under way are finished, and the
// process ends with 0.
func TestStopInGoodOrder(t *testing.T) {
	databases(t, func(t *testing.T, dir, databaseURL string) {
		p := start(t, dir, databaseURL, "--drain", "700ms")
		var bulk strings.Builder
		bulk.WriteString(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[`)
		for i := range 500 {
			if i > 0 {
				bulk.WriteByte(',')
			}
			fmt.Fprintf(&bulk, `{"method":"POST","path":"/Users","bulkId":"b%d","data":%s}`, i, newUserBody(fmt.Sprintf("bulk-%d", i)))
		}
		bulk.WriteString(`]}`)

		p.signal(syscall.SIGTERM)
		time.Sleep(150 * time.Millisecond)
		if status := ready(t, p.root); status != http.StatusServiceUnavailable {
			t.Errorf("readyz while it drains: %d, want 503", status)
		}
		var wg sync.WaitGroup
		var cut atomic.Int32
		wg.Go(func() {
			// It is sent while the server drains and is long enough to be under way
			// when the door closes.
			time.Sleep(500 * time.Millisecond)
			status, text, err := p.send(http.MethodPost, "/Bulk", bulk.String())
			if err != nil || status != http.StatusOK || strings.Count(string(text), `"201"`) != 500 {
				cut.Add(1)
				t.Errorf("a request under way was not finished: %d, %d created, %v", status, strings.Count(string(text), `"201"`), err)
			}
		})
		wg.Wait()
		if code := p.wait(); code != 0 {
			t.Errorf("it ended with %d:\n%s", code, p.output.String())
		}
		p = start(t, dir, databaseURL)
		if _, _, total := p.users(); total != 540 {
			t.Errorf("%d users after the restart, want 540", total)
		}
	})
}

func ready(t *testing.T, root string) int {
	t.Helper()
	res, err := http.Get(root + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	return res.StatusCode
}

// TestSecondSignalStopsAtOnce checks that who cannot wait need not.
func TestSecondSignalStopsAtOnce(t *testing.T) {
	dir := t.TempDir()
	p := start(t, dir, "sqlite:"+dir+"/muster.db", "--drain", "1m")
	// A client that never finishes its request.
	var d net.Dialer
	conn, err := d.DialContext(context.Background(), "tcp", strings.TrimPrefix(p.root, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "POST /scim/v2/Users HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n")
	begun := time.Now()
	p.signal(syscall.SIGTERM)
	time.Sleep(100 * time.Millisecond)
	p.signal(syscall.SIGTERM)
	p.wait()
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
}
