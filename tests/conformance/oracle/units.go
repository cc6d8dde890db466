//go:build units

package main

import (
	"encoding/json"
	"flag"
	"fmt"

	jsonpatch "github.com/evanphx/json-patch/v5"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"sigs.k8s.io/yaml"

	"istio.io/istio/pkg/config/mesh"
	"istio.io/istio/pkg/kube/inject"
	"istio.io/istio/pkg/util/protomarshal"
)

// unitQuestion holds the fields of every unit's question; each unit reads its own.
//
//	apply    original, patch, typed   the pod after a JSON Patch, as a typed client reads it
//	merge    original, patch          strategic merge of two pods, both JSON
//	overlay  original, text           the same with a YAML overlay, as injection does it
//	yaml     text                     YAML to JSON
//	toyaml   json                     JSON to YAML
//	mesh     text                     the mesh configuration over the defaults
//	template text, data               a template of the injector against a root (template.go)
//	config   data                     what a part of a configuration becomes (configs.go)
type unitQuestion struct {
	Original json.RawMessage `json:"original"`
	Patch    json.RawMessage `json:"patch"`
	JSON     json.RawMessage `json:"json"`
	Text     string          `json:"text"`
	Data     json.RawMessage `json:"data"`
	// Typed: the patch was made from the pod as Go encodes it, not from the bytes that were sent.
	Typed bool `json:"typed"`
}

type unitAnswer struct {
	JSON json.RawMessage `json:"json,omitempty"`
	Text string          `json:"text,omitempty"`
	Err  string          `json:"err,omitempty"`
}

// unit answers with JSON or with text.
type unit func(unitQuestion) (json.RawMessage, string, error)

var unitTable = map[string]unit{
	"apply":    applyUnit,
	"merge":    mergeUnit,
	"overlay":  overlayUnit,
	"yaml":     yamlUnit,
	"toyaml":   toYAMLUnit,
	"mesh":     meshUnit,
	"template": templateUnit,
	"config":   configUnit,
}

func setupUnits(flags *flag.FlagSet) func() error {
	name := flags.String("unit", "apply", "apply | merge | overlay | yaml | toyaml | mesh | template | config")
	out := flags.String("out", "/dev/stdout", "where the answers go")
	return func() error {
		run, known := unitTable[*name]
		if !known {
			return fmt.Errorf("no unit %q", *name)
		}
		return eachLine(*out, func(q unitQuestion) unitAnswer { return guarded(run, q) })
	}
}

func guarded(run unit, q unitQuestion) (a unitAnswer) {
	defer func() {
		if p := recover(); p != nil {
			a = unitAnswer{Err: fmt.Sprintf("panic: %v", p)}
		}
	}()
	object, text, err := run(q)
	if err != nil {
		return unitAnswer{Err: err.Error()}
	}
	return unitAnswer{JSON: object, Text: text}
}

// applyUnit makes two answers comparable: the pod after the patch, decoded into Go's type and encoded again.
func applyUnit(q unitQuestion) (json.RawMessage, string, error) {
	original := q.Original
	if q.Typed {
		pod, err := decodePod(original)
		if err != nil {
			return nil, "", err
		}
		if original, err = json.Marshal(pod); err != nil {
			return nil, "", err
		}
	}
	patch, err := jsonpatch.DecodePatch(q.Patch)
	if err != nil {
		return nil, "", err
	}
	patched, err := patch.Apply(original)
	if err != nil {
		return nil, "", err
	}
	pod, err := decodePod(patched)
	if err != nil {
		return nil, "", err
	}
	encoded, err := json.Marshal(pod)
	return encoded, "", err
}

func decodePod(data []byte) (*corev1.Pod, error) {
	pod := &corev1.Pod{}
	if err := json.Unmarshal(data, pod); err != nil {
		return nil, err
	}
	pod.ManagedFields = nil
	return pod, nil
}

func mergeUnit(q unitQuestion) (json.RawMessage, string, error) {
	merged, err := strategicpatch.StrategicMergePatch(q.Original, q.Patch, corev1.Pod{})
	return merged, "", err
}

func overlayUnit(q unitQuestion) (json.RawMessage, string, error) {
	merged, err := inject.StrategicMergePatchYAML(q.Original, []byte(q.Text), corev1.Pod{})
	return merged, "", err
}

func yamlUnit(q unitQuestion) (json.RawMessage, string, error) {
	object, err := yaml.YAMLToJSON([]byte(q.Text))
	return object, "", err
}

func toYAMLUnit(q unitQuestion) (json.RawMessage, string, error) {
	text, err := yaml.JSONToYAML(q.JSON)
	return nil, string(text), err
}

func meshUnit(q unitQuestion) (json.RawMessage, string, error) {
	mc, err := mesh.ApplyMeshConfig(q.Text, mesh.DefaultMeshConfig())
	if err != nil {
		return nil, "", err
	}
	object, err := protomarshal.Marshal(mc)
	return object, "", err
}
