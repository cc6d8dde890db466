package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"google.golang.org/protobuf/proto"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	meshconfig "istio.io/api/mesh/v1alpha1"
	"istio.io/istio/pkg/kube/inject"
)

// manifestQuestion is one manifest. Mode "inject" (or none) injects it as istioctl kube-inject does without a cluster;
// "read" reads its objects as Go's types have them, "raw" as they are.
type manifestQuestion struct {
	Text     string  `json:"text"`
	Mode     string  `json:"mode,omitempty"`
	Revision *string `json:"revision,omitempty"`
}

// manifestAnswer has the text that came out, and its objects as read again. Err says why there is none.
type manifestAnswer struct {
	Text     string            `json:"text"`
	Warnings []string          `json:"warnings,omitempty"`
	Err      string            `json:"err,omitempty"`
	Objects  []json.RawMessage `json:"objects,omitempty"`
	// Strict says for each object why an API server would not decode it; empty where it would.
	Strict []string `json:"strict,omitempty"`
}

func setupManifests(flags *flag.FlagSet) func() error {
	dir := flags.String("dir", ".", "directory with config, values and mesh")
	revision := flags.String("revision", "default", "revision of the injector, where a question names none")
	out := flags.String("out", "/dev/stdout", "where the answers go; Istio itself logs to standard output")
	return func() error {
		injector, err := readManifestInjector(*dir, *revision)
		if err != nil {
			return err
		}
		return eachLine(*out, func(q manifestQuestion) manifestAnswer { return injector.answer(q) })
	}
}

// manifestInjector is what IntoResourceFile wants to know, read once.
type manifestInjector struct {
	templates inject.Templates
	values    string
	mesh      *meshconfig.MeshConfig
	revision  string
}

func readManifestInjector(dir, revision string) (*manifestInjector, error) {
	text, err := os.ReadFile(filepath.Join(dir, "config"))
	if err != nil {
		return nil, err
	}
	config, err := inject.UnmarshalConfig(text)
	if err != nil {
		return nil, err
	}
	values, err := os.ReadFile(filepath.Join(dir, "values"))
	if err != nil {
		return nil, err
	}
	mc, err := readMesh(dir)
	if err != nil {
		return nil, err
	}
	return &manifestInjector{config.Templates, string(values), mc, revision}, nil
}

func (m *manifestInjector) answer(q manifestQuestion) (a manifestAnswer) {
	defer func() {
		if p := recover(); p != nil {
			a.Err = fmt.Sprintf("panic: %v", p)
		}
	}()
	if q.Mode != "" && q.Mode != "inject" {
		a.Objects, a.Strict, a.Err = readObjects(q.Text, q.Mode == "read")
		return a
	}
	// kube-inject injects one file a process: what one manifest leaves behind, the next must not find.
	values, err := inject.NewValuesConfig(m.values)
	if err != nil {
		return manifestAnswer{Err: err.Error()}
	}
	revision := m.revision
	if q.Revision != nil {
		revision = *q.Revision
	}
	mc := proto.Clone(m.mesh).(*meshconfig.MeshConfig)
	warn := func(text string) { a.Warnings = append(a.Warnings, text) }
	var out bytes.Buffer
	err = inject.IntoResourceFile(nil, m.templates, values, revision, mc, strings.NewReader(q.Text), &out, warn)
	if err != nil {
		a.Err = err.Error()
		return a
	}
	a.Text = out.String()
	a.Objects, a.Strict, a.Err = readObjects(a.Text, true)
	return a
}

// readObjects reads every document of a stream; documents that hold nothing are left out.
func readObjects(text string, typed bool) (objects []json.RawMessage, strict []string, failed string) {
	for at, document := range splitStream(text) {
		object, err := yaml.YAMLToJSON([]byte(document))
		if err != nil {
			return nil, nil, fmt.Sprintf("document %d: %v", at+1, err)
		}
		if string(object) == "null" {
			continue
		}
		wrong := ""
		if typed {
			if object, wrong, err = readTyped(object, []byte(document)); err != nil {
				return nil, nil, fmt.Sprintf("document %d: %v", at+1, err)
			}
		}
		objects, strict = append(objects, object), append(strict, wrong)
	}
	return objects, strict, ""
}

