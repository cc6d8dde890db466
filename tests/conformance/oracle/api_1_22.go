//go:build api_1_22

package main

import (
	meshconfig "istio.io/api/mesh/v1alpha1"
	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pkg/config/mesh"
)

func environment(mc *meshconfig.MeshConfig) *model.Environment {
	return &model.Environment{Watcher: mesh.NewFixedWatcher(mc)}
}
