//! An explanation for reading: what comes of the pod first, then why, as a tree; at last the difference.
//! Never: anything that the object does not hold.

use anyhow::Result;
use pillion_core::explain::{Change, Kind, on_one_line};
use pillion_core::inject::Verdict;

use super::super::output;
use crate::cluster::calls::Asks;
use crate::explain::{Explained, is_missed};
use crate::record::redact::hide_what_was_there;

/// Longest value on a line.
const WIDTH: usize = 100;

/// A line with the lines that belong to it.
struct Tree {
    line: String,
    below: Vec<Self>,
}

impl Tree {
    fn leaf(line: impl Into<String>) -> Self {
        Self { line: line.into(), below: Vec::new() }
    }

    fn new(line: impl Into<String>, below: Vec<Self>) -> Self {
        Self { line: line.into(), below }
    }

    fn write(&self, before: &str, out: &mut String) {
        out.push_str(&self.line);
        out.push('\n');
        for (at, tree) in self.below.iter().enumerate() {
            let last = at + 1 == self.below.len();
            out.push_str(&format!("{before}{} ", if last { "└─" } else { "├─" }));
            tree.write(&format!("{before}{}  ", if last { " " } else { "│" }), out);
        }
    }
}

/// Colours, or none.
#[derive(Clone, Copy)]
struct Ink(bool);

