package main

import (
	"errors"
	"fmt"

	"github.com/akashi-project/akashi/internal/config"
)

type configCmd struct {
	Check   configCheckCmd   `cmd:"" help:"Say what is wrong or weak in a configuration."`
	Example configExampleCmd `cmd:"" help:"Print a configuration with every option explained."`
	Show    configShowCmd    `cmd:"" help:"Print what is in force, from the file, the environment and defaults."`
}

type configCheckCmd struct {
	File string `arg:"" optional:"" env:"AKASHI_CONFIG" help:"The configuration file; without it the environment alone is checked."`
	Lang string `default:"en" enum:"en,ja" help:"The language of the answer: en or ja. [en]"`
}

var errConfig = errors.New("the configuration cannot be used")

// Run checks.
func (c *configCheckCmd) Run(a *app) error {
	problems, err := config.Check(c.File)
	if err != nil {
		return inputError(err)
	}
	wrong := 0
	for _, p := range problems {
		if p.Severity == config.Wrong {
			wrong++
		}
		fmt.Fprintln(a.stdout, p.In(c.Lang))
	}
	if wrong > 0 {
		return inputError(errConfig)
	}
	return nil
}

type configExampleCmd struct{}

// Run prints the example.
func (configExampleCmd) Run(a *app) error {
	if _, err := a.stdout.Write(config.Example()); err != nil {
		return outputError(fmt.Errorf("writing the example: %w", err))
	}
	return nil
}

type configShowCmd struct{ InstanceFlags }

// Run prints what is in force. Secrets are not shown.
func (c *configShowCmd) Run(a *app) error {
	in, err := c.load(nil)
	if err != nil {
		return err
	}
	for _, s := range in.Settings() {
		fmt.Fprintf(a.stdout, "%s: %s\n", s.Key, s.Value)
	}
	return nil
}
