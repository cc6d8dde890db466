// Command oracle runs Istio's own sidecar injector, taken as an ordinary Go module, so that Pillion can be held
// against it. It owns the command line and nothing else; each subcommand has its file.
package main

import (
	"flag"
	"fmt"
	"os"
)

// command is one subcommand: what it is for, and what runs it once the flags are read.
type command struct {
	about string
	setup func(flags *flag.FlagSet) func() error
}

var commands = map[string]command{
	"render":    {"render the release's chart into DIR: config, values and mesh", setupRender},
	"batch":     {"answer admission reviews, one a line, by the configuration in DIR", setupBatch},
	"serve":     {"answer admission calls over HTTPS, by the configuration in DIR", setupServe},
	"file":      {"inject a manifest as istioctl kube-inject does", setupFile},
	"manifests": {"inject manifests, one a line, as istioctl kube-inject does", setupManifests},
	"mesh":      {"say what mesh configurations become and what ProxyConfig a pod gets, one question a line", setupMesh},
	"load":      {"say what is wrong with parts of a configuration, one a line", setupLoad},
	"units":     {"answer questions to the building blocks, one a line", setupUnits},
}

func main() {
	if len(os.Args) < 2 {
		usage()
	}
	cmd, known := commands[os.Args[1]]
	if !known {
		usage()
	}
	flags := flag.NewFlagSet(os.Args[1], flag.ExitOnError)
	run := cmd.setup(flags)
	if err := flags.Parse(os.Args[2:]); err != nil {
		os.Exit(2)
	}
	if err := run(); err != nil {
		fmt.Fprintf(os.Stderr, "oracle %s: %v\n", os.Args[1], err)
		os.Exit(1)
	}
}

func usage() {
	fmt.Fprintln(os.Stderr, "usage: oracle COMMAND [flags]; -h after a command lists its flags")
	for _, name := range []string{"render", "batch", "serve", "file", "manifests", "mesh", "load", "units"} {
		fmt.Fprintf(os.Stderr, "  %-9s %s\n", name, commands[name].about)
	}
	os.Exit(2)
}
