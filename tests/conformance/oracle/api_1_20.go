//go:build api_1_20

package main

import (
	meshconfig "istio.io/api/mesh/v1alpha1"
	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pkg/config/mesh"
	"istio.io/istio/pkg/kube"
	"istio.io/istio/pkg/kube/inject"
)

func environment(mc *meshconfig.MeshConfig) *model.Environment {
	return &model.Environment{Watcher: mesh.NewFixedWatcher(mc)}
}

// addClusters gives the webhook what it may see of clusters, and says how to start it. These releases look into the
// cluster that istiod runs in, whatever the path says.
func addClusters(parameters *inject.WebhookParameters, known clusters) (start func()) {
	if known == nil {
		return func() {}
	}
	client := kube.NewFakeClient(known[local()]...)
	parameters.KubeClient = client
	return func() { client.RunAndWait(make(chan struct{})) }
}
