//go:build api_1_25

package main

import (
	meshconfig "istio.io/api/mesh/v1alpha1"
	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pkg/config/mesh/meshwatcher"
)

func environment(mc *meshconfig.MeshConfig) *model.Environment {
	return &model.Environment{Watcher: meshwatcher.NewTestWatcher(mc)}
}
