//go:build api_1_25 && !krt_1_25

package main

import "istio.io/istio/pkg/kube/krt"

func collectionOptions(stop chan struct{}) krt.OptionsBuilder {
	return krt.NewOptionsBuilder(stop, "", nil)
}
