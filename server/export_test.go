package server

import (
	"net/http"
	"net/netip"

	"github.com/muster-id/muster/web/portal"
)

// Certificates is the handler that finds the certificates of callers.
func Certificates(header, trusted, authorities string, next http.Handler) http.Handler {
	pool, err := certPool(authorities, false)
	if err != nil {
		panic(err)
	}
	return &certificates{header: header, trusted: []netip.Prefix{netip.MustParsePrefix(trusted)}, authorities: pool, next: next}
}

// TLSConfig is how HTTPS is spoken.
var TLSConfig = tlsConfig

// People are what the portal knows of people.
func People(h *House) portal.People { return accounts{house: h} }

// ClientAddress is clientAddress with one trusted network.
func ClientAddress(trusted string, r *http.Request) string {
	return clientAddress([]netip.Prefix{netip.MustParsePrefix(trusted)}, r)
}
