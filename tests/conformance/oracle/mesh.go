package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"strings"

	clientnetworking "istio.io/client-go/pkg/apis/networking/v1beta1"
	"sigs.k8s.io/yaml"

	meshconfig "istio.io/api/mesh/v1alpha1"
	"istio.io/istio/pilot/pkg/config/kube/crdclient"
	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pkg/config/mesh"
	"istio.io/istio/pkg/config/schema/gvk"
	"istio.io/istio/pkg/kube"
	"istio.io/istio/pkg/kube/inject"
	"istio.io/istio/pkg/log"
	"istio.io/istio/pkg/util/protomarshal"
)

// proxyConfigAnnotation holds a pod's own ProxyConfig.
const proxyConfigAnnotation = "proxy.istio.io/config"

// meshQuestion asks what an installation's mesh configuration is, and what it makes of one pod. A source that is
// null is a ConfigMap that is not there; shared is the ConfigMap of SHARED_MESH_CONFIG, which lies under mesh.
type meshQuestion struct {
	Mesh         *string           `json:"mesh"`
	Shared       *string           `json:"shared"`
	ProxyConfigs []string          `json:"proxyConfigs"`
	Namespace    string            `json:"namespace"`
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
}

type meshAnswer struct {
	// Mesh is the effective MeshConfig.
	Mesh json.RawMessage `json:"mesh,omitempty"`
	// Refused says of each source that istiod does not take why it does not.
	Refused map[string]string `json:"refused,omitempty"`
	// Resources says of each ProxyConfig why it cannot be read; empty where it can.
	Resources []string `json:"resources,omitempty"`
	// Proxy is the pod's effective ProxyConfig, Pod the text that templates write of it.
	Proxy json.RawMessage `json:"proxy,omitempty"`
	Pod   string          `json:"pod,omitempty"`
	// Annotation says why the pod's annotation is refused.
	Annotation string `json:"annotation,omitempty"`
	// Applied is the annotation over the mesh's default, without resources.
	Applied json.RawMessage `json:"applied,omitempty"`
	// Err is set where Istio's code died of the question.
	Err string `json:"err,omitempty"`
}

func setupMesh(flags *flag.FlagSet) func() error {
	out := flags.String("out", "/dev/stdout", "where the answers go; Istio itself logs to standard output")
	return func() error {
		// Every source that is refused would be logged with its whole text.
		if scope := log.FindScope(log.DefaultScopeName); scope != nil {
			scope.SetOutputLevel(log.NoneLevel)
		}
		printer, err := inject.ParseTemplates(inject.RawTemplates{"pod": "{{ protoToJSON . }}"})
		if err != nil {
			return err
		}
		return eachLine(*out, func(q meshQuestion) meshAnswer { return q.guarded(printer) })
	}
}

func (q meshQuestion) guarded(printer inject.Templates) (a meshAnswer) {
	defer func() {
		if p := recover(); p != nil {
			a = meshAnswer{Err: fmt.Sprintf("panic: %v", p)}
		}
	}()
	a, err := q.answer(printer)
	if err != nil {
		return meshAnswer{Err: err.Error()}
	}
	return a
}

func (q meshQuestion) answer(printer inject.Templates) (a meshAnswer, err error) {
	mc := layeredMesh(q.Mesh, q.Shared)
	if a.Mesh, err = protomarshal.Marshal(mc); err != nil {
		return a, err
	}
	a.Refused = q.refusedSources()
	var resources snapshotStore
	for _, text := range q.ProxyConfigs {
		resource, err := decodeProxyConfig(text)
		a.Resources = append(a.Resources, reason(err))
		if err == nil {
			resources = append(resources, crdclient.TranslateObject(resource, gvk.ProxyConfig, "cluster.local"))
		}
	}
	if text, has := q.Annotations[proxyConfigAnnotation]; has {
		a.Annotation = reason(inject.AnnotationValidation[proxyConfigAnnotation](text))
		if applied, err := mesh.ApplyProxyConfig(text, mc); err == nil {
			if a.Applied, err = protomarshal.Marshal(applied.GetDefaultConfig()); err != nil {
				return a, err
			}
		}
	}
	proxy := q.effective(mc, resources)
	if a.Proxy, err = protomarshal.Marshal(proxy); err != nil {
		return a, err
	}
	var pod strings.Builder
	err = printer["pod"].Execute(&pod, proxy)
	a.Pod = pod.String()
	return a, err
}

// refusedSources tries the sources one after the other as layeredMesh does, which only logs what it thinks of them.
func (q meshQuestion) refusedSources() map[string]string {
	refused := map[string]string{}
	mc := mesh.DefaultMeshConfig()
	for _, source := range []struct {
		name string
		text *string
	}{{"shared", q.Shared}, {"mesh", q.Mesh}} {
		if source.text == nil {
			continue
		}
		layered, err := mesh.ApplyMeshConfig(*source.text, mc)
		if err != nil {
			refused[source.name] = reason(err)
			continue
		}
		mc = layered
	}
	return refused
}

// decodeProxyConfig reads a resource as istiod's client reads what an API server sends.
func decodeProxyConfig(text string) (*clientnetworking.ProxyConfig, error) {
	data, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		return nil, err
	}
	object, _, err := kube.IstioCodec.UniversalDeserializer().Decode(data, nil, nil)
	if err != nil {
		return nil, err
	}
	resource, is := object.(*clientnetworking.ProxyConfig)
	if !is {
		return nil, errors.New("no ProxyConfig")
	}
	return resource, nil
}

// effective is what the webhook takes for the ProxyConfig of the pod.
func (q meshQuestion) effective(mc *meshconfig.MeshConfig, resources snapshotStore) *meshconfig.ProxyConfig {
	env := environment(mc)
	env.SetPushContext(&model.PushContext{ProxyConfigs: model.GetProxyConfigs(resources, mc)})
	return env.GetProxyConfigOrDefault(q.Namespace, q.Labels, q.Annotations, mc)
}

func reason(err error) string {
	if err == nil {
		return ""
	}
	if text := err.Error(); text != "" {
		return text
	}
	return "refused without a word"
}
