//! How objects are written down: as YAML in several styles and as JSON, with what streams have between documents and
//! what editors and other systems leave in a text. Never: what the objects are.

use pillion_goyaml::to_yaml;
use serde_json::Value;

use pillion_chance::Rng;

/// Writes one document.
type Style = fn(&Value) -> String;
/// Changes a whole text.
type Finish = fn(String) -> String;

/// The ways of writing one document.
const STYLES: &[(&str, Style)] = &[
    ("block YAML", block),
    ("block YAML", block),
    ("block YAML", block),
    ("JSON on one line", |value| format!("{value}\n")),
    ("JSON on many lines", |value| serde_json::to_string_pretty(value).unwrap_or_default() + "\n"),
    ("JSON indented by tabs", |value| {
        let pretty = serde_json::to_string_pretty(value).unwrap_or_default();
        let tabs = |line: &str| {
            let bare = line.trim_start_matches(' ');
            format!("{}{bare}\n", "\t".repeat((line.len() - bare.len()) / 2))
        };
        pretty.lines().map(tabs).collect()
    }),
    ("a very long line", |value| {
        let mut value = value.clone();
        if value.is_object() {
            value["unknownLong"] = "x".repeat(70_000).into();
        }
        format!("{value}\n")
    }),
];

/// What stands between two documents.
const SEPARATORS: &[(&str, &str)] = &[
    ("---", "---\n"),
    ("---", "---\n"),
    ("---", "---\n"),
    ("--- and blanks", "---  \t\n"),
    ("--- and a comment", "--- # next\n"),
    ("--- twice", "---\n---\n"),
    ("an empty document", "---\n# nothing here\n\n---\n"),
    ("a null document", "---\nnull\n---\n"),
    ("...", "...\n---\n"),
];

/// What is done to the whole text.
const FINISHES: &[(&str, Finish)] = &[
    ("as it is", |text| text),
    ("as it is", |text| text),
    ("CRLF", |text| text.replace('\n', "\r\n")),
    ("BOM", |text| format!("\u{feff}{text}")),
    ("begins with ---", |text| format!("---\n{text}")),
    ("begins with a comment", |text| format!("# a licence\n#\tand more\n\n{text}")),
    ("ends with ---", |text| format!("{text}---\n")),
    ("no line end at the end", |text| text.trim_end().to_owned()),
    ("comments within", |text| {
        let comment = |(at, line): (usize, &str)| {
            if at % 7 == 3 && line.starts_with(|c: char| c.is_ascii_lowercase()) {
                format!("# before line {at}\n{line}   # behind it\n")
            } else {
                format!("{line}\n")
            }
        };
        let scalars = text.contains(": |") || text.contains(": >");
        if scalars { text } else { text.lines().enumerate().map(comment).collect() }
    }),
    ("blanks at line ends", |text| {
        let scalars = text.contains(": |") || text.contains(": >");
        if scalars { text } else { text.lines().map(|line| format!("{line} \n")).collect() }
    }),
];

fn block(value: &Value) -> String {
    let json = value.to_string();
    let parsed = pillion_govalue::parse(json.as_bytes());
    parsed.ok().and_then(|value| to_yaml(&value).ok()).unwrap_or(json + "\n")
}

/// Writes documents down as chance has it; what it chose goes into `covers`.
pub fn write(documents: &[Value], rng: &mut Rng, covers: &mut Vec<String>) -> String {
    let (separator, finish) = (rng.below(SEPARATORS.len()), rng.below(FINISHES.len()));
    let styles: Vec<usize> = documents.iter().map(|_| rng.below(STYLES.len())).collect();
    written(documents, |at| styles[at], separator, finish, covers)
}

/// How many ways of writing there are to go through with [`nth`].
#[must_use]
pub fn ways() -> usize {
    STYLES.len().max(SEPARATORS.len()).max(FINISHES.len())
}

/// Writes documents down in the way `number`.
pub fn nth(documents: &[Value], number: usize, covers: &mut Vec<String>) -> String {
    let (style, separator) = (number % STYLES.len(), number % SEPARATORS.len());
    written(documents, |_| style, separator, number % FINISHES.len(), covers)
}

fn written(
    documents: &[Value],
    style: impl Fn(usize) -> usize,
    separator: usize,
    finish: usize,
    covers: &mut Vec<String>,
) -> String {
    let mut text = String::new();
    for (at, document) in documents.iter().enumerate() {
        if at > 0 {
            let (name, separator) = SEPARATORS[separator];
            covers.push(format!("separator: {name}"));
            text.push_str(separator);
        }
        let (name, write) = STYLES[style(at)];
        covers.push(format!("style: {name}"));
        text.push_str(&write(document));
    }
    let (name, finish) = FINISHES[finish];
    covers.push(format!("text: {name}"));
    finish(text)
}

/// Hurts a text: cut off somewhere, or with a character changed. May leave it whole.
pub fn hurt(text: &str, rng: &mut Rng) -> String {
    let mut at = rng.below(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let (head, tail) = text.split_at(at);
    match rng.below(3) {
        0 => head.to_owned(),
        1 => format!("{head}{}{tail}", rng.pick(&["\t", ":", "{", "]", "*x", "\"", "%", "@", "\u{1}", "\n"])),
        _ => format!("{head}{}", tail.chars().skip(1).collect::<String>()),
    }
}

/// Names of what [`write()`] may choose, for the coverage table.
#[must_use]
pub fn expectations() -> Vec<String> {
    let mut all: Vec<String> = vec![];
    all.extend(STYLES.iter().map(|(name, _)| format!("style: {name}")));
    all.extend(SEPARATORS.iter().map(|(name, _)| format!("separator: {name}")));
    all.extend(FINISHES.iter().map(|(name, _)| format!("text: {name}")));
    all.sort();
    all.dedup();
    all
}

/// Whether a text has what Kubernetes' reader of streams takes otherwise than YAML does.
#[must_use]
pub fn ends_documents_oddly(text: &str) -> bool {
    text.lines().any(|line| {
        let line = line.trim_start_matches('\u{feff}');
        line.starts_with("...")
            || line.starts_with('%')
            || line
                .strip_prefix("---")
                .is_some_and(|rest| !rest.trim().is_empty() && !rest.trim_start().starts_with('#'))
    })
}
