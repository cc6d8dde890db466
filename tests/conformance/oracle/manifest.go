package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"istio.io/istio/pkg/kube/inject"
)

func setupFile(flags *flag.FlagSet) func() error {
	dir := flags.String("dir", ".", "directory with config, values and mesh")
	revision := flags.String("revision", "default", "revision of the injector")
	out := flags.String("out", "/dev/stdout", "where the injected manifest goes")
	return func() error {
		file, err := os.Create(*out)
		if err != nil {
			return err
		}
		if err := injectManifest(*dir, *revision, os.Stdin, file); err != nil {
			return err
		}
		return file.Close()
	}
}

// injectManifest does to a stream of YAML what istioctl kube-inject does without a cluster.
func injectManifest(dir, revision string, in, out *os.File) error {
	text, err := os.ReadFile(filepath.Join(dir, "config"))
	if err != nil {
		return err
	}
	injector, err := inject.UnmarshalConfig(text)
	if err != nil {
		return err
	}
	if text, err = os.ReadFile(filepath.Join(dir, "values")); err != nil {
		return err
	}
	values, err := inject.NewValuesConfig(string(text))
	if err != nil {
		return err
	}
	mc, err := readMesh(dir)
	if err != nil {
		return err
	}
	warn := func(text string) { fmt.Fprintln(os.Stderr, "warning:", text) }
	return inject.IntoResourceFile(nil, injector.Templates, values, revision, mc, in, out, warn)
}
