//go:build !api_1_20

package main

import (
	"istio.io/istio/pkg/cluster"
	"istio.io/istio/pkg/kube"
	"istio.io/istio/pkg/kube/inject"
	"istio.io/istio/pkg/kube/multicluster"
)

// addClusters gives the webhook what it may see of clusters, and says how to start it: a controller that knows these
// clusters and, where there are none, none at all.
func addClusters(parameters *inject.WebhookParameters, known clusters) (start func()) {
	controller := multicluster.NewFakeController()
	parameters.MultiCluster = controller
	return func() {
		for id, objects := range known {
			stop := make(chan struct{})
			client := kube.NewFakeClient(objects...)
			controller.Add(cluster.ID(id), client, stop)
			client.RunAndWait(stop)
		}
	}
}
