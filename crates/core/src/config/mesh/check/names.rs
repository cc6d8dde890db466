//! Ports, host names, addresses and trust domains, as Istio's validation takes them. Never: resolving a name.

use std::net::IpAddr;

const LONGEST_LABEL: usize = 63;
const LONGEST_NAME: usize = 255;

/// A port that can be listened on or dialled.
pub(super) fn port(port: i64) -> Result<(), String> {
    if (1..=65_535).contains(&port) {
        return Ok(());
    }
    Err(format!("port number {port} must be in the range 1..65535"))
}

/// `host:port`, where the host is a DNS name or an IP address (in brackets if it is one of IPv6).
pub(super) fn proxy_address(text: &str) -> Result<(), String> {
    let place = if text.is_empty() { String::new() } else { format!("address {text}: ") };
    let (host, digits) =
        split_host_port(text).map_err(|e| format!("unable to split {text:?}: {place}{e}"))?;
    let number: i64 = digits.parse().map_err(|_| format!("port ({digits}) is not a number"))?;
    port(number)?;
    if domain(host).is_ok() || is_ip(host) {
        return Ok(());
    }
    Err(format!("{host:?} is not a valid hostname or an IP address"))
}

/// An IP address; one of IPv6 may have a zone.
fn is_ip(text: &str) -> bool {
    match text.split_once('%') {
        Some((address, zone)) => !zone.is_empty() && matches!(address.parse(), Ok(IpAddr::V6(_))),
        None => text.parse::<IpAddr>().is_ok(),
    }
}

/// Go's `net.SplitHostPort`.
fn split_host_port(text: &str) -> Result<(&str, &str), &'static str> {
    let colon = text.rfind(':').ok_or("missing port in address")?;
    let (host, port) = (&text[..colon], &text[colon + 1..]);
    let host = match text.strip_prefix('[') {
        Some(inner) => {
            let end = inner.find(']').ok_or("missing ']' in address")?;
            let after = &inner[end + 1..];
            if after.len() != port.len() + 1 {
                let many = after.starts_with(':');
                return Err(if many { "too many colons in address" } else { "missing port in address" });
            }
            &inner[..end]
        }
        None if host.contains(':') => return Err("too many colons in address"),
        None => host,
    };
    if host.contains(['[', ']']) || port.contains(['[', ']']) {
        return Err("unexpected bracket in address");
    }
    Ok((host, port))
}

/// A DNS name; its last label may be empty, and may not be a number.
pub(super) fn domain(name: &str) -> Result<(), String> {
    within_length(name)?;
    labels(name)
}

/// As [`domain`], but the first label may be `*`, or begin with `*` or `*-`.
pub(super) fn wildcard_domain(name: &str) -> Result<(), String> {
    within_length(name)?;
    let (first, rest) = name.split_once('.').map_or((name, None), |(first, rest)| (first, Some(rest)));
    let bare = first.strip_prefix("*-").or_else(|| first.strip_prefix('*')).unwrap_or(first);
    if first.len() > LONGEST_LABEL || first != "*" && !is_label(bare) {
        return Err(format!("domain name {name:?} invalid (label {first:?} invalid)"));
    }
    rest.map_or(Ok(()), labels)
}

/// A trust domain: labels as of a DNS name, the last possibly empty.
pub(super) fn trust_domain(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err(String::from("empty domain name not allowed"));
    }
    let body = name.strip_suffix('.').unwrap_or(name);
    if body.split('.').all(is_label) { Ok(()) } else { Err(format!("trust domain name {name:?} invalid")) }
}

fn within_length(name: &str) -> Result<(), String> {
    match name.len() {
        0 => Err(String::from("empty domain name not allowed")),
        1..=LONGEST_NAME => Ok(()),
        _ => Err(format!("domain name {name:?} too long (max {LONGEST_NAME})")),
    }
}

fn labels(name: &str) -> Result<(), String> {
    let top = name.rsplit('.').next().unwrap_or(name);
    if top.parse::<i64>().is_ok() {
        return Err(format!("domain name {name:?} invalid (top level domain {top:?} cannot be all-numeric)"));
    }
    // A last label may be empty; a name that is nothing but that one, too.
    let body = if top.is_empty() { name.strip_suffix('.') } else { Some(name) };
    match body.and_then(|body| body.split('.').find(|label| !is_label(label))) {
        Some(label) => Err(format!("domain name {name:?} invalid (label {label:?} invalid)")),
        None => Ok(()),
    }
}

fn is_label(label: &str) -> bool {
    let bytes = label.as_bytes();
    let edge = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    label.len() <= LONGEST_LABEL
        && edge(bytes.first())
        && edge(bytes.last())
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-')
}
