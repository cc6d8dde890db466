//go:build api_1_20 || api_1_22

package main

import (
	corev1 "k8s.io/api/core/v1"

	meshconfig "istio.io/api/mesh/v1alpha1"
	"istio.io/istio/pkg/config/mesh"
	"istio.io/istio/pkg/config/mesh/kubemesh"
)

// layeredMesh hands the texts to the watcher that istiod of these releases uses: with a shared source the watcher
// merges, without one the ConfigMap is read alone.
func layeredMesh(standard, shared *string) *meshconfig.MeshConfig {
	watcher := mesh.NewMultiWatcher(mesh.DefaultMeshConfig())
	if shared != nil {
		if standard != nil {
			watcher.HandleMeshConfigData(*standard)
		}
		watcher.HandleUserMeshConfig(*shared)
		return watcher.Mesh()
	}
	var object *corev1.ConfigMap
	if standard != nil {
		object = &corev1.ConfigMap{Data: map[string]string{"mesh": *standard}}
	}
	// What cannot be read leaves the watcher as it was, here at the defaults.
	if mc, err := kubemesh.ReadConfigMap(object, "mesh"); err == nil {
		watcher.HandleMeshConfig(mc)
	}
	return watcher.Mesh()
}
