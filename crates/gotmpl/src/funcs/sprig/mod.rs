//! The functions of sprig v3.3, by theme one file each. What sprig does is followed to its oddities, texts of
//! errors and panics included; what would make a rendering differ from call to call, reach outside, or burn
//! seconds of processor time on keys is known by name and refused when a template is loaded.
//! Never Istio's own functions, some of which replace functions here (the host adds them).

mod bounds;
mod case;
mod cast;
mod dates;
mod decimal;
mod defaults;
mod dicts;
pub mod duration;
mod encoding;
mod floats;
mod go_json_error;
mod json;
mod lists;
mod merge;
mod numeric;
mod path;
mod reflect;
mod regex;
mod runes;
mod semver;
mod strings;
mod url;
mod words;

#[cfg(test)]
mod tests;

use super::{Cx, Fault, Function, FunctionSet};
use crate::value::{Bytes, Val};

pub use json::{JsonFault, from_json, json_value, to_json};

/// Go's Unicode lower case, one rune to one.
#[must_use]
pub fn to_lower(text: &[u8]) -> Vec<u8> {
    case::lower(text)
}

/// Functions by theme; a name occurs once.
const TABLES: &[&[Function]] = &[
    case::TABLE,
    dates::TABLE,
    defaults::TABLE,
    dicts::TABLE,
    encoding::TABLE,
    floats::TABLE,
    json::TABLE,
    lists::TABLE,
    merge::TABLE,
    numeric::TABLE,
    path::TABLE,
    reflect::TABLE,
    regex::TABLE,
    semver::TABLE,
    strings::TABLE,
    url::TABLE,
    words::TABLE,
];

const RANDOM: &str =
    "its result differs from call to call, so that a pod would be injected differently each time";
const OUTSIDE: &str = "it reads the environment or the network of the process that injects";
const KEYS: &str =
    "it makes keys, passwords or certificates, which costs much time and puts secrets into pods";

/// Names that sprig has and that are refused, with the reason.
const REFUSED: &[(&str, &str)] = &[
    ("randAlpha", RANDOM),
    ("randAlphaNum", RANDOM),
    ("randAscii", RANDOM),
    ("randNumeric", RANDOM),
    ("randBytes", RANDOM),
    ("randInt", RANDOM),
    ("shuffle", RANDOM),
    ("uuidv4", RANDOM),
    ("env", OUTSIDE),
    ("expandenv", OUTSIDE),
    ("getHostByName", OUTSIDE),
    ("bcrypt", KEYS),
    ("htpasswd", KEYS),
    ("genPrivateKey", KEYS),
    ("derivePassword", KEYS),
    ("buildCustomCert", KEYS),
    ("genCA", KEYS),
    ("genCAWithKey", KEYS),
    ("genSelfSignedCert", KEYS),
    ("genSelfSignedCertWithKey", KEYS),
    ("genSignedCert", KEYS),
    ("genSignedCertWithKey", KEYS),
    ("encryptAES", KEYS),
    ("decryptAES", KEYS),
];

/// All of sprig: its functions, and the names of it that are refused.
#[must_use]
pub fn function_set() -> FunctionSet {
    TABLES.iter().fold(FunctionSet::new(), |set, table| set.with(table)).refusing(REFUSED)
}

/// sprig's `strval`: a string as it is, anything else as it prints.
fn strval<'v>(cx: &Cx<'v>, value: &Val<'v>) -> Result<Bytes<'v>, Fault> {
    crate::fmt::display(cx, value)
}

/// Part of a string; borrowed where the string is.
fn slice_of<'v>(text: &Val<'v>, start: usize, end: usize) -> Bytes<'v> {
    match text {
        Val::Str(Bytes::Borrowed(b), _) => Bytes::Borrowed(&b[start..end]),
        Val::Str(s, _) if (start, end) == (0, s.len()) => s.clone(),
        other => Bytes::from(other.bytes()[start..end].to_vec()),
    }
}
