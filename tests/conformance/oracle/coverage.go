package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"text/template"
	"text/template/parse"

	"istio.io/istio/pkg/kube/inject"
)

// counterName is the function that counted templates call before each of their actions.
const counterName = "oracleCount"

// counted is one action of a template and how often it was reached.
type counted struct {
	Template string `json:"template"`
	Line     int    `json:"line"`
	Action   string `json:"action"`
	Count    int    `json:"count"`
}

// counters knows every action of every template of a configuration.
type counters struct {
	actions []*counted
}

// countingWatcher hands out a configuration whose templates count.
type countingWatcher struct {
	inject.Watcher
	counters *counters
}

func (w countingWatcher) Get() (*inject.Config, string, error) {
	config, values, err := w.Watcher.Get()
	if err != nil {
		return nil, "", err
	}
	for name, parsed := range config.Templates {
		if err := w.counters.instrument(name, parsed, config.RawTemplates[name]); err != nil {
			return nil, "", fmt.Errorf("template %q: %w", name, err)
		}
	}
	return config, values, nil
}

// instrument puts a call of the counter before every action. What is printed stays the same: the call prints nothing.
func (c *counters) instrument(name string, parsed *template.Template, text string) error {
	parsed.Funcs(template.FuncMap{counterName: func(at int) string {
		c.actions[at].Count++
		return ""
	}})
	for _, part := range parsed.Templates() {
		if part.Tree == nil || part.Root == nil {
			continue
		}
		if err := c.list(name, text, part.Root); err != nil {
			return err
		}
	}
	return nil
}

func (c *counters) list(name, text string, list *parse.ListNode) error {
	if list == nil {
		return nil
	}
	nodes := make([]parse.Node, 0, 2*len(list.Nodes))
	for _, node := range list.Nodes {
		if node.Type() != parse.NodeText {
			call, err := c.counter(name, text, node)
			if err != nil {
				return err
			}
			nodes = append(nodes, call)
		}
		nodes = append(nodes, node)
		if err := c.branches(name, text, node); err != nil {
			return err
		}
	}
	list.Nodes = nodes
	return nil
}

// branches goes into what lies below a node. A branch that holds text alone counts by a call of its own.
func (c *counters) branches(name, text string, node parse.Node) error {
	var branch *parse.BranchNode
	switch node := node.(type) {
	case *parse.IfNode:
		branch = &node.BranchNode
	case *parse.RangeNode:
		branch = &node.BranchNode
	case *parse.WithNode:
		branch = &node.BranchNode
	default:
		return nil
	}
	for _, list := range []*parse.ListNode{branch.List, branch.ElseList} {
		if list == nil {
			continue
		}
		if err := c.list(name, text, list); err != nil {
			return err
		}
		call, err := c.counter(name, text, list)
		if err != nil {
			return err
		}
		list.Nodes = slices.Insert(list.Nodes, 0, parse.Node(call))
	}
	return nil
}

// counter registers an action and makes the call that counts it.
func (c *counters) counter(name, text string, node parse.Node) (*parse.ActionNode, error) {
	source := fmt.Sprintf("{{%s %d}}", counterName, len(c.actions))
	parsed, err := template.New("counter").Funcs(template.FuncMap{counterName: func(int) string { return "" }}).Parse(source)
	if err != nil {
		return nil, err
	}
	line := 1 + strings.Count(text[:min(int(node.Position()), len(text))], "\n")
	c.actions = append(c.actions, &counted{Template: name, Line: line, Action: describe(node)})
	return parsed.Root.Nodes[0].(*parse.ActionNode), nil
}

func describe(node parse.Node) string {
	words := strings.ReplaceAll(node.String(), "{{"+counterName, "{{")
	if _, isList := node.(*parse.ListNode); isList {
		words = "branch"
	}
	words, _, _ = strings.Cut(words, "}}")
	return strings.TrimPrefix(strings.Join(strings.Fields(words), " "), "{{")
}

// write leaves the counts in a file.
func (c *counters) write(path string) error {
	data, err := json.Marshal(c.actions)
	if err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o644)
}
