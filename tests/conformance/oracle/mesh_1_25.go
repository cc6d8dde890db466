//go:build api_1_25

package main

import (
	meshconfig "istio.io/api/mesh/v1alpha1"
	"istio.io/istio/pkg/config/mesh/meshwatcher"
	"istio.io/istio/pkg/kube/krt"
)

// layeredMesh hands the texts to the collection that istiod of these releases builds its mesh configuration with:
// the shared source first, the standard one over it.
func layeredMesh(standard, shared *string) *meshconfig.MeshConfig {
	stop := make(chan struct{})
	defer close(stop)
	sources := []meshwatcher.MeshConfigSource{krt.NewStatic(standard, true)}
	if shared != nil {
		sources = append([]meshwatcher.MeshConfigSource{krt.NewStatic(shared, true)}, sources...)
	}
	collection := meshwatcher.NewCollection(collectionOptions(stop), sources...)
	collection.AsCollection().WaitUntilSynced(stop)
	return meshwatcher.ConfigAdapter(collection).Mesh()
}
