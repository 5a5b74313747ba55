package secret

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func testKeys(t testing.TB, fill byte) *Keys {
	t.Helper()
	k, err := FromBytes(bytes.Repeat([]byte{fill}, MasterSize))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestOpenMakesAPrivateFileOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data", "master.key")
	var wg sync.WaitGroup
	prints := make([]string, 16)
	for i := range prints {
		wg.Go(func() {
			k, err := Open(path)
			if err != nil {
				t.Errorf("Open: %v", err)
				return
			}
			prints[i] = k.Fingerprint()
		})
	}
	wg.Wait()
	for _, p := range prints {
		if p != prints[0] || p == "" {
			t.Fatalf("fingerprints of concurrent starts differ: %q", prints)
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o600 {
		t.Errorf("mode of the key file = %o, want 600", got)
	}
	rest, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(rest) != 1 {
		t.Errorf("files left beside the key: %v, %v", rest, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	hex64 := strings.Repeat("ab", MasterSize)
	for name, c := range map[string]struct {
		text string
		mode os.FileMode
		want string
	}{
		"a file that the group may read":  {hex64, 0o640, "can be read by others"},
		"a file that anybody may read":    {hex64, 0o604, "chmod 600"},
		"a file with half a key":          {hex64[:32], 0o600, "does not hold 64"},
		"a file with something else":      {"correct horse battery staple", 0o600, "does not hold 64"},
		"an empty file":                   {"", 0o600, "does not hold 64"},
		"a key of zeros, made by mistake": {strings.Repeat("00", MasterSize), 0o600, "all zeros"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "master.key")
			if err := os.WriteFile(path, []byte(c.text), c.mode); err != nil {
				t.Fatal(err)
			}
			_, err := Open(path)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("Open = %v, want an error with %q", err, c.want)
			}
			if strings.Contains(err.Error(), hex64[:16]) {
				t.Errorf("the error tells the key: %v", err)
			}
		})
	}
}

func TestDeriveSeparatesPurposes(t *testing.T) {
	a, b := testKeys(t, 1), testKeys(t, 2)
	if once, again := a.Derive("x"), a.Derive("x"); once != again {
		t.Error("one purpose gave two keys")
	}
	if a.Derive("x") == a.Derive("y") || a.Derive("x") == b.Derive("x") {
		t.Error("two purposes or two masters gave one key")
	}
	if a.Fingerprint() == b.Fingerprint() {
		t.Error("two masters have one fingerprint")
	}
}

func TestSeal(t *testing.T) {
	k, plain := testKeys(t, 1), []byte("attack at dawn")
	sealed := k.Seal("a", plain)
	if got, err := k.Open("a", sealed); err != nil || !bytes.Equal(got, plain) {
		t.Fatalf("Open = %q, %v", got, err)
	}
	if bytes.Equal(sealed, k.Seal("a", plain)) {
		t.Error("sealing twice gave one text")
	}
	if _, err := k.Open("b", sealed); err != ErrSealed {
		t.Errorf("Open for another purpose: %v, want ErrSealed", err)
	}
	if _, err := testKeys(t, 2).Open("a", sealed); err != ErrSealed {
		t.Errorf("Open with another master: %v, want ErrSealed", err)
	}
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		if _, err := k.Open("a", bad); err != ErrSealed {
			t.Errorf("Open with byte %d changed: %v, want ErrSealed", i, err)
		}
		if _, err := k.Open("a", sealed[:i]); err != ErrSealed {
			t.Errorf("Open of %d bytes: %v, want ErrSealed", i, err)
		}
	}
}

func TestKeysStayOutOfLogs(t *testing.T) {
	k := testKeys(t, 'K')
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if got := fmt.Sprintf(format, k); strings.Contains(got, "KKKK") || strings.Contains(got, "75, 75") || strings.Contains(got, "0x4b") {
			t.Errorf("Sprintf(%q) = %s", format, got)
		}
	}
}

func TestToken(t *testing.T) {
	a, b := NewToken("muster_scim"), NewToken("muster_scim")
	if a == b {
		t.Fatal("two tokens are the same")
	}
	if !strings.HasPrefix(a, "muster_scim_") || len(a) != len("muster_scim_")+49 {
		t.Errorf("NewToken = %q", a)
	}
	for _, s := range []string{a, b} {
		if !LooksLikeToken(s) {
			t.Errorf("LooksLikeToken(%q) = false", s)
		}
	}
	flipped := []byte(a)
	if flipped[20] == 'x' {
		flipped[20] = 'y'
	} else {
		flipped[20] = 'x'
	}
	for name, s := range map[string]string{
		"a changed letter":  string(flipped),
		"a missing letter":  a[:len(a)-1],
		"another prefix":    "master" + a[6:],
		"nothing":           "",
		"the prefix alone":  "muster_",
		"a very long text":  a + strings.Repeat("a", 1<<16),
		"a token in spaces": " " + a,
	} {
		if LooksLikeToken(s) {
			t.Errorf("LooksLikeToken of %s = true", name)
		}
	}
}

func FuzzLooksLikeToken(f *testing.F) {
	f.Add(NewToken("muster_scim"))
	f.Add("muster_scim_")
	f.Fuzz(func(t *testing.T, s string) {
		if LooksLikeToken(s) && (len(s) > 128 || !strings.HasPrefix(s, TokenPrefix)) {
			t.Errorf("LooksLikeToken(%q) = true", s)
		}
	})
}

func TestPassword(t *testing.T) {
	phc, err := HashPassword(t.Context(), "Pa\u0308ssword \u00c5")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(phc, "ssword") || !strings.HasPrefix(phc, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("HashPassword = %s", phc)
	}
	for password, want := range map[string]bool{
		"Pa\u0308ssword \u00c5": true,
		"P\u00e4ssword A\u030a": true, // the same in another normal form
		"p\u00e4ssword \u00c5":  false,
		"":                      false,
	} {
		if got, err := CheckPassword(t.Context(), phc, password); err != nil || got != want {
			t.Errorf("CheckPassword(%q) = %v, %v, want %v", password, got, err, want)
		}
	}
	again, err := HashPassword(t.Context(), "Pa\u0308ssword \u00c5")
	if err != nil || again == phc {
		t.Error("two hashes of one password are the same")
	}
	for name, bad := range map[string]string{"empty": "", "too long": strings.Repeat("a", MaxPassword+1), "a control character": "a\x00b"} {
		if _, err := HashPassword(t.Context(), bad); err != ErrPassword {
			t.Errorf("HashPassword of %s: %v, want ErrPassword", name, err)
		}
	}
	costly := strings.Replace(phc, "m=19456", "m=4194304", 1)
	if ok, err := CheckPassword(t.Context(), costly, "x"); ok || err == nil {
		t.Errorf("CheckPassword with 4 GiB = %v, %v, want an error", ok, err)
	}
}
