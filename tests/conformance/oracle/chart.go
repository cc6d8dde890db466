package main

import (
	"bufio"
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	yamlstream "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"istio.io/istio/manifests"
)

// chartRoot is where every release keeps the chart that holds the injector's ConfigMaps.
const chartRoot = "charts/istio-control/istio-discovery"

// wanted are the ConfigMap keys that the injector reads.
var wanted = map[string]bool{"config": true, "values": true, "mesh": true}

func setupRender(flags *flag.FlagSet) func() error {
	dir := flags.String("dir", ".", "where config, values and mesh go")
	values := flags.String("values", "", "chart values, a YAML file")
	namespace := flags.String("ns", "istio-system", "namespace of the installation")
	tag := flags.String("tag", "", "global.tag where the values say none, as the chart of a published release has it")
	return func() error {
		user := map[string]any{}
		if *values != "" {
			text, err := os.ReadFile(*values)
			if err != nil {
				return err
			}
			if err := yaml.Unmarshal(text, &user); err != nil {
				return fmt.Errorf("%s: %w", *values, err)
			}
		}
		if err := defaultTag(user, *tag); err != nil {
			return fmt.Errorf("%s: %w", *values, err)
		}
		return render(*dir, *namespace, user)
	}
}

// defaultTag sets global.tag where the values leave it to the chart. Charts of a source tree say "latest"; those that
// are published say the release.
func defaultTag(values map[string]any, tag string) error {
	if tag == "" {
		return nil
	}
	global, isMap := values["global"].(map[string]any)
	if values["global"] == nil {
		global = map[string]any{}
		values["global"] = global
	} else if !isMap {
		return errors.New("global is no map")
	}
	if _, set := global["tag"]; !set {
		global["tag"] = tag
	}
	return nil
}

// render writes what the two ConfigMaps of an installation with these values would hold.
func render(dir, namespace string, user map[string]any) error {
	ch, err := loadChart()
	if err != nil {
		return err
	}
	options := chartutil.ReleaseOptions{Name: "istiod", Namespace: namespace, Revision: 1, IsInstall: true}
	merged, err := chartutil.ToRenderValues(ch, user, options, chartutil.DefaultCapabilities.Copy())
	if err != nil {
		return err
	}
	manifests, err := engine.Engine{}.Render(ch, merged)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, text := range manifests {
		if !strings.Contains(text, "kind: ConfigMap") {
			continue
		}
		if err := writeConfigMaps(dir, text); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func loadChart() (*chart.Chart, error) {
	var files []*loader.BufferedFile
	err := fs.WalkDir(manifests.FS, chartRoot, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(manifests.FS, path)
		if err != nil {
			return err
		}
		files = append(files, &loader.BufferedFile{Name: strings.TrimPrefix(path, chartRoot+"/"), Data: data})
		return nil
	})
	if err != nil {
		return nil, err
	}
	return loader.LoadFiles(files)
}

func writeConfigMaps(dir, text string) error {
	documents := yamlstream.NewYAMLReader(bufio.NewReader(bytes.NewBufferString(text)))
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		var object struct {
			Kind string
			Data map[string]string
		}
		if yaml.Unmarshal(document, &object) != nil || object.Kind != "ConfigMap" {
			continue
		}
		for key, value := range object.Data {
			if wanted[key] {
				if err := os.WriteFile(filepath.Join(dir, key), []byte(value), 0o644); err != nil {
					return err
				}
			}
		}
	}
}
