package server

import (
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
)

// watchProxy compares the URL that a trusted proxy was asked for with ours and
// tells once where they differ: clients would be sent to the wrong place. The
// headers of anybody else mean nothing. Without proxies it is not there.
func watchProxy(trusted []netip.Prefix, url string, log *slog.Logger, next http.Handler) http.Handler {
	if len(trusted) == 0 {
		return next
	}
	p := &proxyWatch{trusted: trusted, url: url, log: log}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !p.told.Load() {
			p.look(r)
		}
		next.ServeHTTP(w, r)
	})
}

type proxyWatch struct {
	trusted []netip.Prefix
	url     string
	log     *slog.Logger
	told    atomic.Bool
}

func (p *proxyWatch) look(r *http.Request) {
	seen := forwardedURL(r)
	if seen == "" || strings.EqualFold(seen, p.url) || !trusts(p.trusted, r.RemoteAddr) {
		return
	}
	if p.told.CompareAndSwap(false, true) {
		p.log.Warn("clients come by another URL than the one we tell them; set MUSTER_PUBLIC_URL",
			"seen", seen, "public_url", p.url)
	}
}

// trusts reports whether an address belongs to a trusted proxy.
func trusts(trusted []netip.Prefix, remote string) bool {
	addr, err := netip.ParseAddrPort(remote)
	return err == nil && contains(trusted, addr.Addr())
}

func contains(networks []netip.Prefix, ip netip.Addr) bool {
	ip = ip.Unmap()
	for _, network := range networks {
		if network.Contains(ip) {
			return true
		}
	}
	return false
}

// clientAddress returns the address of who asks: that of the connection, or what
// trusted proxies say of it. Of X-Forwarded-For the last entry counts that no
// trusted proxy stands behind; whatever is left of it anybody may have written.
func clientAddress(trusted []netip.Prefix, r *http.Request) string {
	addr, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	ip := addr.Addr().Unmap()
	list := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(list) - 1; i >= 0 && contains(trusted, ip); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(list[i]))
		if err != nil {
			break
		}
		ip = next.Unmap()
	}
	return ip.String()
}

// forwardedURL returns scheme and host as the proxy nearest to the client wrote
// them, "" where it did not or where they make no URL.
func forwardedURL(r *http.Request) string {
	proto, _, _ := strings.Cut(r.Header.Get("X-Forwarded-Proto"), ",")
	host, _, _ := strings.Cut(r.Header.Get("X-Forwarded-Host"), ",")
	proto, host = strings.ToLower(strings.TrimSpace(proto)), strings.TrimSpace(host)
	if host == "" {
		host = r.Host
	}
	if proto != "http" && proto != "https" || len(host) > 255 || strings.ContainsAny(host, "/?#@ \\") {
		return ""
	}
	return proto + "://" + host
}
