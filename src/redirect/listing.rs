//! What the kernel has, as `nft --json` tells it, made the statements of `rules`: sets sorted and joined as ours are,
//! whatever is not ours kept as the JSON that it is. Never: judging what is missing.

use std::net::IpAddr;

use serde_json::Value;

use super::rules::{base_chain, rule_statement};
use super::spans::{Kind, Spans};

/// Statements that would make what was listed, one a line; what they make is compared, so an order of chains or of kinds
/// of objects that means nothing is put right.
///
/// # Errors
/// It is no listing.
pub(super) fn statements(listing: &str) -> Result<Vec<String>, String> {
    let listing: Value = serde_json::from_str(listing).map_err(|error| error.to_string())?;
    let objects = listing["nftables"].as_array().ok_or("it has no list `nftables`")?;
    let mut sorted: [Vec<String>; 4] = Default::default();
    for (kind, object) in objects.iter().filter_map(Value::as_object).flatten() {
        let place = match kind.as_str() {
            "metainfo" => continue,
            "table" => 0,
            "chain" => 1,
            "rule" => 3,
            _ => 2,
        };
        sorted[place].push(statement(kind, object));
    }
    Ok(sorted.concat())
}

fn statement(kind: &str, object: &Value) -> String {
    let known = match kind {
        "table" => table(object),
        "chain" => chain(object),
        "rule" => rule(object),
        _ => None,
    };
    known.unwrap_or_else(|| format!("add {kind} {}", without_handles(object)))
}

fn table(object: &Value) -> Option<String> {
    // A flag changes what all rules do: `dormant` switches them off.
    let plain = object.get("flags").is_none();
    plain.then(|| Some(format!("add table {} {}", object["family"].as_str()?, object["name"].as_str()?)))?
}

fn owner(object: &Value) -> Option<String> {
    Some(format!("{} {}", object["family"].as_str()?, object["table"].as_str()?))
}

fn chain(object: &Value) -> Option<String> {
    let (table, name) = (owner(object)?, object["name"].as_str()?);
    if object.get("hook").is_none() {
        return Some(format!("add chain {table} {name}"));
    }
    let ours = object["type"] == "nat" && object.get("dev").is_none();
    let (hook, policy) = (object["hook"].as_str()?, object["policy"].as_str()?);
    ours.then_some(base_chain(&table, name, hook, object["prio"].as_i64()?, policy))
}

fn rule(object: &Value) -> Option<String> {
    let parts: Vec<String> = object["expr"].as_array()?.iter().map(expression).collect();
    let comment = object["comment"].as_str();
    Some(rule_statement(&owner(object)?, object["chain"].as_str()?, &parts.join(" "), comment))
}

fn expression(expression: &Value) -> String {
    let known = match expression.as_object().and_then(|object| object.iter().next()) {
        Some((kind, body)) if kind == "match" => comparison(body),
        Some((kind, Value::Null)) if matches!(kind.as_str(), "return" | "drop" | "accept") => {
            Some(kind.clone())
        }
        Some((kind, body)) if kind == "redirect" => redirect(body),
        _ => None,
    };
    known.unwrap_or_else(|| expression.to_string())
}

fn redirect(body: &Value) -> Option<String> {
    let plain = body.as_object()?.len() == 1;
    plain.then(|| body["port"].as_u64())?.map(|port| format!("redirect to :{port}"))
}

/// What is compared, and what with. Only what our own rules compare is told in their words.
fn comparison(body: &Value) -> Option<String> {
    let (left, right) = (&body["left"], &body["right"]);
    let field = match (&left["meta"]["key"], &left["payload"]) {
        (Value::String(key), Value::Null) => format!("meta {key}"),
        (Value::Null, payload) => {
            format!("{} {}", payload["protocol"].as_str()?, payload["field"].as_str()?)
        }
        _ => return None,
    };
    let equal = match body["op"].as_str()? {
        "==" | "in" => true,
        "!=" => false,
        _ => return None,
    };
    match (field.as_str(), equal) {
        ("meta l4proto", _) if *right == 6 || right == "tcp" => {
            Some(format!("{field} {}tcp", if equal { "" } else { "!= " }))
        }
        ("meta oifname", true) => Some(format!("oifname \"{}\"", right.as_str()?)),
        ("meta skuid" | "meta skgid", true) => Some(format!("{field} {}", right.as_u64()?)),
        ("tcp dport", true) => spans(Kind::Port, right).map(|ports| format!("{field} {ports}")),
        ("ip saddr" | "ip daddr", true) => spans(Kind::V4, right).map(|ranges| format!("{field} {ranges}")),
        ("ip6 saddr" | "ip6 daddr", true) => spans(Kind::V6, right).map(|ranges| format!("{field} {ranges}")),
        _ => None,
    }
}

/// One item or a set of them.
fn spans(kind: Kind, right: &Value) -> Option<Spans> {
    let items = match right["set"].as_array() {
        Some(items) => items.iter().map(|item| span(kind, item)).collect::<Option<_>>()?,
        None => vec![span(kind, right)?],
    };
    Some(Spans::new(kind, items))
}

fn span(kind: Kind, item: &Value) -> Option<(u128, u128)> {
    if let Some([first, last]) = item["range"].as_array().map(Vec::as_slice) {
        return Some((number(kind, first)?, number(kind, last)?));
    }
    if let Some(prefix) = item.get("prefix") {
        let bits = u32::try_from(prefix["len"].as_u64()?).ok()?;
        let (found, span) = Spans::prefix(prefix["addr"].as_str()?.parse().ok()?, bits)?;
        return (found == kind).then_some(span);
    }
    number(kind, item).map(|number| (number, number))
}

fn number(kind: Kind, item: &Value) -> Option<u128> {
    match (kind, item) {
        (Kind::Port, Value::Number(port)) => port.as_u64().map(u128::from),
        (Kind::V4 | Kind::V6, Value::String(text)) => match (kind, text.parse().ok()?) {
            (Kind::V4, IpAddr::V4(address)) => Some(address.to_bits().into()),
            (Kind::V6, IpAddr::V6(address)) => Some(address.to_bits()),
            _ => None,
        },
        _ => None,
    }
}

/// Handles are numbers that the kernel gives out, and say nothing.
fn without_handles(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(fields) = object.as_object_mut() {
        fields.remove("handle");
    }
    object
}
