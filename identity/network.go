package identity

import "net/netip"

// Network returns the part of an address, with or without a port, that one
// household has: all of an IPv4 address, the first 64 bits of an IPv6 address.
// What is no address is the network "unknown".
func Network(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		if p, err := netip.ParseAddrPort(address); err == nil {
			a = p.Addr()
		}
	}
	a = a.Unmap().WithZone("")
	switch {
	case !a.IsValid():
		return "unknown"
	case a.Is6():
		return netip.PrefixFrom(a, 64).Masked().String()
	}
	return a.String()
}
