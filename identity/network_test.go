package identity

import (
	"testing"
)

func TestNetwork(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "192.0.2.7:443": "192.0.2.7", "::ffff:192.0.2.7": "192.0.2.7",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "[2001:db8:1:2::9]:443": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64",
		"": "unknown", "acme": "unknown",
	} {
		if got := Network(address); got != want {
			t.Errorf("Network(%q) = %q, want %q", address, got, want)
		}
	}
}

func FuzzNetwork(f *testing.F) {
	f.Add("192.0.2.7:443")
	f.Add("[fe80::1%eth0]:1")
	f.Fuzz(func(t *testing.T, address string) {
		if got := Network(address); got == "" {
			t.Errorf("Network(%q) is empty", address)
		}
	})
}
