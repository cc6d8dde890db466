//go:build api_1_25

package main

import (
	meshconfig "istio.io/api/mesh/v1alpha1"
	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pkg/config/mesh/meshwatcher"
	"istio.io/istio/pkg/kube/inject"
	"istio.io/istio/pkg/kube/multicluster"
)

func environment(mc *meshconfig.MeshConfig) *model.Environment {
	return &model.Environment{Watcher: meshwatcher.NewTestWatcher(mc)}
}

// addCluster gives a controller that knows no cluster: namespaces and nodes stay unknown.
func addCluster(parameters *inject.WebhookParameters) {
	parameters.MultiCluster = multicluster.NewFakeController()
}
