//! Values to try for a field, right and wrong, as they are written in YAML; and those that are certainly right, for
//! which Istio's own checks are known. Never judges an answer.

use pillion_govalue::{Kind, TypeRef};

use super::fields::{Names, Path, Shape};
use super::tree::Node;
use pillion_chance::Rng;

/// Numbers, and what some take for numbers.
const NUMBERS: &[&str] = &[
    "7",
    "'7'",
    "0",
    "null",
    "' 8 '",
    "1.5",
    "-1",
    "'0x1'",
    "0x1f",
    "4294967295",
    "4294967296",
    "2147483647",
    "2147483648",
    "-2147483648",
    "-2147483649",
    "true",
    "''",
    "1e2",
    "'1e2'",
    "'null'",
    "[1]",
    "'-0'",
    "1_000",
    "1.0",
    "'1.0'",
    "+5",
    "'+5'",
    "017",
    "0o17",
    "0b11",
    "'07'",
    ".inf",
    ".nan",
    "{}",
    "9007199254740993",
    "'9007199254740993'",
    "9223372036854775807",
    "9223372036854775808",
    "'18446744073709551615'",
    "18446744073709551616",
    "1e400",
    "1e-3",
    "~",
    "'7 '",
    "'7\\n'",
    "\"\\t7\"",
    "65535",
    "65536",
    "1:30",
    "-0",
    "{value: 7}",
];
const FLOATS: &[&str] = &[
    "1.5",
    "'2.5'",
    "0",
    "null",
    "'NaN'",
    "'Infinity'",
    "'-Infinity'",
    ".inf",
    ".nan",
    "1e3",
    "-0.5",
    "true",
    "x",
    "''",
    "100",
    "-0.0",
    "1e-320",
    "1e309",
    "0.1",
    "33.333333333333336",
    "'0x10'",
    "' 1.5 '",
    "1_0.5",
    "[1.5]",
    "9007199254740993",
    "12345678901234567890",
    "1e21",
    "1e-7",
];
const BOOLS: &[&str] = &[
    "true",
    "false",
    "null",
    "'true'",
    "1",
    "0",
    "{}",
    "yes",
    "no",
    "on",
    "n",
    "Y",
    "''",
    "[true]",
    "TRUE",
    "True",
    "~",
    "'false'",
    "{value: true}",
];
const STRINGS: &[&str] = &[
    "text",
    "''",
    "null",
    "5",
    "true",
    "[a]",
    "host.example:80",
    "1.5",
    "yes",
    "2001-01-01",
    "~",
    "!!str 5",
    "'5'",
    "\"line\\nbreak\"",
    "\"\\u00e9\\U0001F600\"",
    "'<&>'",
    "0x10",
    ".nan",
    "{a: b}",
    "' padded '",
    "\"\\u2028\"",
    "'$(HOST_IP):9411'",
    "'*'",
    "a.b.",
    "'a b'",
    "off",
    "1e3",
    "!!binary aGk=",
    "\"\\x00\"",
    "'*.a.b'",
    "':1'",
    "configmap://c",
];
const DURATIONS: &[&str] = &[
    "15s",
    "1h",
    "1.5s",
    "null",
    "0s",
    "15",
    "'15'",
    "1h2m3.000004s",
    "-1s",
    "3us",
    "'3µs'",
    "1ms",
    "5x",
    "{seconds: 1}",
    "''",
    "1ns",
    "'0'",
    "0",
    "2562047h47m16.854775807s",
    "2562047h47m16.854775808s",
    "-2562047h47m16.854775808s",
    "1e3s",
    "'1 s'",
    "+1s",
    "'-0s'",
    ".5s",
    "1.s",
    "1d",
    "3600s",
    "3601s",
    "999ms",
    "1001ms",
    "60m",
    "0.0000000001s",
    "1.000000001s",
    "[1s]",
    "true",
    "1:30",
    "100000000000s",
    "9223372036s",
    "315576000000s",
    "'s'",
    "0.1s",
    "1m1m",
];
const STRUCTS: &[&str] = &[
    "{a: 1, b: [true, null, x, {c: 1.5}]}",
    "{}",
    "null",
    "[]",
    "x",
    "{a: null, n: 12345678901234567890}",
    "{a: {b: {c: {d: [1, [2, [3]]]}}}}",
    "{5: x, '': y}",
    "{a: 1e21, b: 1e-7, c: -0.0}",
    "{fields: {a: {stringValue: x}}}",
    "{a: .inf}",
];
const MESSAGES: &[&str] = &[
    "{}",
    "null",
    "[]",
    "x",
    "{unknown: 1}",
    "true",
    "''",
    "0",
    "[{}]",
    "~",
    "{'': 1}",
    "{1: 2}",
    "{a: {b: [1, {c: null}]}}",
];
/// For a list or a map as a whole; `V` stands for a right item.
const WHOLES: &[&str] = &[
    "null",
    "[]",
    "{}",
    "x",
    "[null]",
    "5",
    "''",
    "[V, V]",
    "[[V]]",
    "{0: V}",
    "{k: null}",
    "{k: V, k: V}",
    "{5: V, y: V}",
    "{'': V}",
    "{~: V}",
    "[V, null]",
    "{k: [V]}",
    "V",
    "{1.50: V, a.b/c: V}",
    "{k: 1}",
    "[1]",
    "[true]",
];

