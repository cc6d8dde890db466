//go:build units

package main

import (
	"encoding/json"
	"errors"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	meshconfig "istio.io/api/mesh/v1alpha1"
	"istio.io/istio/pilot/pkg/config/kube/crdclient"
	"istio.io/istio/pkg/config/mesh"
	"istio.io/istio/pkg/config/schema/gvk"
	"istio.io/istio/pkg/kube/inject"
	"istio.io/istio/pkg/util/protomarshal"
)

// configQuestion asks about one part of a configuration: the first of these that is there.
type configQuestion struct {
	// Mesh is one mesh configuration over the defaults, Layers are several.
	Mesh   *string  `json:"mesh"`
	Layers []string `json:"layers"`
	// Effective is the namespace of a pod whose ProxyConfig is asked for, under Layers and Resources.
	Effective *string  `json:"effective"`
	Resources []string `json:"resources"`
	// Annotation is the text of proxy.istio.io/config.
	Annotation *string `json:"annotation"`
	// Values are the chart's values, Config the injector's configuration.
	Values      *string           `json:"values"`
	Config      *string           `json:"config"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

// configUnit answers with an object; its members depend on what was asked.
func configUnit(u unitQuestion) (json.RawMessage, string, error) {
	var q configQuestion
	if err := json.Unmarshal(u.Data, &q); err != nil {
		return nil, "", err
	}
	members, err := q.answer()
	if err != nil {
		return nil, "", err
	}
	object, err := json.Marshal(members)
	return object, "", err
}

func (q configQuestion) answer() (map[string]any, error) {
	switch {
	case q.Mesh != nil:
		return message(layers([]string{*q.Mesh}))
	case q.Effective != nil:
		return q.effective()
	case q.Layers != nil:
		return message(layers(q.Layers))
	case q.Annotation != nil:
		if err := inject.AnnotationValidation[proxyConfigAnnotation](*q.Annotation); err != nil {
			return nil, err
		}
		return map[string]any{"ok": true}, nil
	case q.Values != nil:
		return q.values()
	case q.Config != nil:
		return q.injector()
	}
	return nil, errors.New("nothing is asked")
}

func layers(texts []string) (*meshconfig.MeshConfig, error) {
	mc := mesh.DefaultMeshConfig()
	for _, text := range texts {
		var err error
		if mc, err = mesh.ApplyMeshConfig(text, mc); err != nil {
			return nil, err
		}
	}
	return mc, nil
}

func message(mc *meshconfig.MeshConfig, err error) (map[string]any, error) {
	if err != nil {
		return nil, err
	}
	text, err := protomarshal.Marshal(mc)
	return map[string]any{"json": json.RawMessage(text)}, err
}

func (q configQuestion) effective() (map[string]any, error) {
	mc, err := layers(q.Layers)
	if err != nil {
		return nil, err
	}
	var resources snapshotStore
	for _, text := range q.Resources {
		resource, err := decodeProxyConfig(text)
		if err != nil {
			return nil, err
		}
		resources = append(resources, crdclient.TranslateObject(resource, gvk.ProxyConfig, "cluster.local"))
	}
	pod := meshQuestion{Namespace: *q.Effective, Labels: q.Labels, Annotations: q.Annotations}
	proxy := pod.effective(mc, resources)
	whole, err := protomarshal.Marshal(proxy)
	if err != nil {
		return nil, err
	}
	printer, err := inject.ParseTemplates(inject.RawTemplates{"pod": "{{ protoToJSON . }}"})
	if err != nil {
		return nil, err
	}
	var clean strings.Builder
	err = printer["pod"].Execute(&clean, proxy)
	return map[string]any{"json": json.RawMessage(whole), "clean": json.RawMessage(clean.String())}, err
}

func (q configQuestion) values() (map[string]any, error) {
	read, err := inject.NewValuesConfig(*q.Values)
	if err != nil {
		return nil, err
	}
	values := read.Struct()
	global := values.GetGlobal()
	return map[string]any{
		"image":   inject.ProxyImage(values, nil, q.Annotations),
		"init":    inject.ProxyInitImage(values, q.Annotations),
		"cluster": global.GetMultiCluster().GetClusterName(),
		"network": global.GetNetwork(),
		"rewrite": values.GetSidecarInjectorWebhook().GetRewriteAppHTTPProbe().GetValue(),
		"hold":    global.GetProxy().GetHoldApplicationUntilProxyStarts().GetValue(),
	}, nil
}

func (q configQuestion) injector() (map[string]any, error) {
	config, err := inject.UnmarshalConfig([]byte(*q.Config))
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"policy":      config.Policy,
		"defaults":    config.DefaultTemplates,
		"aliases":     config.Aliases,
		"annotations": config.InjectedAnnotations,
		"templates":   config.RawTemplates,
		"never":       q.selected(config.NeverInjectSelector),
		"always":      q.selected(config.AlwaysInjectSelector),
	}, nil
}

// selected says of each selector whether it selects the labels; an empty one selects nothing, as Istio takes it.
func (q configQuestion) selected(selectors []metav1.LabelSelector) []string {
	answers := []string{}
	for i := range selectors {
		selector, err := metav1.LabelSelectorAsSelector(&selectors[i])
		switch {
		case err != nil:
			answers = append(answers, "err")
		case !selector.Empty() && selector.Matches(labels.Set(q.Labels)):
			answers = append(answers, "yes")
		default:
			answers = append(answers, "no")
		}
	}
	return answers
}
