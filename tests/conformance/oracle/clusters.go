package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"
)

// localCluster is the id that istiod gives the cluster it runs in, unless CLUSTER_ID says another.
const localCluster = "Kubernetes"

// clusterAnnotation on a document of cluster.yaml names the cluster that the object is in; without it: the local one.
const clusterAnnotation = "conformance/cluster"

// clusters holds the objects of each cluster that istiod has a client for, by the cluster's id.
type clusters map[string][]runtime.Object

// local is the id of the cluster that istiod runs in.
func local() string {
	if id := os.Getenv("CLUSTER_ID"); id != "" {
		return id
	}
	return localCluster
}

// readClusters reads the Namespaces and Nodes of dir; without the file no cluster is known, with it at least the local.
func readClusters(dir string) (clusters, error) {
	text, err := os.ReadFile(filepath.Join(dir, "cluster.yaml"))
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	known := clusters{local(): nil}
	for at, document := range regexp.MustCompile(`(?m)^---\s*$`).Split(string(text), -1) {
		if err := known.add([]byte(document)); err != nil {
			return nil, fmt.Errorf("cluster.yaml: document %d: %w", at+1, err)
		}
	}
	return known, nil
}

func (c clusters) add(document []byte) error {
	var head struct {
		Kind     string `json:"kind"`
		Metadata struct {
			Annotations map[string]string `json:"annotations"`
		} `json:"metadata"`
	}
	if err := yaml.Unmarshal(document, &head); err != nil {
		return err
	}
	var object runtime.Object
	switch head.Kind {
	case "Namespace":
		object = &corev1.Namespace{}
	case "Node":
		object = &corev1.Node{}
	case "":
		return nil
	default:
		return fmt.Errorf("kind %q: Namespaces and Nodes are read", head.Kind)
	}
	if err := yaml.UnmarshalStrict(document, object); err != nil {
		return err
	}
	id := local()
	if named, ok := head.Metadata.Annotations[clusterAnnotation]; ok {
		id = named
	}
	c[id] = append(c[id], object)
	return nil
}
