package portal

import (
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/muster-id/muster/factor"
	"github.com/muster-id/muster/locale"
	"github.com/muster-id/muster/signin"
)

// computed are the keys that are put together when a page is made.
func computed() (keys []string) {
	add := func(prefix string, names ...string) {
		for _, n := range names {
			keys = append(keys, prefix+n)
		}
	}
	steps := []signin.Step{
		signin.StepIdentify, signin.StepElsewhere, signin.StepMethod, signin.StepPassword, signin.StepPasskey, signin.StepTOTP,
		signin.StepEmailCode, signin.StepSMSCode, signin.StepRecoveryCode, signin.StepEnrol, signin.StepEnrolTOTP,
		signin.StepEnrolPasskey, signin.StepCodes, signin.StepNewPassword,
	}
	for _, s := range steps {
		add("title.", string(s))
		if bodies[s] == "code" {
			add("code.", string(s))
		}
		if icons[s] != "" && s != signin.StepCodes {
			add("use.", string(s))
		}
	}
	add("use.", string(signin.StepEnrol))
	add("enrol.", string(signin.StepEnrolTOTP), string(signin.StepEnrolPasskey))
	add("error.", signin.ErrWrong, signin.ErrEmpty, signin.ErrTooMany, signin.ErrBusy, signin.ErrExpired, signin.ErrResend,
		signin.ErrPasskey, signin.ErrTooShort, signin.ErrTooLong, signin.ErrTooCommon, signin.ErrSame, signin.ErrBadChars, signin.ErrNoMethod)
	for _, kind := range []string{factor.Passkey, factor.TOTP, factor.Recovery} {
		add("factor.", kind, "remove_"+kind)
	}
	add("done.", notices...)
	add("scope.", scopes...)
	add("setup.need_", "token", "name", "email", "password")
	return keys
}

// written finds the keys that stand in templates and code.
func written(t *testing.T) (keys []string) {
	template := regexp.MustCompile(`\.[TN] "([^"]+)"`)
	code := regexp.MustCompile(`"([a-z_]+\.[a-z_]*[a-z])"`)
	err := fs.WalkDir(os.DirFS("."), ".", func(path string, _ fs.DirEntry, err error) error {
		var find *regexp.Regexp
		switch {
		case strings.HasSuffix(path, "_test.go"):
		case strings.HasSuffix(path, ".go"):
			find = code
		case strings.HasSuffix(path, ".html"):
			find = template
		}
		if err != nil || find == nil {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range find.FindAllStringSubmatch(string(text), -1) {
			if !strings.HasSuffix(m[1], ".js") && !strings.HasSuffix(m[1], ".html") {
				keys = append(keys, m[1])
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func TestWords(t *testing.T) {
	words := locale.Must(files, "words")
	if missing := words.Missing(); len(missing) > 0 {
		t.Errorf("a language lacks: %q", missing)
	}
	used, have := append(written(t), computed()...), words.Keys()
	for _, key := range used {
		if !slices.Contains(have, key) {
			t.Errorf("no words for %q", key)
		}
	}
	for _, key := range have {
		if !slices.Contains(used, key) {
			t.Errorf("words for %q are not used", key)
		}
	}
}

// TestPlaceholders holds the languages to the same values: a sentence that lost
// its {{.wait}} would say nothing.
func TestPlaceholders(t *testing.T) {
	find := regexp.MustCompile(`\{\{\.(\w+)\}\}`)
	words := locale.Must(files, "words")
	pairs := []any{}
	for _, n := range []string{"app", "name", "organisation", "target", "wait", "length", "email", "browser", "system"} {
		pairs = append(pairs, n, "<"+n+">")
	}
	marks := regexp.MustCompile(`<\w+>`)
	for _, key := range words.Keys() {
		var want []string
		for _, tag := range locale.Tags() {
			text := words.For(tag).T(key, pairs...)
			if find.MatchString(text) {
				t.Errorf("%s of %s has a value that nobody gives: %s", key, tag, text)
			}
			got := marks.FindAllString(text, -1)
			slices.Sort(got)
			if tag == "en" {
				want = got
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s of %s has %q, English %q", key, tag, got, want)
			}
		}
	}
}
