package secret

import (
	"context"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// known are hashes that other programs made.
var known = []struct{ name, encoded, password string }{
	{"bcrypt 2a", "$2a$05$bvIG6Nmid91Mu9RcmmWZfO5HJIMCT8riNW0hEp8f6/FuA2/mHZFpe", "password"},
	{"bcrypt 2y", "$2y$05$bvIG6Nmid91Mu9RcmmWZfO5HJIMCT8riNW0hEp8f6/FuA2/mHZFpe", "password"},
	{"bcrypt with a label", "{BCRYPT}$2a$05$bvIG6Nmid91Mu9RcmmWZfO5HJIMCT8riNW0hEp8f6/FuA2/mHZFpe", "password"},
	{"PBKDF2 with SHA-1", "$pbkdf2$130000$MDEyMzQ1Njc4OWFiY2RlZg$SfLkGpoupmOaYCADSAv5.2JqEks", "Hello world!"},
	{"PBKDF2 with SHA-256", "$pbkdf2-sha256$29000$N2YMIWQsBWBMae09x1jrPQ$1t8iyB2A.WF/Z5JZv.lfCIhXXN33N23OSgQYThBYRfk", "toomanysecrets"},
	{"PBKDF2 with SHA-512", "$pbkdf2-sha512$25000$MDEyMzQ1Njc4OWFiY2RlZg$fMrHiZkePdy.30GggU10aTRH3oEqvHKBh8TeTm8aYF1KKqpgtVaE68GS9SpMUL7I30Ay22vOJdlFTu70lIvwkw", "Hello world!"},
	{"PBKDF2 of Django", "pbkdf2_sha256$10000$seasalt$CWWFdHOWwPnki7HvkcqN9iA2T3KLW1cf2uZ5kvArtVY=", "lètmein"},
	{"scrypt", "$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E", "password"},
	{"SSHA", "{SSHA}MQCu4ULhbjN/m8GjCqCeGAPRr2ZzYWx0c2FsdA==", "Hello world!"},
	{"SSHA256", "{SSHA256}G7PF9TUSELczltJ7gmqKH1Da1d3gpH1nIrag42quQwRzYWx0c2FsdA==", "Hello world!"},
	{"SSHA512", "{ssha512}e5ouc7Gp84W3s3tg+qC3yU9M5JxemWe7T7F5ACNphX45E4f4CTVbkRF1/e6TIsObPZJtBwVteHPs2dAh0FETAnNhbHRzYWx0", "Hello world!"},
	{"SHA-256 crypt", "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5", "Hello world!"},
	{"SHA-512 crypt", "{CRYPT}$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1", "Hello world!"},
	{"SHA-512 crypt with rounds", "$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v.", "Hello world!"},
	{"argon2i", "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA", "password"},
	{"argon2id of another cost", "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", "password"},
}

func TestHashesOfOthers(t *testing.T) {
	for _, c := range known {
		t.Run(c.name, func(t *testing.T) {
			if err := CheckImport(c.encoded); err != nil {
				t.Fatalf("CheckImport = %v", err)
			}
			if !NeedsRehash(c.encoded) {
				t.Error("NeedsRehash = false")
			}
			for password, want := range map[string]bool{c.password: true, c.password + "x": false, strings.ToUpper(c.password): false, "": false} {
				if got, err := CheckPassword(t.Context(), c.encoded, password); err != nil || got != want {
					t.Errorf("CheckPassword(%q) = %v, %v, want %v", password, got, err, want)
				}
			}
		})
	}
	ours, err := HashPassword(t.Context(), "correct horse")
	if err != nil || NeedsRehash(ours) || NeedsRehash(Nobody()) {
		t.Errorf("NeedsRehash of our own hash = true (%v)", err)
	}
	if ok, err := CheckPassword(t.Context(), Nobody(), "correct horse"); ok || err != nil {
		t.Errorf("CheckPassword against nobody's hash = %v, %v", ok, err)
	}
}

// What another system hashed was not normalised by our rules.
func TestHashOfOthersTakesWhatWasTyped(t *testing.T) {
	for _, typed := range []string{"a\u0308bc", "a\x00bc", "\u00e4bc"} {
		sum := sha1.Sum([]byte(typed + "saltsalt"))
		encoded := "{SSHA}" + base64.StdEncoding.EncodeToString(append(sum[:], "saltsalt"...))
		if ok, err := CheckPassword(t.Context(), encoded, typed); !ok || err != nil {
			t.Errorf("CheckPassword(%q) = %v, %v", typed, ok, err)
		}
	}
}

func TestAttack62HashesOfAbsurdCost(t *testing.T) {
	salt, sum := "c29tZXNhbHQ", "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	for name, c := range map[string]struct {
		encoded string
		want    error
	}{
		"E62 bcrypt of cost 31":       {"$2a$31$bvIG6Nmid91Mu9RcmmWZfO5HJIMCT8riNW0hEp8f6/FuA2/mHZFpe", ErrHashCost},
		"E62 bcrypt of cost 99":       {"$2a$99$bvIG6Nmid91Mu9RcmmWZfO5HJIMCT8riNW0hEp8f6/FuA2/mHZFpe", ErrHashCost},
		"E62 argon2 with 4 GiB":       {"$argon2id$v=19$m=4194304,t=2,p=1$" + salt + "$" + sum, ErrHashCost},
		"E62 argon2 with 2^32 passes": {"$argon2id$v=19$m=19456,t=4294967296,p=1$" + salt + "$" + sum, ErrHashCost},
		"E62 argon2 with 255 lanes":   {"$argon2id$v=19$m=19456,t=2,p=255$" + salt + "$" + sum, ErrHashCost},
		"argon2 without passes":       {"$argon2id$v=19$m=19456,t=0,p=1$" + salt + "$" + sum, ErrHashKind},
		"argon2d":                     {"$argon2d$v=19$m=19456,t=2,p=1$" + salt + "$" + sum, ErrHashKind},
		"argon2 with a short sum":     {"$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$c29t", ErrHashKind},
		"E62 scrypt with 2^30":        {"$scrypt$ln=30,r=8,p=1$" + salt + "$" + sum, ErrHashCost},
		"E62 scrypt that overflows":   {"$scrypt$ln=4294967295,r=4294967295,p=1$" + salt + "$" + sum, ErrHashCost},
		"E62 scrypt with many lanes":  {"$scrypt$ln=14,r=8,p=4096$" + salt + "$" + sum, ErrHashCost},
		"E62 PBKDF2 of a billion":     {"$pbkdf2-sha256$1000000000$" + salt + "$" + sum, ErrHashCost},
		"PBKDF2 with another hash":    {"$pbkdf2-md5$1000$" + salt + "$" + sum, ErrHashKind},
		"E62 SHA-512 crypt":           {"$6$rounds=999999999$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjlO/O817G3uBnIFNjnQJuesI68OTLiBFdcfYEdFCoEOfaS35inz1", ErrHashCost},
		"MD5 crypt":                   {"$1$5pZSV9va$azfrPr6af3Fc7dLblQXVa0", ErrHashKind},
		"unsalted SHA-1":              {"{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", ErrHashKind},
		"plain text":                  {"{CLEARTEXT}password", ErrHashKind},
		"nothing":                     {"", ErrHashKind},
		"a megabyte":                  {"$6$" + strings.Repeat("a", 1<<20), ErrHashKind},
	} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			if err := CheckImport(c.encoded); !errors.Is(err, c.want) {
				t.Errorf("CheckImport = %v, want %v", err, c.want)
			}
			if ok, err := CheckPassword(t.Context(), c.encoded, "password"); ok || !errors.Is(err, c.want) {
				t.Errorf("CheckPassword = %v, %v, want %v", ok, err, c.want)
			}
			if took := time.Since(began); took > time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

func FuzzParseHash(f *testing.F) {
	for _, c := range known {
		f.Add(c.encoded)
	}
	f.Fuzz(func(t *testing.T, text string) {
		h, err := parseHash(text)
		if err == nil && h.check == nil {
			t.Errorf("parseHash(%q) gave nothing to check by", text)
		}
		if err != nil && err != ErrHashKind && err != ErrHashCost {
			t.Errorf("parseHash(%q): %v", text, err)
		}
	})
}

func TestGate(t *testing.T) {
	g := newGate(2, 3, time.Minute)
	hold, running := make(chan struct{}), make(chan struct{}, 8)
	var wg sync.WaitGroup
	start := func() {
		wg.Go(func() {
			if err := g.do(context.Background(), func() { running <- struct{}{}; <-hold }); err != nil {
				t.Errorf("do: %v", err)
			}
		})
	}
	start()
	start()
	<-running
	<-running
	for range 3 {
		start()
	}
	for g.waiting.Load() < 3 {
		runtime.Gosched()
	}
	if err := g.do(t.Context(), func() { t.Error("ran beyond the queue") }); err != ErrBusy {
		t.Errorf("beyond the queue: %v, want ErrBusy", err)
	}
	close(hold)
	wg.Wait()
	if n := g.waiting.Load(); n != 0 {
		t.Errorf("%d are still waiting", n)
	}
}

func TestGateWaitsNotForEver(t *testing.T) {
	g := newGate(1, 3, 10*time.Millisecond)
	g.slots <- struct{}{}
	if err := g.do(t.Context(), func() { t.Error("ran") }); err != ErrBusy {
		t.Errorf("after the wait: %v, want ErrBusy", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	g.wait = time.Minute
	if err := g.do(ctx, func() { t.Error("ran") }); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestAttack44ManyLargePasswords(t *testing.T) {
	phc, err := HashPassword(t.Context(), "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	huge := strings.Repeat("a", 1<<20)
	stop, peak := make(chan struct{}), make(chan uint64)
	go func() { peak <- peakHeap(stop) }()
	var busy, wrong atomic.Int64
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			password := huge
			if i%2 == 0 {
				password = fmt.Sprintf("guess %d", i)
			}
			ok, err := CheckPassword(t.Context(), phc, password)
			switch {
			case errors.Is(err, ErrBusy):
				busy.Add(1)
			case err != nil || ok:
				t.Errorf("CheckPassword = %v, %v", ok, err)
			default:
				wrong.Add(1)
			}
		})
	}
	wg.Wait()
	close(stop)
	// Each that runs takes 19 MiB; the collector may keep as much again for a while.
	limit := uint64(runtime.NumCPU()*4+2) * uint64(argonMemory) * 1024
	if got := <-peak; got > limit {
		t.Errorf("the heap grew to %d MiB, want at most %d", got>>20, limit>>20)
	}
	if busy.Load() == 0 || wrong.Load() < 100 {
		t.Errorf("%d were told to come again and %d that they are wrong", busy.Load(), wrong.Load())
	}
}

// peakHeap measures until stop is closed.
func peakHeap(stop chan struct{}) (peak uint64) {
	for {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		peak = max(peak, m.HeapAlloc)
		select {
		case <-stop:
			return peak
		case <-time.After(5 * time.Millisecond):
		}
	}
}
