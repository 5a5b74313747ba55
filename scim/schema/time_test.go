package schema_test

import (
	"testing"
	"time"

	"github.com/muster-id/muster/scim/schema"
)

func TestParseTime(t *testing.T) {
	for in, want := range map[string]string{
		"2011-05-13T04:42:34Z":                 "2011-05-13T04:42:34Z",
		"2011-05-13t04:42:34z":                 "2011-05-13T04:42:34Z",
		"2011-05-13T04:42:34":                  "2011-05-13T04:42:34Z",
		"2011-05-13T04:42:34.5Z":               "2011-05-13T04:42:34.5Z",
		"0001-01-03T00:00:00.0000000Z":         "0001-01-03T00:00:00Z", // Q24
		"2011-05-13T04:42:34.1234567Z":         "2011-05-13T04:42:34.1234567Z",
		"2011-05-13T04:42:34.123456789123456Z": "2011-05-13T04:42:34.123456789Z",
		"2011-05-13T04:42:34+05:30":            "2011-05-12T23:12:34Z",
		"2011-05-13T04:42:34-08:00":            "2011-05-13T12:42:34Z",
		"2011-12-31T24:00:00Z":                 "2012-01-01T00:00:00Z",
		"2012-02-29T00:00:00Z":                 "2012-02-29T00:00:00Z",
	} {
		got, err := schema.ParseTime(in)
		if s := got.Format(time.RFC3339Nano); err != nil || s != want {
			t.Errorf("ParseTime(%q) = %s, %v; want %s", in, s, err, want)
		}
	}
}

func TestParseTimeRefuses(t *testing.T) {
	for _, in := range []string{
		"", "2011-05-13", "04:42:34Z", "2011-05-13 04:42:34Z", "2011-5-13T04:42:34Z",
		"2011-02-29T00:00:00Z", "2011-13-01T00:00:00Z", "2011-00-01T00:00:00Z", "2011-01-00T00:00:00Z",
		"2011-05-13T24:00:01Z", "2011-05-13T25:00:00Z", "2011-05-13T04:60:00Z", "2011-05-13T04:42:60Z",
		"2011-05-13T04:42:34.Z", "2011-05-13T04:42:34+0530", "2011-05-13T04:42:34+15:00",
		"2011-05-13T04:42:34+05:60", "2011-05-13T04:42:34Zjunk", "0000-01-01T00:00:00Z",
		"-2011-05-13T04:42:34Z", "12011-05-13T04:42:34Z", "0001-01-01T00:00:00+01:00", "2011-05-13T04:42Z",
	} {
		got, err := schema.ParseTime(in)
		if err == nil {
			t.Errorf("ParseTime(%q) = %s, want an error", in, got)
		} else if fault(err) != schema.InvalidValue {
			t.Errorf("ParseTime(%q): %v, want invalidValue", in, err)
		}
	}
}

func TestFormatTime(t *testing.T) {
	at := time.Date(2011, 5, 13, 4, 42, 34, 567_899_999, time.FixedZone("", 3600))
	if got, want := schema.FormatTime(at), "2011-05-13T03:42:34.567Z"; got != want {
		t.Errorf("FormatTime(%s) = %s, want %s", at, got, want)
	}
}

func FuzzParseTime(f *testing.F) {
	f.Add("2011-05-13T04:42:34.1234567+05:30")
	f.Add("2011-12-31t24:00:00")
	f.Fuzz(func(t *testing.T, s string) {
		at, err := schema.ParseTime(s)
		if err != nil {
			return
		}
		again, err := schema.ParseTime(at.Format(time.RFC3339Nano))
		if err != nil || !again.Equal(at) {
			t.Errorf("ParseTime(%q) = %s, which reads back as %s, %v", s, at, again, err)
		}
	})
}
