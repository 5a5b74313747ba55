package outbound

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"syscall"
)

// A dialer connects to addresses that are not ours alone. The address is
// checked where the connection is made, after the name was looked up, so that a
// name that changes its mind in between gains nothing.
type dialer struct {
	allowAll bool
	allow    []netip.Prefix
	resolve  func(ctx context.Context, host string) ([]netip.Addr, error)
}

// maxAddresses is how many addresses of a name are tried.
const maxAddresses = 4

func (d *dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	addrs := []netip.Addr{}
	if a, err := netip.ParseAddr(host); err == nil {
		addrs = append(addrs, a)
	} else if addrs, err = d.resolve(ctx, host); err != nil {
		return nil, err
	}
	if len(addrs) == 0 {
		return nil, errors.New("the name has no address")
	}
	to := net.Dialer{ControlContext: d.control}
	var all error
	for _, a := range addrs[:min(len(addrs), maxAddresses)] {
		conn, err := to.DialContext(ctx, network, net.JoinHostPort(a.Unmap().String(), port))
		if err == nil {
			return conn, nil
		}
		all = errors.Join(all, err)
	}
	return nil, all
}

// control sees the address that a connection is about to be made to.
func (d *dialer) control(_ context.Context, _, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || !d.allows(to.Addr()) {
		return refused("The address leads into a private network.")
	}
	return nil
}

// allows reports whether an address may be reached.
func (d *dialer) allows(a netip.Addr) bool {
	if d.allowAll || slices.ContainsFunc(d.allow, func(p netip.Prefix) bool { return p.Contains(a) }) {
		return true
	}
	return public(a)
}

// closed are the special purposes of the registries of RFC 6890 that are not the
// public internet, among them those that hide an IPv4 address in an IPv6 one.
var closed = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
	"192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16",
	"192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	"::/96",           // unspecified, loopback, IPv4-compatible
	"::ffff:0:0:0/96", // IPv4-translated
	"64:ff9b::/96",    // NAT64
	"64:ff9b:1::/48",  // NAT64 for local use
	"100::/64", "2001::/23", "2001:db8::/32", "3fff::/20", "5f00::/16",
	"2002::/16", // 6to4
	"fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
)

// unicast is all of IPv6 that is given out so far.
var unicast = netip.MustParsePrefix("2000::/3")

func prefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, s := range list {
		out[i] = netip.MustParsePrefix(s)
	}
	return out
}

// public reports whether an address is on the public internet.
func public(a netip.Addr) bool {
	if !a.IsValid() || a.Zone() != "" || a.Is4In6() {
		return false // Unmap first
	}
	if a.Is6() && !unicast.Contains(a) {
		return false
	}
	return !slices.ContainsFunc(closed, func(p netip.Prefix) bool { return p.Contains(a) })
}
