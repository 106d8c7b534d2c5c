package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/akashi-project/akashi/coordination"
)

// app is what the commands share: the process's streams and its log.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	log            *slog.Logger
}

// cli is the command line.
type cli struct {
	LogLevel slog.Level       `env:"AKASHI_LOG_LEVEL" default:"warn" placeholder:"LEVEL" help:"How much to log on standard error: debug, info, warn or error."`
	Version  kong.VersionFlag `short:"V" help:"Show the version and stop."`

	Serve       serveCmd    `cmd:"" help:"Serve Akashi to browsers."`
	Demo        demoCmd     `cmd:"" help:"Fill an instance with a made-up campaign, find it, and serve the pages."`
	Import      importCmd   `cmd:"" help:"Bring files of posts into the store."`
	Enter       enterCmd    `cmd:"" help:"Make a link that signs somebody in, once."`
	User        userCmd     `cmd:"" help:"Invite people, list and disable them, give them a new link."`
	Findings    findingsCmd `cmd:"" help:"Ask a server for findings, and decide on them."`
	Mandate     mandateCmd  `cmd:"" help:"Ask a server which mandates of collections there are."`
	Source      sourceCmd   `cmd:"" help:"Ask a server how its live sources are."`
	Search      searchCmd   `cmd:"" help:"Search the posts of a server."`
	Runs        runsCmd     `cmd:"" help:"Start, list and show a server's runs of detections."`
	Backup      backupCmd   `cmd:"" help:"Write everything of an instance into one file."`
	Restore     restoreCmd  `cmd:"" help:"Put a backup in place."`
	Config      configCmd   `cmd:"" help:"Check, explain and show the configuration."`
	Verify      verifyCmd   `cmd:"" help:"Check the log, offline."`
	Detect      detectCmd   `cmd:"" help:"Find accounts that act together, and show why."`
	Inspect     inspectCmd  `cmd:"" help:"Say what a file of posts holds."`
	Simulate    simulateCmd `cmd:"" help:"Make posts with planted operations and their truth."`
	Formats     formatsCmd  `cmd:"" help:"List the input formats and the roles of columns."`
	VersionPage versionCmd  `cmd:"" name:"version" help:"Show the version and how it was built."`
}

const description = `Akashi finds coordinated behaviour in posts: accounts that share the same ` +
	`addresses, tags, texts or reposts within seconds, more often than chance allows. ` +
	`It shows the evidence for what it finds. It judges behaviour, never opinion.`

const manual = `
Examples:
  What does this file hold, and can it be read?
    akashi inspect posts.csv

  Who acts together in it, by which evidence? (Open report/report.html.)
    akashi detect posts.csv -o report

  Read a table whose columns have other names:
    akashi detect --map account=user_id,time=posted,url=link posts.csv -o report

  Make a practice file whose truth is known:
    akashi simulate treated-water -o posts.ndjson.gz
    akashi detect posts.ndjson.gz --truth posts.truth.csv -o report

Exit codes:
%s
Environment:
  AKASHI_LOG_LEVEL   as --log-level
  AKASHI_SERVER      as --server, for commands that always ask a server
  AKASHI_TOKEN       the token for the server, where --token-file is not given

"-" as a file name is standard input or standard output.
"akashi COMMAND --help" says all about a command.
`

// run is the whole program, but for the process around it.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	var c cli
	exited, status := false, exitOK
	k, err := kong.New(&c,
		kong.Name("akashi"),
		kong.Description(description),
		kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { exited, status = true, code }),
		kong.Vars{
			"version": version().String(),
			"window":  coordination.DefaultWindow.String(), "ceiling": strconv.Itoa(coordination.DefaultCeiling),
		},
		kong.ConfigureHelp(kong.HelpOptions{NoExpandSubcommands: true, WrapUpperBound: 100}),
		kong.Help(printHelp),
		kong.NamedMapper("share", shareMapper{}),
	)
	if err != nil {
		fmt.Fprintf(stderr, "akashi: %v\n", err)
		return exitInternal
	}
	parsed, err := k.Parse(args)
	if exited { // --help or --version has answered
		return status
	}
	if err == nil {
		a := &app{stdin: stdin, stdout: stdout, stderr: stderr, log: newLog(stderr, c.LogLevel)}
		parsed.BindTo(ctx, (*context.Context)(nil))
		err = parsed.Run(a)
	}
	code := codeOf(ctx, err)
	switch {
	case err == nil:
	case code == exitInterrupted:
		fmt.Fprintln(stderr, "akashi: interrupted")
	default:
		fmt.Fprintf(stderr, "akashi: %v\n", err)
	}
	if parse, ok := errors.AsType[*kong.ParseError](err); ok {
		fmt.Fprintf(stderr, "Run \"%s --help\" for the manual.\n", commandOf(parse))
	}
	return code
}

// commandOf gives as much of the command line as was understood.
func commandOf(err *kong.ParseError) string {
	if command := err.Context.Selected(); command != nil {
		return command.FullPath()
	}
	return "akashi"
}

// newLog makes the log, in which every line is for people: no time of day that
// differs from run to run.
func newLog(w io.Writer, level slog.Level) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{
		Level: level,
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if len(groups) == 0 && a.Key == slog.TimeKey {
				a.Value = slog.StringValue(a.Value.Time().Format(time.TimeOnly))
			}
			return a
		},
	}))
}

// printHelp prints kong's help, and the manual behind that of the program.
func printHelp(options kong.HelpOptions, ctx *kong.Context) error {
	if err := kong.DefaultHelpPrinter(options, ctx); err != nil {
		return fmt.Errorf("printing the help: %w", err)
	}
	if ctx.Selected() != nil {
		return nil
	}
	var codes strings.Builder
	for _, c := range exitCodes {
		fmt.Fprintf(&codes, "  %3d  %s\n", c.code, c.about)
	}
	_, err := fmt.Fprintf(ctx.Stdout, manual, codes.String())
	return outputError(err)
}