impl Ink {
    fn paint(self, code: &str, text: &str) -> String {
        if self.0 { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    fn asks(self, asks: Asks) -> String {
        let code = match asks {
            Asks::Yes => "32",
            Asks::No => "31",
            Asks::Unknown => "33",
        };
        self.paint(code, asks.name())
    }
}

/// All of them, one below the other.
pub(super) fn write(all: &[Explained], colour: bool) -> Result<String> {
    let mut out = String::new();
    for (at, told) in all.iter().enumerate() {
        if at > 0 {
            out.push('\n');
        }
        one(told, Ink(colour), &mut out)?;
    }
    Ok(out)
}

fn one(told: &Explained, ink: Ink, out: &mut String) -> Result<()> {
    let Explained { subject, explanation, .. } = told;
    head(told, ink).write("", out);
    let sections = [
        asked(told, ink),
        decided(told, ink),
        section(ink, "Annotations", annotations(told, ink)),
        section(ink, "Proxy configuration, the lowest layer first", layers(told, ink)),
        section(ink, "What changed the pod", stages(told, ink)),
    ];
    for tree in sections.iter().flatten() {
        out.push('\n');
        tree.write("", out);
    }
    if explanation.verdict == Verdict::Injected {
        // What is pasted into tickets shall hold no secrets of users.
        let [before, after] = [&subject.pod, &explanation.pod].map(|pod| {
            let mut shown = pod.clone();
            hide_what_was_there(&mut shown, &subject.pod);
            pillion_goyaml::to_yaml(&shown)
        });
        let (before, after) = (before?, after?);
        out.push('\n');
        out.push_str(&output::difference(&subject.label, &before, &after, ink.0));
    }
    Ok(())
}

fn head(told: &Explained, ink: Ink) -> Tree {
    let Explained { subject, explanation, calls, configuration } = told;
    let (code, verdict) = match explanation.verdict {
        _ if is_missed(told) => ("31", "not injected: nobody asks Pillion"),
        Verdict::Injected => ("32", "injected"),
        Verdict::Skipped => ("33", "not injected"),
        Verdict::Refused => ("31", "refused"),
    };
    let mut below = Vec::new();
    let mut line = |name: &str, text: &str| {
        if !text.is_empty() {
            below.push(Tree::leaf(format!("{name:<14} {text}")));
        }
    };
    line("asked", &format!("{}: {}", ink.asks(calls.asks), calls.why));
    line("reason", &format!("{}: {}", explanation.reason.code(), explanation.reason.sentence()));
    line("message", explanation.message.as_deref().unwrap_or_default().trim_end());
    line("to do", explanation.reason.hint());
    for warning in &explanation.warnings {
        line("warning", warning);
    }
    line("namespace", &subject.namespace);
    line("configuration", configuration);
    Tree::new(format!("{}: {}", ink.bold(&subject.label), ink.paint(code, verdict)), below)
}

fn section(ink: Ink, title: &str, below: Vec<Tree>) -> Option<Tree> {
    (!below.is_empty()).then(|| Tree::new(ink.bold(title), below))
}

fn asked(told: &Explained, ink: Ink) -> Option<Tree> {
    let entries = told.calls.entries.iter().map(|entry| {
        let whose = if entry.reaches_us { "" } else { " (calls another injector)" };
        let checks = entry
            .checks
            .iter()
            .map(|check| Tree::leaf(format!("{:<18} {}: {}", check.what, ink.asks(check.holds), check.why)));
        let line = format!("{} / {}{whose}: {}", entry.configuration, entry.webhook, ink.asks(entry.asks));
        Tree::new(line, checks.collect())
    });
    section(ink, "Does the API server ask?", entries.collect())
}

fn decided(told: &Explained, ink: Ink) -> Option<Tree> {
    let rules = told.explanation.rules.iter().map(|rule| {
        let says = match rule.says {
            Some(reason) => ink.bold(reason.code()),
            None => "goes on".to_owned(),
        };
        Tree::leaf(format!("{:<21} {} → {says}", rule.rule, rule.found))
    });
    section(ink, "The rules, in order", rules.collect())
}

fn annotations(told: &Explained, ink: Ink) -> Vec<Tree> {
    let seen = told.explanation.annotations.iter().map(|seen| {
        let mut below = Vec::new();
        match &seen.doc {
            Some(doc) => below.push(Tree::leaf(doc.clone())),
            None => below.push(Tree::leaf(ink.paint("33", "injection knows no such annotation"))),
        }
        below.extend(seen.problem.iter().map(|problem| Tree::leaf(ink.paint("31", problem))));
        below.extend(seen.without.iter().map(|other| Tree::leaf(format!("without it: {other}"))));
        below.extend(changes(&seen.changes, ink));
        let of = if seen.of_namespace { " of the namespace" } else { "" };
        Tree::new(format!("{}{of}: {:?}", seen.name, seen.value), below)
    });
    seen.collect()
}

fn layers(told: &Explained, ink: Ink) -> Vec<Tree> {
    let seen = told.explanation.layers.iter().map(|layer| {
        let of = layer
            .resource
            .as_ref()
            .map_or(layer.of.to_owned(), |resource| format!("{} {resource}", layer.of));
        let mut below = vec![Tree::leaf(format!("sets {}", on_one_line(&layer.sets, WIDTH)))];
        below.extend(changes(&layer.changes, ink));
        Tree::new(of, below)
    });
    seen.collect()
}

fn stages(told: &Explained, ink: Ink) -> Vec<Tree> {
    let stages = told.explanation.stages.iter();
    let mut trees: Vec<Tree> =
        stages.map(|stage| Tree::new(stage.stage.clone(), changes(&stage.changes, ink))).collect();
    if let Some(facts) = told.explanation.facts.as_ref().filter(|_| !trees.is_empty()) {
        let native = if facts.native { "a native sidecar" } else { "no native sidecar" };
        trees.insert(0, Tree::leaf(format!("{native}, as {} has it", facts.by)));
    }
    trees
}

fn changes(changes: &[Change], ink: Ink) -> Vec<Tree> {
    let told = changes.iter().map(|change| {
        let Change { kind, place, before, after, .. } = change;
        let value =
            |value: &Option<_>| value.as_ref().map_or(String::new(), |value| on_one_line(value, WIDTH));
        Tree::leaf(match kind {
            Kind::Add => ink.paint("32", &format!("+ {place}: {}", value(after))),
            Kind::Remove => ink.paint("31", &format!("- {place}: {}", value(before))),
            Kind::Replace => ink.paint("33", &format!("~ {place}: {} → {}", value(before), value(after))),
            Kind::Move => ink.paint("36", &format!("↕ {place} moved to {}", change.path)),
        })
    });
    told.collect()
}
