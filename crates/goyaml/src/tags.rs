//! What a tag makes of a scalar. Tags on lists and mappings mean nothing to Go's decoder, nor do unknown ones.

use std::borrow::Cow;

use crate::resolve::{Scalar, is_timestamp, resolve};

/// What `!!` stands for.
pub(crate) const PREFIX: &str = "tag:yaml.org,2002:";

/// The scalar that `text` is. `plain`: written without quotes, or not written at all. The error is the problem.
pub(crate) fn apply<'t>(
    text: Cow<'t, str>,
    plain: bool,
    tag: Option<&str>,
) -> Result<(Scalar, Cow<'t, str>), String> {
    let Some(tag) = tag.filter(|t| !t.is_empty()) else {
        let scalar = match &*text {
            "<<" if plain => Scalar::Merge,
            _ if plain => resolve(&text, true),
            _ => Scalar::Str,
        };
        return Ok((scalar, text));
    };
    let short = tag.strip_prefix(PREFIX).unwrap_or("");
    if text == "<<" && (tag == "!" || short == "merge") {
        return Ok((Scalar::Merge, text));
    }
    let scalar = match short {
        "str" => Scalar::Str,
        "binary" => return binary(&text).map(|data| (Scalar::Str, Cow::Owned(data))),
        "null" | "bool" | "int" | "float" | "timestamp" => {
            let found = resolve(&text, short == "timestamp" && is_timestamp(&text));
            convert(found, short)
                .ok_or_else(|| format!("cannot decode {} `{text}` as a !!{short}", found.tag()))?
        }
        _ => Scalar::Str,
    };
    Ok((scalar, text))
}

#[allow(clippy::cast_precision_loss, reason = "an integer under !!float is a float64")]
fn convert(found: Scalar, wanted: &str) -> Option<Scalar> {
    match found {
        Scalar::Int(int) if wanted == "float" => Some(Scalar::Float(int as f64)),
        _ => (found.tag().get(2..) == Some(wanted)).then_some(found),
    }
}

/// Base64 to text; bytes that are no UTF-8 become U+FFFD one by one, as Go's JSON encoder has it.
fn binary(text: &str) -> Result<String, String> {
    let problem = || "!!binary value contains invalid base64 data".to_owned();
    let data = base64(text).ok_or_else(problem)?;
    let mut out = String::with_capacity(data.len());
    for chunk in data.utf8_chunks() {
        out.push_str(chunk.valid());
        chunk.invalid().iter().for_each(|_| out.push('\u{fffd}'));
    }
    Ok(out)
}

/// Standard base64 with padding; line breaks are skipped. `None` if it is anything else.
fn base64(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.bytes().filter(|b| !matches!(b, b'\n' | b'\r')).collect();
    if !digits.len().is_multiple_of(4) {
        return None;
    }
    let padding = digits.iter().rev().take(2).take_while(|b| **b == b'=').count();
    let body = digits.get(..digits.len() - padding)?;
    let mut out = Vec::with_capacity(body.len() * 3 / 4);
    for group in body.chunks(4) {
        let mut bits: u32 = 0;
        for at in 0..4 {
            let digit = group.get(at).map_or(Some(0), |b| base64_digit(*b))?;
            bits = bits << 6 | u32::from(digit);
        }
        let bytes = bits.to_be_bytes();
        out.extend_from_slice(bytes.get(1..group.len())?);
    }
    Some(out)
}

fn base64_digit(b: u8) -> Option<u8> {
    match b {
        b'A'..=b'Z' => Some(b - b'A'),
        b'a'..=b'z' => Some(b - b'a' + 26),
        b'0'..=b'9' => Some(b - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}
