package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/alecthomas/kong"
)

// The exit codes of every command.
const (
	exitOK          = 0
	exitInternal    = 1
	exitUsage       = 2
	exitInput       = 3
	exitOutput      = 4
	exitInterrupted = 130
)

// exitCodes says what the codes mean, for the manual.
var exitCodes = []struct {
	code  int
	about string
}{
	{exitOK, "all went well"},
	{exitInternal, "an unexpected error: please report it"},
	{exitUsage, "the command line is wrong"},
	{exitInput, "an input could not be read: absent, of no known format, too many bad rows"},
	{exitOutput, "an output could not be written"},
	{exitInterrupted, "interrupted (SIGINT or SIGTERM; a second one ends the process at once)"},
}

// exitError is an error that knows its exit code.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// withCode gives err an exit code, unless it has one or there is no error.
func withCode(code int, err error) error {
	var coded *exitError
	if err == nil || errors.As(err, &coded) {
		return err
	}
	return &exitError{code, err}
}

// usageError, inputError and outputError say whose fault err is.
func usageError(err error) error  { return withCode(exitUsage, err) }
func inputError(err error) error  { return withCode(exitInput, err) }
func outputError(err error) error { return withCode(exitOutput, err) }

// usagef is usageError of a new error.
func usagef(format string, args ...any) error { return usageError(fmt.Errorf(format, args...)) }

// codeOf maps an error to the exit code, in this one place. A command that
// ended because ctx did was interrupted, whatever the error says.
func codeOf(ctx context.Context, err error) int {
	var coded *exitError
	var parse *kong.ParseError
	switch {
	case err == nil:
		return exitOK
	case ctx.Err() != nil:
		return exitInterrupted
	case errors.As(err, &coded):
		return coded.code
	case errors.As(err, &parse):
		return exitUsage
	}
	return exitInternal
}
