//go:build units

package main

import (
	"bytes"
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	"istio.io/istio/pkg/config/mesh"
	"istio.io/istio/pkg/kube/inject"
)

// templateRoot is the data that a template runs against, spelled as JSON.
type templateRoot struct {
	Pod            corev1.Pod      `json:"pod"`
	Values         map[string]any  `json:"values"`
	Mesh           json.RawMessage `json:"mesh"`
	Deployment     string          `json:"deployment"`
	Namespace      string          `json:"namespace"`
	Kind           string          `json:"kind"`
	APIVersion     string          `json:"apiVersion"`
	Revision       string          `json:"revision"`
	ProxyImage     string          `json:"proxyImage"`
	ProxyUID       int64           `json:"proxyUID"`
	ProxyGID       int64           `json:"proxyGID"`
	NativeSidecars bool            `json:"nativeSidecars"`
}

func templateUnit(q unitQuestion) (json.RawMessage, string, error) {
	var root templateRoot
	if len(q.Data) > 0 {
		if err := json.Unmarshal(q.Data, &root); err != nil {
			return nil, "", fmt.Errorf("data: %w", err)
		}
	}
	data, err := root.build()
	if err != nil {
		return nil, "", fmt.Errorf("data: %w", err)
	}
	parsed, err := inject.ParseTemplates(inject.RawTemplates{"unit": q.Text})
	if err != nil {
		return nil, "", fmt.Errorf("parse: %w", err)
	}
	var text bytes.Buffer
	if err := parsed["unit"].Execute(&text, data); err != nil {
		return nil, "", fmt.Errorf("exec: %w", err)
	}
	return nil, text.String(), nil
}

func (r *templateRoot) build() (*inject.SidecarTemplateData, error) {
	mc := mesh.DefaultMeshConfig()
	if len(r.Mesh) > 0 {
		text, err := yaml.JSONToYAML(r.Mesh)
		if err != nil {
			return nil, err
		}
		if mc, err = mesh.ApplyMeshConfig(string(text), mc); err != nil {
			return nil, err
		}
	}
	return &inject.SidecarTemplateData{
		TypeMeta:       metav1.TypeMeta{Kind: r.Kind, APIVersion: r.APIVersion},
		DeploymentMeta: types.NamespacedName{Name: r.Deployment, Namespace: r.Namespace},
		ObjectMeta:     r.Pod.ObjectMeta,
		Spec:           r.Pod.Spec,
		Values:         r.Values,
		MeshConfig:     mc,
		ProxyConfig:    mc.GetDefaultConfig(),
		Revision:       r.Revision,
		NativeSidecars: r.NativeSidecars,
		ProxyImage:     r.ProxyImage,
		ProxyUID:       r.ProxyUID,
		ProxyGID:       r.ProxyGID,
	}, nil
}
