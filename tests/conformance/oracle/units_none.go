//go:build !units

package main

import (
	"errors"
	"flag"
)

func setupUnits(*flag.FlagSet) func() error {
	return func() error { return errors.New("only the newest release's oracle answers these questions") }
}
