package main

import (
	"context"
	"os"
	"regexp"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/akashi-project/akashi/internal/api/apitest"
	instance "github.com/akashi-project/akashi/internal/app"
	"github.com/akashi-project/akashi/internal/auth"
	"github.com/akashi-project/akashi/internal/casestore"
	"github.com/akashi-project/akashi/internal/config"
	"github.com/akashi-project/akashi/internal/finding"
)

// service serves a data folder on loopback until the script ends, with a
// detection "all", sets $SERVER, and writes a token for each role into a file
// of its name: service DATA ROLE…
func service(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: service DATA ROLE…")
	}
	c, err := config.Load("", map[string]any{"data.dir": ts.MkAbs(args[0]), "server.listen": "127.0.0.1:0"})
	ts.Check(err)
	ctx, stop := context.WithCancel(context.Background())
	built, err := instance.Build(ctx, c, instance.Options{Version: "test"})
	ts.Check(err)
	address, ended := make(chan string, 1), make(chan error, 1)
	go func() { ended <- built.Run(ctx, func(at string) { address <- at }) }()
	ts.Defer(func() {
		stop()
		ts.Check(<-ended)
		ts.Check(built.Close())
	})
	base := "http://" + <-address
	ts.Setenv("SERVER", base)
	_, err = built.Findings.AddDetection(casestore.WithActor(ctx, "cli:test"), finding.Detection{Name: "all"})
	ts.Check(err)
	for _, role := range args[1:] {
		token, err := apitest.Token(ctx, built.Auth, base, role, auth.Role(role))
		ts.Check(err)
		ts.Check(os.WriteFile(ts.MkAbs(role), []byte(token+"\n"), 0o600))
	}
}

// keep sets a variable to the first match of a group in the last standard
// output: keep NAME REGEXP
func keep(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: keep NAME REGEXP")
	}
	found := regexp.MustCompile(args[1]).FindStringSubmatch(ts.ReadFile("stdout"))
	if len(found) < 2 {
		ts.Fatalf("%s is not in %s", args[1], ts.ReadFile("stdout"))
	}
	ts.Setenv(args[0], found[1])
}
