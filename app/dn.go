package app

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/muster-id/muster/identity"
)

// attributeTypes are the short names of RFC 4514 section 3 and three more that
// tools print.
var attributeTypes = map[string]string{
	"CN": "2.5.4.3", "L": "2.5.4.7", "ST": "2.5.4.8", "O": "2.5.4.10", "OU": "2.5.4.11", "C": "2.5.4.6",
	"STREET": "2.5.4.9", "DC": "0.9.2342.19200300.100.1.25", "UID": "0.9.2342.19200300.100.1.1",
	"SERIALNUMBER": "2.5.4.5", "POSTALCODE": "2.5.4.17", "EMAILADDRESS": "1.2.840.113549.1.9.1",
}

// parseDN reads a distinguished name as RFC 4514 writes it and returns it in a
// form that can be compared: its parts from first to last, the pairs of a part
// sorted.
func parseDN(s string) (parts []string, ok bool) {
	var pairs []string
	for s != "" {
		typ, rest, found := strings.Cut(s, "=")
		oid := oidOf(strings.TrimSpace(typ))
		if !found || oid == "" {
			return nil, false
		}
		value, end, ok := dnValue(strings.TrimLeft(rest, " "))
		if !ok {
			return nil, false
		}
		pairs = append(pairs, pair(oid, value))
		if end == "" || end[0] != '+' {
			slices.Sort(pairs)
			parts, pairs = append(parts, strings.Join(pairs, "+")), nil
		}
		if end == "" {
			return parts, true
		}
		if s = end[1:]; s == "" {
			return nil, false // a separator with nothing behind it
		}
	}
	return nil, false
}

// pair writes a type and its value so that no value passes for several pairs.
func pair(oid, value string) string { return oid + "=" + strconv.Quote(value) }

func oidOf(typ string) string {
	if oid, ok := attributeTypes[strings.ToUpper(typ)]; ok {
		return oid
	}
	if typ == "" || strings.Trim(typ, "0123456789.") != "" || !strings.Contains(typ, ".") {
		return ""
	}
	return typ
}

// dnValue reads a value up to the separator that ends it.
func dnValue(s string) (value, rest string, ok bool) {
	if strings.HasPrefix(s, "#") {
		end := strings.IndexAny(s, ",+;")
		if end < 0 {
			end = len(s)
		}
		der, err := hex.DecodeString(strings.TrimRight(s[1:end], " "))
		var v asn1.RawValue
		if tail, err2 := asn1.Unmarshal(der, &v); err != nil || err2 != nil || len(tail) > 0 {
			return "", "", false
		}
		return hexValue(v.FullBytes), s[end:], true
	}
	var out []byte
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == ',' || c == '+' || c == ';':
			return string(bytes.TrimRight(out, " ")), s[i:], true
		case c == '"' || c == '<' || c == '>' || c == 0:
			return "", "", false
		case c != '\\':
			out = append(out, c)
		case i+1 < len(s) && strings.IndexByte(` "#+,;<=>\`, s[i+1]) >= 0:
			i++
			out = append(out, s[i])
		case i+2 < len(s):
			b, err := hex.DecodeString(s[i+1 : i+3])
			if err != nil {
				return "", "", false
			}
			i += 2
			out = append(out, b...)
		default:
			return "", "", false
		}
	}
	return string(bytes.TrimRight(out, " ")), "", true
}

// hexValue reads a value in hexadecimal DER as text where it is text.
func hexValue(der []byte) string {
	var text string
	if _, err := asn1.Unmarshal(der, &text); err == nil {
		return text
	}
	return "#" + hex.EncodeToString(der)
}

// subjectOf returns the subject of a certificate in the form of parseDN. What
// comes first in a certificate comes last in RFC 4514.
func subjectOf(c *x509.Certificate) (parts []string, ok bool) {
	var name pkix.RDNSequence
	if rest, err := asn1.Unmarshal(c.RawSubject, &name); err != nil || len(rest) > 0 {
		return nil, false
	}
	for _, part := range slices.Backward(name) {
		var pairs []string
		for _, a := range part {
			text, isText := a.Value.(string)
			if !isText {
				der, err := asn1.Marshal(a.Value)
				if err != nil {
					return nil, false
				}
				text = "#" + hex.EncodeToString(der)
			}
			pairs = append(pairs, pair(a.Type.String(), strings.TrimRight(text, " ")))
		}
		slices.Sort(pairs)
		parts = append(parts, strings.Join(pairs, "+"))
	}
	return parts, len(parts) > 0
}

// named reports whether a certificate has the name that an app registered
// (RFC 8705 section 2.1).
func named(a *identity.AppSettings, c *x509.Certificate) bool {
	switch {
	case a.TLSSubjectDN != "":
		want, ok := parseDN(a.TLSSubjectDN)
		have, ok2 := subjectOf(c)
		return ok && ok2 && slices.Equal(want, have)
	case a.TLSSANDNS != "":
		return slices.ContainsFunc(c.DNSNames, func(n string) bool { return strings.EqualFold(n, a.TLSSANDNS) })
	case a.TLSSANEmail != "":
		return slices.Contains(c.EmailAddresses, a.TLSSANEmail)
	case a.TLSSANIP != "":
		want, err := netip.ParseAddr(a.TLSSANIP)
		return err == nil && slices.ContainsFunc(c.IPAddresses, func(ip net.IP) bool {
			have, ok := netip.AddrFromSlice(ip)
			return ok && have.Unmap() == want.Unmap()
		})
	case a.TLSSANURI != "":
		for _, u := range c.URIs {
			if u.String() == a.TLSSANURI {
				return true
			}
		}
	}
	return false
}
