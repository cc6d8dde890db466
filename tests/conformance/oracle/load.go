package main

import (
	"flag"
	"fmt"

	"istio.io/istio/pkg/config/mesh"
	"istio.io/istio/pkg/kube/inject"
)

// part is one text of a configuration by itself: what istiod says when it loads it.
type part struct {
	Part string `json:"part"`
	Text string `json:"text"`
}

type loaded struct {
	Err string `json:"err,omitempty"`
}

// loaders know the parts: the two keys of the injector's ConfigMap, and the key of the mesh's.
var loaders = map[string]func(text string) error{
	"config": func(text string) error {
		_, err := inject.UnmarshalConfig([]byte(text))
		return err
	},
	"values": func(text string) error {
		_, err := inject.NewValuesConfig(text)
		return err
	},
	"mesh": func(text string) error {
		_, err := mesh.ApplyMeshConfig(text, mesh.DefaultMeshConfig())
		return err
	},
}

func setupLoad(flags *flag.FlagSet) func() error {
	out := flags.String("out", "/dev/stdout", "where the answers go; Istio itself logs to standard output")
	return func() error {
		return eachLine(*out, func(q part) (a loaded) {
			defer func() {
				if p := recover(); p != nil {
					a = loaded{Err: fmt.Sprintf("panic: %v", p)}
				}
			}()
			load, known := loaders[q.Part]
			if !known {
				return loaded{Err: fmt.Sprintf("no part %q", q.Part)}
			}
			if err := load(q.Text); err != nil {
				a.Err = err.Error()
			}
			return a
		})
	}
}
