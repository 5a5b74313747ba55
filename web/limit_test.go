package web_test

import (
	"fmt"
	"testing"

	"github.com/muster-id/muster/web"
)

func TestLimiter(t *testing.T) {
	l := web.NewLimiter(60)
	allowed := 0
	for range 100 {
		if l.Wait("192.0.2.1") == 0 {
			allowed++
		}
	}
	if allowed < 30 || allowed > 40 {
		t.Errorf("%d of 100 at once are allowed, want half a minute's worth", allowed)
	}
	if l.Wait("192.0.2.2") != 0 {
		t.Error("another network has to wait")
	}
	for i := range 100 {
		l.Wait(fmt.Sprintf("2001:db8::%x", i))
	}
	if l.Wait("2001:db8::ffff") == 0 {
		t.Error("a household has as many attempts as addresses")
	}
	if wait := web.NewLimiter(0).Wait("192.0.2.1"); wait != 0 {
		t.Errorf("without a limit one waits %s", wait)
	}
}
