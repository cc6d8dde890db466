//! JSON texts with places replaced by something hostile. Text and not values, because a repeated key, half a surrogate
//! pair or a number without end has no value.

use serde_json::Value;

use pillion_chance::Rng;

/// What a place may be replaced by.
pub const FRAGMENTS: &[&str] = &[
    "null",
    "true",
    "false",
    "0",
    "-1",
    "1.5",
    "1e400",
    "-0",
    "9223372036854775808",
    "123456789012345678901234567890",
    "\"\"",
    "\"0\"",
    "\"\\ud800\"",
    "\"\\u0000\"",
    "\"\u{202e}\u{feff}é\u{10ffff}\"",
    "\"{{ .Spec }}\\n---\\n- a: *x\\t%\"",
    "[]",
    "[null]",
    "[[[[[[[[]]]]]]]]",
    "[{}]",
    "[\"a\",1]",
    "{}",
    "{\"\":null}",
    "{\"name\":{}}",
    "{\"$patch\":\"delete\"}",
    "{\"$patch\":\"replace\",\"name\":\"istio-proxy\"}",
    "{\"$retainKeys\":[1]}",
];

/// The text of `value`; `change` gives another text for the place of this number, or none.
pub fn rewritten(value: &Value, change: &mut dyn FnMut(usize) -> Option<String>) -> String {
    let mut out = String::new();
    write(&mut out, value, &mut 0, change);
    out
}

/// Number of places in a value.
pub fn places(value: &Value) -> usize {
    let mut count = 0;
    rewritten(value, &mut |at| {
        count = count.max(at + 1);
        None
    });
    count
}

fn write(out: &mut String, value: &Value, at: &mut usize, change: &mut dyn FnMut(usize) -> Option<String>) {
    let here = *at;
    *at += 1;
    if let Some(other) = change(here) {
        out.push_str(&other);
        return;
    }
    match value {
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                write(out, item, at, change);
            }
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            for (index, (key, item)) in members.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                out.push_str(&serde_json::to_string(key).unwrap());
                out.push(':');
                write(out, item, at, change);
            }
            out.push('}');
        }
        other => out.push_str(&other.to_string()),
    }
}

/// The text with about one place in `rate` replaced, keys repeated, members of no type added.
pub fn randomly(value: &Value, rng: &mut Rng, rate: usize) -> String {
    rewritten(value, &mut |_| {
        rng.one_in(rate).then(|| match rng.below(10) {
            0 => "[".repeat(300) + &"]".repeat(300),
            1 => format!("\"{}\"", "long ".repeat(2000)),
            2 => format!("{{\"name\":{0},\"name\":{0},\"x\":{1}}}", fragment(rng), fragment(rng)),
            3 => format!("[{},{}]", fragment(rng), fragment(rng)),
            _ => fragment(rng).to_owned(),
        })
    })
}

/// A text with some of its bytes or lines changed: for YAML.
pub fn torn(text: &str, rng: &mut Rng) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for _ in 0..=rng.below(4) {
        let at = rng.below(lines.len());
        let Some(line) = lines.get(at).cloned() else { break };
        let cut = line.char_indices().map(|(i, _)| i).nth(rng.below(line.chars().count() + 1));
        let cut = cut.unwrap_or(line.len());
        match rng.below(7) {
            0 => drop(lines.remove(at)),
            1 => lines.insert(at, line),
            2 => lines[at] = format!("{} {}", &line[..cut], fragment(rng)),
            3 => lines[at] = format!("  {line}"),
            4 => lines[at] = line.trim_start().to_owned(),
            5 => lines[at] = format!("{}{}{}", &line[..cut], rng.pick(SIGNS), &line[cut..]),
            _ => lines[at] = line[..cut].to_owned(),
        }
    }
    lines.join("\n")
}

const SIGNS: &[&str] = &[
    "{{",
    "}}",
    "{{ end }}",
    "{{ range",
    "*a",
    "&a ",
    ": ",
    "- ",
    "\t",
    "\u{0}",
    "\"",
    "'",
    "|",
    ">",
    "!!binary ",
    "<<: ",
    "[",
    "{",
    "%",
    "---\n",
    "\u{feff}",
    "é",
];

fn fragment(rng: &mut Rng) -> &'static str {
    FRAGMENTS[rng.below(FRAGMENTS.len())]
}
