package fetch

import (
	"net/netip"
	"slices"
	"strings"
)

// notPublic are the ranges of the special-purpose address registries (RFC
// 6890 and its successors) that do not lead to the public Internet, or that
// carry another address inside, where a router might act on it.
var notPublic = func() []netip.Prefix { //nolint:gochecknoglobals // a table
	var all []netip.Prefix
	for _, s := range []string{
		"0.0.0.0/8",         // this network
		"10.0.0.0/8",        // private
		"100.64.0.0/10",     // carrier-grade NAT; clouds' metadata too
		"127.0.0.0/8",       // loopback
		"169.254.0.0/16",    // link-local; metadata at 169.254.169.254
		"172.16.0.0/12",     // private
		"192.0.0.0/24",      // protocol assignments
		"192.0.2.0/24",      // documentation
		"192.31.196.0/24",   // AS112
		"192.52.193.0/24",   // AMT
		"192.88.99.0/24",    // 6to4 relays
		"192.168.0.0/16",    // private
		"192.175.48.0/24",   // AS112
		"198.18.0.0/15",     // benchmarks
		"198.51.100.0/24",   // documentation
		"203.0.113.0/24",    // documentation
		"224.0.0.0/4",       // multicast
		"240.0.0.0/4",       // reserved, broadcast
		"168.63.129.16/32",  // a cloud's host agent, on a public address
		"::/96",             // unspecified, loopback, IPv4-compatible
		"::ffff:0:0:0/96",   // IPv4-translated (SIIT)
		"64:ff9b::/96",      // NAT64
		"64:ff9b:1::/48",    // local NAT64
		"100::/64",          // discard
		"2001::/23",         // protocol assignments, Teredo, ORCHID
		"2001:db8::/32",     // documentation
		"2002::/16",         // 6to4
		"3fff::/20",         // documentation
		"5f00::/16",         // segment routing
		"fc00::/7",          // unique local; metadata at fd00:ec2::254
		"fe80::/10",         // link-local
		"fec0::/10",         // site-local, deprecated
		"ff00::/8",          // multicast
		"2620:4f:8000::/48", // AS112
	} {
		all = append(all, netip.MustParsePrefix(s))
	}
	return all
}()

// Public says whether an address belongs to the public Internet. An IPv4
// address in IPv6 clothing (::ffff:a.b.c.d) is judged as the IPv4 address; those
// of NAT64, 6to4 and Teredo are never public, whatever they carry.
func Public(a netip.Addr) bool {
	if !a.IsValid() || a.Zone() != "" {
		return false
	}
	a = a.Unmap()
	if !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	for _, p := range notPublic {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// Allowed are the hosts that may be reached although their addresses are not
// public: an administrator's or a test's list.
type Allowed struct {
	hosts    []string
	prefixes []netip.Prefix
}

// Allow reads a list of host names, addresses and ranges ("192.0.2.0/24"). A
// name stands for itself, not for what lies below it. Any port of such a host
// may be reached.
func Allow(list []string) Allowed {
	var a Allowed
	for _, s := range list {
		s = strings.TrimSpace(s)
		if p, err := netip.ParsePrefix(s); err == nil {
			a.prefixes = append(a.prefixes, p.Masked())
		} else if ip, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
			ip = ip.Unmap()
			a.prefixes = append(a.prefixes, netip.PrefixFrom(ip, ip.BitLen()))
		} else if s != "" {
			a.hosts = append(a.hosts, hostName(s))
		}
	}
	return a
}

// Host says whether a host is allowed by its name.
func (a *Allowed) Host(name string) bool { return slices.Contains(a.hosts, hostName(name)) }

// Addr says whether an address is allowed.
func (a *Allowed) Addr(addr netip.Addr) bool {
	addr = addr.Unmap()
	return slices.ContainsFunc(a.prefixes, func(p netip.Prefix) bool { return p.Contains(addr) })
}

func hostName(s string) string { return strings.TrimSuffix(strings.ToLower(s), ".") }
