//! What `pillion inject` writes: manifests, JSON, patches, differences. Never: to a terminal or a file itself.

use std::io::IsTerminal;

use anyhow::Result;
use clap::ValueEnum;
use pillion_core::manifest::Injected;
use pillion_govalue::json;
use similar::{ChangeTag, TextDiff};

/// Formats of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// The manifests after injection; what is not injected stays byte for byte.
    Yaml,
    /// Every document as one line of JSON.
    Json,
    /// The JSON Patch of every pod, one a line, as the webhook answers it; `[]` for a pod that is not injected.
    Patch,
    /// What changed in each object, as a unified difference; in colour on a terminal.
    Diff,
}

/// One file's part of the output.
pub(super) fn write(
    format: Format,
    name: &str,
    injected: &Injected<'_>,
    patches: &[String],
) -> Result<String> {
    let lines = |lines: &mut dyn Iterator<Item = String>| lines.map(|line| line + "\n").collect();
    Ok(match format {
        Format::Yaml => injected.text.clone(),
        Format::Json => lines(&mut injected.documents.iter().map(|document| {
            json::to_string(document.after.as_ref().unwrap_or(&document.before), json::PLAIN)
        })),
        Format::Patch => lines(&mut patches.iter().cloned()),
        Format::Diff => differences(name, injected)?,
    })
}

/// Adds one file's part; manifests of several files become documents of one stream.
pub(super) fn join(out: &mut String, part: &str, format: Format) {
    if format == Format::Yaml && !out.is_empty() && !part.is_empty() {
        if !out.ends_with('\n') {
            out.push('\n');
        }
        if !out.ends_with("---\n") && !part.starts_with("---") {
            out.push_str("---\n");
        }
    }
    out.push_str(part);
}

/// The differences of all objects. Both sides are written alike, so that only what injection changed is shown and not
/// how the manifest was laid out.
fn differences(name: &str, injected: &Injected<'_>) -> Result<String> {
    let (mut out, colour) = (String::new(), in_colour());
    for document in &injected.documents {
        if let Some(after) = &document.after {
            let title = format!("{name}: {}", document.label);
            let (before, after) =
                (pillion_goyaml::to_yaml(&document.before)?, pillion_goyaml::to_yaml(after)?);
            out.push_str(&difference(&title, &before, &after, colour));
        }
    }
    Ok(out)
}

/// As <https://no-color.org> has it.
pub(super) fn in_colour() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

fn difference(name: &str, before: &str, after: &str, colour: bool) -> String {
    const CONTEXT: usize = 3;
    if before == after {
        return String::new();
    }
    let diff = TextDiff::from_lines(before, after);
    let mut out = String::new();
    let mut line = |code: &str, text: &str| {
        let text = text.trim_end_matches(['\r', '\n']);
        if colour && !code.is_empty() {
            out.push_str(&format!("\x1b[{code}m{text}\x1b[0m\n"));
        } else {
            out.push_str(text);
            out.push('\n');
        }
    };
    line("1", &format!("--- {name}"));
    line("1", &format!("+++ {name} (injected)"));
    for hunk in diff.unified_diff().context_radius(CONTEXT).iter_hunks() {
        line("36", &hunk.header().to_string());
        for change in hunk.iter_changes() {
            let (code, sign) = match change.tag() {
                ChangeTag::Delete => ("31", '-'),
                ChangeTag::Insert => ("32", '+'),
                ChangeTag::Equal => ("", ' '),
            };
            line(code, &format!("{sign}{}", change.value()));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_unified_and_coloured_only_where_asked_for() {
        let plain = difference("p.yaml", "a\nb\n", "a\nc\n", false);
        assert_eq!(plain, "--- p.yaml\n+++ p.yaml (injected)\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n");
        let coloured = difference("p.yaml", "a\nb\n", "a\nc\n", true);
        assert!(coloured.contains("\x1b[31m-b\x1b[0m") && coloured.contains("\x1b[32m+c\x1b[0m"));
        assert_eq!(difference("p.yaml", "a\n", "a\n", true), "");
    }

    #[test]
    fn files_become_documents_of_one_stream() {
        let mut out = String::new();
        for part in ["a: 1\n", "b: 2", "", "---\nc: 3\n---\n", "d: 4\n"] {
            join(&mut out, part, Format::Yaml);
        }
        assert_eq!(out, "a: 1\n---\nb: 2\n---\nc: 3\n---\nd: 4\n");
    }
}
