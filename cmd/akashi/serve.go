package main

import (
	"context"
	"fmt"
	"net"
)

type serveCmd struct {
	Listen string `placeholder:"HOST:PORT" help:"Where to listen; over what the configuration says. Port 0 takes a free one."`

	InstanceFlags `embed:""`
}

// Help is the manual's text.
func (*serveCmd) Help() string {
	return `Serves Akashi to browsers until it is interrupted. At the first start, and until there is an ` +
		`administrator, it prints a link that makes one; the link works once.

Examples:
  On this machine, with all data in ./akashi-data:
    akashi serve

  With a configuration (see "akashi config example"):
    akashi serve --config /etc/akashi/akashi.yaml`
}

// Run serves.
func (s *serveCmd) Run(ctx context.Context, a *app) error {
	more := map[string]any{}
	if s.Listen != "" {
		more["server.listen"] = s.Listen
	}
	built, err := s.open(ctx, a, more)
	if err != nil {
		return err
	}
	setup, needed, err := built.Auth.Setup(ctx)
	if err != nil {
		return closing(built, err)
	}
	err = built.Run(ctx, func(address string) {
		base := built.Config.Server.PublicURL
		if base == "" {
			base = "http://" + local(address)
		}
		fmt.Fprintf(a.stdout, "Akashi is at %s\n", base)
		if needed {
			fmt.Fprintf(a.stdout, "The log is signed with this key; keep it somewhere else:\n  %s\n", built.Audit.PublicKey())
			fmt.Fprintf(a.stdout, "There is no administrator yet. This link makes one, once, within a day:\n  %s%s\n", base, setup)
		}
	})
	return closing(built, err)
}

// local gives an address as a browser on this machine reaches it: passkeys need
// a name.
func local(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	if ip := net.ParseIP(host); ip != nil && (ip.IsLoopback() || ip.IsUnspecified()) {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}
