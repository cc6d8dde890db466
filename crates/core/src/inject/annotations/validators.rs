//! What makes a value bad, one function a kind. The messages are Go's and Istio's where those are known.
//! Never: which annotation is of which kind.

use std::net::IpAddr;

use pillion_gotmpl::fmt::quote;
use pillion_govalue::quantity;

use crate::config::{Gates, MeshError, proxyconfig};
use crate::inject::finish::containers::parse_bool;

type Verdict = Result<(), String>;

/// As Go quotes: Rust escapes other characters, and some of them otherwise.
fn quoted(text: &str) -> String {
    quote::quote(text.as_bytes())
}

pub(super) fn boolean(value: &str) -> Verdict {
    match parse_bool(value) {
        Some(_) => Ok(()),
        None => Err(format!("strconv.ParseBool: parsing {}: invalid syntax", quoted(value))),
    }
}

pub(super) fn word(value: &str, words: &[&str]) -> Verdict {
    if words.contains(&value) {
        return Ok(());
    }
    Err(format!("interceptionMode invalid, use {}: {value}", words.join(",")))
}

pub(super) fn uint32(value: &str) -> Verdict {
    unsigned(value, u64::from(u32::MAX)).map(|_| ())
}

/// Go's `strconv.ParseUint` in base ten: digits only, no sign. A number that is too large is told before what follows it.
fn unsigned(value: &str, max: u64) -> Result<u64, String> {
    let fault = |what| format!("strconv.ParseUint: parsing {}: {what}", quoted(value));
    if value.is_empty() {
        return Err(fault("invalid syntax"));
    }
    value.bytes().try_fold(0_u64, |number, b| {
        if !b.is_ascii_digit() {
            return Err(fault("invalid syntax"));
        }
        let next = number.checked_mul(10).and_then(|n| n.checked_add(u64::from(b - b'0')));
        next.filter(|n| *n <= max).ok_or_else(|| fault("value out of range"))
    })
}

fn port(value: &str) -> Verdict {
    match unsigned(value.trim(), u64::from(u16::MAX)) {
        Ok(_) => Ok(()),
        Err(e) => Err(format!("failed parsing port '{value}': {e}")),
    }
}

/// The message names another annotation, as Istio's does.
pub(super) fn status_port(value: &str) -> Verdict {
    port(value).map_err(|e| format!("excludeInboundPorts invalid: {e}"))
}

pub(super) fn ports(what: &str, value: &str) -> Verdict {
    let value = value.trim();
    if value.is_empty() {
        return Ok(());
    }
    value.split(',').try_for_each(|each| {
        port(each).map_err(|e| format!("{what} invalid: failed parsing port '{each}': {e}"))
    })
}

pub(super) fn networks(what: &str, value: &str) -> Verdict {
    if value.is_empty() {
        return Ok(());
    }
    value.split(',').try_for_each(|each| {
        prefix(each).map_err(|e| {
            let name = quoted(each);
            format!("{what} invalid: failed parsing cidr '{each}': netip.ParsePrefix({name}): {e}")
        })
    })
}

/// Go's `netip.ParsePrefix`: no zone, no leading zeros, bits in range.
fn prefix(text: &str) -> Verdict {
    let (address, bits) = text.rsplit_once('/').ok_or("no '/'")?;
    let address: IpAddr =
        address.parse().map_err(|_| format!("ParseAddr({}): unable to parse IP", quoted(address)))?;
    let digits = !bits.is_empty() && bits.bytes().all(|b| b.is_ascii_digit());
    if !digits || bits.len() > 1 && bits.starts_with('0') {
        return Err(format!("bad bits after slash: {}", quoted(bits)));
    }
    let most = if address.is_ipv4() { 32 } else { 128 };
    match bits.parse::<u32>() {
        Ok(n) if n <= most => Ok(()),
        _ => Err(String::from("prefix length out of range")),
    }
}

/// Linux's rule for names, as strict as Istio takes it.
pub(super) fn interfaces(value: &str) -> Verdict {
    const LONGEST: usize = 15;
    if value.is_empty() {
        return Ok(());
    }
    for name in value.split(',').map(str::trim) {
        if name.is_empty() {
            return Err(String::from("empty interface name"));
        }
        if name.len() > LONGEST {
            return Err(format!("interface name {} too long (max {LONGEST} chars)", quoted(name)));
        }
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) || !name.bytes().all(allowed) {
            return Err(format!("interface name {} contains invalid characters", quoted(name)));
        }
    }
    Ok(())
}

/// Control characters are looked for first, so that nothing of the value can end a line of the template's output.
pub(super) fn quantity(value: &str) -> Verdict {
    if value.chars().any(char::is_control) {
        return Err(String::from("value contains control characters"));
    }
    quantity::check(value).map_err(|e| e.to_string())
}

/// The value is judged over the defaults of the code, not over the mesh's, as Istio does.
pub(super) fn proxy_config(value: &str, gates: &Gates) -> Verdict {
    proxyconfig::check_annotation(value, gates).map_err(|e| match e {
        MeshError::Invalid(problems) => bullets(&problems),
        other => format!("failed to convert to apply proxy config: {other}"),
    })
}

/// Several errors as one, in the form that Istio's library gives them.
fn bullets(problems: &[String]) -> String {
    let count = match problems.len() {
        1 => String::from("1 error occurred:"),
        n => format!("{n} errors occurred:"),
    };
    format!("{count}\n\t* {}\n\n", problems.join("\n\t* "))
}