/// What is right for fields of these names, where the first value of their type is not. The longest ending wins.
const RIGHT: &[(&str, &str)] = &[
    ("connectTimeout", "20s"),
    ("trustDomain", "td.example"),
    ("trustDomainAliases", "alias.example"),
    ("ddress", "host.example:80"),
    ("serviceSettings[].hosts", "'*.example.com'"),
    ("proxyListenPort", "15002"),
    ("http2InitialStreamWindowSize", "70000"),
    ("http2InitialConnectionWindowSize", "70000"),
    ("localityLbSetting.distribute", "{from: a, to: {b: 100}}"),
    ("localityLbSetting.failover", "{from: a, to: b}"),
    ("zoneAwareLbSetting.failover", "{from: a, to: b}"),
    ("distribute[].from", "region/zone/*"),
    ("distribute[].to", "100"),
    ("ecdhCurves", "P-256"),
    ("sampling", "12.5"),
    // Of its names one is newer than most releases.
    ("outboundTrafficPolicy.mode", "REGISTRY_ONLY"),
    // Its last value is one that Istio's own check does not know.
    ("controlPlaneAuthPolicy", "MUTUAL_TLS"),
];

/// What else a field needs to be taken: members of the message at the end of this part of its path. The longest wins.
const COMPANIONS: &[(&str, &[(&str, &str)])] = &[
    ("tracing.lightstep", &[("address", "'l.example:1'"), ("accessToken", "t")]),
    ("tracing.zipkin", &[("address", "'z.example:1'")]),
    ("tracing.datadog", &[("address", "'d.example:1'")]),
    ("tracing.tlsSettings", &[("clientCertificate", "c"), ("privateKey", "k")]),
    ("privateKeyProvider.cryptomb", &[("pollDelay", "1s")]),
    ("privateKeyProvider.qat", &[("pollDelay", "1s")]),
    ("privateKeyProvider", &[("cryptomb", "{pollDelay: 1s}")]),
    ("defaultTrafficPolicy.outlierDetection", &[("splitExternalLocalOriginErrors", "true")]),
    ("defaultTrafficPolicy.connectionPool", &[("tcp", "{maxConnections: 3}")]),
    ("localityLbSetting.distribute", &[("from", "a"), ("to", "{key: 100}")]),
];

/// Fields that no value is right for, and why.
pub const NEVER_TAKEN: &[(&str, &str)] =
    &[("meshMTLS.ecdhCurves", "Istio refuses curves for the mesh's own TLS, whichever they are")];

/// All values to try for one item of type `ty`.
fn candidates(ty: TypeRef) -> Vec<String> {
    let texts = match ty.deref().kind() {
        Kind::Bool => BOOLS,
        Kind::Wrapper(inner) if inner.kind() == Kind::Bool => BOOLS,
        Kind::Int | Kind::Int32 | Kind::Uint32 | Kind::Int64 | Kind::Uint64 | Kind::Wrapper(_) => NUMBERS,
        Kind::Float64 => FLOATS,
        Kind::String => STRINGS,
        Kind::Duration => DURATIONS,
        Kind::StructPb => STRUCTS,
        Kind::Enum(names) => {
            let mut texts: Vec<String> =
                names.iter().flat_map(|(name, number)| [(*name).to_owned(), number.to_string()]).collect();
            texts.extend(
                [
                    "null",
                    "77",
                    "'1'",
                    "nope",
                    "true",
                    "1.5",
                    "''",
                    "-1",
                    "1.0",
                    "2147483648",
                    "[1]",
                    "{}",
                    "1e0",
                ]
                .map(str::to_owned),
            );
            texts.extend(names.first().map(|(name, _)| name.to_lowercase()));
            return texts;
        }
        _ => MESSAGES,
    };
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// A value that Istio takes for one item of the field.
#[must_use]
pub fn right(path: &Path, rng: &mut Rng) -> Node {
    let named = RIGHT.iter().filter(|(ending, _)| path.name.ends_with(ending)).max_by_key(|(e, _)| e.len());
    match (named, path.ty.deref().kind()) {
        (Some((_, text)), _) => Node::text(text),
        (None, Kind::Enum(names)) => {
            // The zero of an enum is as good as nothing.
            let told: Vec<_> = names.iter().filter(|(_, number)| *number != 0).collect();
            let (name, number) = if told.is_empty() { names[0] } else { **rng.pick(&told) };
            // In quotes: `OFF` is a boolean to YAML.
            Node::Text(if rng.chance(25) { number.to_string() } else { format!("'{name}'") })
        }
        (None, Kind::Message(_)) => Node::empty(),
        (None, _) => Node::text(&candidates(path.ty)[0]),
    }
}

/// A right value with all that is around it, companions included.
#[must_use]
pub fn right_in_place(path: &Path, names: Names, rng: &mut Rng) -> Node {
    let item = path.around(right(path, rng), names);
    let Some(mut node) = companions(path, names) else { return item };
    node.lay(item);
    node
}

fn companions(path: &Path, names: Names) -> Option<Node> {
    let name = path.name.replace("[]", "");
    let needs =
        |prefix: &str| name.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    let (prefix, members) =
        COMPANIONS.iter().filter(|(prefix, _)| needs(prefix)).max_by_key(|(prefix, _)| prefix.len())?;
    let mut above = path.clone();
    above.steps.truncate(prefix.split('.').count());
    let members = members.iter().map(|(key, text)| ((*key).to_owned(), Node::text(text)));
    Some(above.around(Node::Map(members.collect()), names))
}

/// Any value for the field as a whole or for its one item; the flag says which it is.
#[must_use]
pub fn any(path: &Path, rng: &mut Rng) -> (Node, bool) {
    if path.shape() != Shape::One && rng.chance(45) {
        let item = right(path, rng).to_string();
        return (Node::Text(rng.pick(WHOLES).replace('V', &item)), true);
    }
    (Node::Text(rng.pick(&candidates(path.ty)).clone()), false)
}
