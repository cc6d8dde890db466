package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"

	meshconfig "istio.io/api/mesh/v1alpha1"
	"istio.io/istio/pilot/pkg/config/kube/crd"
	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pkg/config"
	"istio.io/istio/pkg/config/mesh"
	"istio.io/istio/pkg/config/schema/collection"
	"istio.io/istio/pkg/config/schema/collections"
	"istio.io/istio/pkg/kube/inject"
)

// question is one admission call; answer is what the webhook's handler made of it.
type question struct {
	Path   string          `json:"path"`
	Review json.RawMessage `json:"review"`
}

type answer struct {
	Code int    `json:"code"`
	Body string `json:"body"`
	// Panic is set where the handler panicked: istiod would have closed the connection.
	Panic string `json:"panic,omitempty"`
}

func setupBatch(flags *flag.FlagSet) func() error {
	dir := flags.String("dir", ".", "directory with config, values, mesh and, if there are any, proxyconfigs.yaml and cluster.yaml")
	revision := flags.String("revision", "default", "revision of the injector")
	out := flags.String("out", "/dev/stdout", "where the answers go; Istio itself logs to standard output")
	coverage := flags.String("coverage", "", "where to write how often each action of a template ran")
	return func() error {
		var counts *counters
		if *coverage != "" {
			counts = &counters{}
		}
		handler, err := webhook(*dir, *revision, counts)
		if err != nil {
			return err
		}
		if err := eachLine(*out, func(q question) answer { return ask(handler, q) }); err != nil {
			return err
		}
		if counts == nil {
			return nil
		}
		return counts.write(*coverage)
	}
}

func ask(handler http.Handler, q question) (a answer) {
	defer func() {
		if p := recover(); p != nil {
			a = answer{Panic: fmt.Sprint(p)}
		}
	}()
	if q.Path == "" {
		q.Path = "/inject"
	}
	request := httptest.NewRequest(http.MethodPost, q.Path, bytes.NewReader(q.Review))
	request.Header.Set("Content-Type", "application/json")
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	return answer{Code: recorder.Code, Body: recorder.Body.String()}
}

// webhook is istiod's injection handler, fed from files instead of a cluster. With counts, its templates count.
func webhook(dir, revision string, counts *counters) (http.Handler, error) {
	mc, err := readMesh(dir)
	if err != nil {
		return nil, err
	}
	env := environment(mc)
	proxies, err := readProxyConfigs(dir, mc)
	if err != nil {
		return nil, err
	}
	env.SetPushContext(&model.PushContext{ProxyConfigs: proxies})
	watcher, err := inject.NewFileWatcher(filepath.Join(dir, "config"), filepath.Join(dir, "values"))
	if err != nil {
		return nil, err
	}
	if counts != nil {
		watcher = countingWatcher{Watcher: watcher, counters: counts}
	}
	mux := http.NewServeMux()
	parameters := inject.WebhookParameters{Watcher: watcher, Env: env, Mux: mux, Revision: revision}
	known, err := readClusters(dir)
	if err != nil {
		return nil, err
	}
	start := addClusters(&parameters, known)
	if _, err := inject.NewWebhook(parameters); err != nil {
		return nil, err
	}
	start()
	return mux, nil
}

// readMesh is the mesh configuration of dir over Istio's defaults.
func readMesh(dir string) (*meshconfig.MeshConfig, error) {
	text, err := os.ReadFile(filepath.Join(dir, "mesh"))
	if os.IsNotExist(err) {
		return mesh.DefaultMeshConfig(), nil
	}
	if err != nil {
		return nil, err
	}
	return mesh.ApplyMeshConfig(string(text), mesh.DefaultMeshConfig())
}

// readProxyConfigs reads the ProxyConfig resources of dir; without the file there are none.
func readProxyConfigs(dir string, mc *meshconfig.MeshConfig) (*model.ProxyConfigs, error) {
	text, err := os.ReadFile(filepath.Join(dir, "proxyconfigs.yaml"))
	if os.IsNotExist(err) {
		return &model.ProxyConfigs{}, nil
	}
	if err != nil {
		return nil, err
	}
	resources, _, err := crd.ParseInputs(string(text))
	if err != nil {
		return nil, err
	}
	return model.GetProxyConfigs(snapshotStore(resources), mc), nil
}

// snapshotStore is a read-only config store over a fixed list.
type snapshotStore []config.Config

func (s snapshotStore) Schemas() collection.Schemas { return collections.Pilot }

func (s snapshotStore) Get(kind config.GroupVersionKind, name, namespace string) *config.Config {
	for i, c := range s {
		if c.GroupVersionKind == kind && c.Name == name && c.Namespace == namespace {
			return &s[i]
		}
	}
	return nil
}

func (s snapshotStore) List(kind config.GroupVersionKind, namespace string) []config.Config {
	var found []config.Config
	for _, c := range s {
		if c.GroupVersionKind == kind && (namespace == "" || c.Namespace == namespace) {
			found = append(found, c)
		}
	}
	return found
}

func (s snapshotStore) Create(config.Config) (string, error)       { return "", os.ErrPermission }
func (s snapshotStore) Update(config.Config) (string, error)       { return "", os.ErrPermission }
func (s snapshotStore) UpdateStatus(config.Config) (string, error) { return "", os.ErrPermission }
func (s snapshotStore) Patch(config.Config, config.PatchFunc) (string, error) {
	return "", os.ErrPermission
}
func (s snapshotStore) Delete(config.GroupVersionKind, string, string, *string) error {
	return os.ErrPermission
}