// groups are where a kind that kube-inject knows is that kind and not another API's kind of the same name.
var groups = map[string][]string{
	"Pod": {""}, "ReplicationController": {""}, "List": {""},
	"Deployment": {"apps", "extensions"}, "DaemonSet": {"apps", "extensions"}, "ReplicaSet": {"apps", "extensions"},
	"StatefulSet": {"apps"}, "Job": {"batch"}, "CronJob": {"batch"}, "DeploymentConfig": {"", "apps.openshift.io"},
	"Rollout": {"argoproj.io"},
}

// readTyped is the object as Go's type of its kind has it, where kube-inject has such a type; otherwise as it is.
func readTyped(object json.RawMessage, document []byte) (json.RawMessage, string, error) {
	var meta struct {
		Kind       any               `json:"kind"`
		APIVersion any               `json:"apiVersion"`
		Items      []json.RawMessage `json:"items"`
	}
	kind, version := "", ""
	if json.Unmarshal(object, &meta) == nil {
		kind, _ = meta.Kind.(string)
		version, _ = meta.APIVersion.(string)
	}
	group, _, found := strings.Cut(version, "/")
	if !found {
		group = ""
	}
	known := false
	for _, g := range groups[kind] {
		// Objects of the first API are known without its version too; a List is not.
		known = known || g == group && (version != "" || g == "" && kind != "List")
	}
	if !known {
		return object, "", nil
	}
	if kind == "List" {
		return readList(object, meta.Items)
	}
	typed, err := readKnown(kind, document)
	if err != nil {
		return nil, "", err
	}
	wrong := ""
	again := reflect.New(reflect.TypeOf(typed).Elem()).Interface().(runtime.Object)
	if err := json.Unmarshal(object, again); err != nil {
		wrong = err.Error()
	}
	encoded, err := json.Marshal(typed)
	return encoded, wrong, err
}

// readKnown reads an Argo Rollout, of which Go's types are not here, as the Deployment that its pod template makes it.
func readKnown(kind string, document []byte) (runtime.Object, error) {
	if kind != "Rollout" {
		return inject.FromRawToObject(document)
	}
	rollout := &appsv1.Deployment{}
	return rollout, yaml.Unmarshal(document, rollout)
}

func readList(object json.RawMessage, items []json.RawMessage) (json.RawMessage, string, error) {
	wrong := ""
	for at, item := range items {
		typed, why, err := readTyped(item, item)
		if err != nil {
			return nil, "", fmt.Errorf("items[%d]: %w", at, err)
		}
		if why != "" {
			wrong = why
		}
		items[at] = typed
	}
	list := map[string]json.RawMessage{}
	if err := json.Unmarshal(object, &list); err != nil {
		return nil, "", err
	}
	encodedItems, err := json.Marshal(items)
	if err != nil {
		return nil, "", err
	}
	list["items"] = encodedItems
	// Go's List writes its metadata whether it has any or not.
	var metadata metav1.ListMeta
	if len(list["metadata"]) > 0 {
		if err := json.Unmarshal(list["metadata"], &metadata); err != nil {
			return nil, "", err
		}
	}
	if list["metadata"], err = json.Marshal(metadata); err != nil {
		return nil, "", err
	}
	for key := range list {
		if key != "apiVersion" && key != "kind" && key != "metadata" && key != "items" {
			delete(list, key)
		}
	}
	encoded, err := json.Marshal(list)
	return encoded, wrong, err
}

// splitStream cuts a stream where YAML says that documents end: at lines that begin with `---` or `...`, a blank behind.
// Kubernetes' own reader, which kube-inject uses, knows less of it; what comes of that is to be seen and not hidden.
func splitStream(text string) []string {
	var documents []string
	var current strings.Builder
	end := func() {
		documents = append(documents, current.String())
		current.Reset()
	}
	lines := strings.SplitAfter(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text), "\n")
	for at, line := range lines {
		if at == 0 {
			line = strings.TrimPrefix(line, "\ufeff")
		}
		switch {
		case isMark(line, "---"):
			end()
			if strings.TrimSpace(line[3:]) != "" {
				current.WriteString(line[3:])
			}
		case isMark(line, "..."):
			end()
		case strings.HasPrefix(line, "%") && blank(current.String()):
			// A directive says how to read, not what.
		default:
			current.WriteString(line)
		}
	}
	end()
	return documents
}

func isMark(line, mark string) bool {
	rest, found := strings.CutPrefix(line, mark)
	return found && (rest == "" || strings.ContainsRune(" \t\n", rune(rest[0])))
}

// blank: nothing but comments and white space.
func blank(text string) bool {
	for _, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			return false
		}
	}
	return true
}
