//! `urlParse` and `urlJoin`: URLs taken apart and put together as Go's `net/url` does. Never a look at the network.

use std::net::IpAddr;

use crate::fmt::quote::quote;
use crate::funcs::Param::{Dict, Str};
use crate::funcs::{Cx, Fault, Function};
use crate::value::{GoKind, Val};

pub(super) const TABLE: &[Function] =
    &[Function::new("urlParse", &[Str], url_parse), Function::new("urlJoin", &[Dict], url_join)];

/// A URL; user and password are unescaped, and a user may be there and be empty.
#[derive(Debug, Default)]
struct Url {
    scheme: Vec<u8>,
    opaque: Vec<u8>,
    user: Option<(Vec<u8>, Option<Vec<u8>>)>,
    host: Vec<u8>,
    path: Vec<u8>,
    query: Vec<u8>,
    fragment: Vec<u8>,
}

/// The parts of a URL that escape differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Host,
    Zone,
    User,
    Path,
    Fragment,
}

impl Part {
    /// Whether a byte stands for itself in this part.
    fn plain(self, b: u8) -> bool {
        b.is_ascii_alphanumeric()
            || matches!(b, b'-' | b'_' | b'.' | b'~')
            || match self {
                Self::Host | Self::Zone => b"!$&'()*+,;=:[]<>\"".contains(&b),
                Self::User => b"$&+,;=".contains(&b),
                Self::Path => b"$&+,/:;=@".contains(&b),
                Self::Fragment => b"$&+,/:;=?@!()*".contains(&b),
            }
    }

    fn escape(self, text: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len());
        for b in text {
            if self.plain(*b) {
                out.push(*b);
            } else {
                out.extend_from_slice(format!("%{b:02X}").as_bytes());
            }
        }
        out
    }

    /// The text without its escapes; the error is Go's.
    fn unescape(self, text: &[u8]) -> Result<Vec<u8>, String> {
        let in_host = matches!(self, Self::Host | Self::Zone);
        let mut out = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some((&b, after)) = rest.split_first() {
            let digit = |at: usize| after.get(at).and_then(|b| char::from(*b).to_digit(16));
            if b != b'%' {
                if in_host && b < 0x80 && !self.plain(b) {
                    return Err(format!("invalid character {} in host name", quote(&[b])));
                }
                out.push(b);
                rest = after;
                continue;
            }
            let invalid = || format!("invalid URL escape {}", quote(&rest[..rest.len().min(3)]));
            let (Some(high), Some(low)) = (digit(0), digit(1)) else { return Err(invalid()) };
            let byte = u8::try_from(high * 16 + low).unwrap_or_default();
            let percent = &after[..2] == b"25";
            let refused = match self {
                Self::Host => high < 8 && !percent,
                Self::Zone => !percent && byte != b' ' && !Self::Host.plain(byte),
                _ => false,
            };
            if refused {
                return Err(invalid());
            }
            out.push(byte);
            rest = &after[2..];
        }
        Ok(out)
    }
}

/// The text before and behind the first `mark`.
fn cut(text: &[u8], mark: u8) -> (&[u8], Option<&[u8]>) {
    match text.iter().position(|b| *b == mark) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    }
}

impl Url {
    fn parse(text: &[u8]) -> Result<Self, String> {
        let (before, fragment) = cut(text, b'#');
        let failed = |text: &[u8], e: String| format!("parse {}: {e}", quote(text));
        let mut url = Self::without_fragment(before).map_err(|e| failed(before, e))?;
        if let Some(fragment) = fragment {
            url.fragment = Part::Fragment.unescape(fragment).map_err(|e| failed(text, e))?;
        }
        Ok(url)
    }

    fn without_fragment(text: &[u8]) -> Result<Self, String> {
        let mut url = Self::default();
        if text.iter().any(|b| *b < b' ' || *b == 0x7f) {
            return Err("net/url: invalid control character in URL".into());
        }
        if text == b"*" {
            url.path = b"*".to_vec();
            return Ok(url);
        }
        let (scheme, rest) = scheme(text)?;
        url.scheme = scheme.to_ascii_lowercase();
        let (mut rest, query) = cut(rest, b'?');
        url.query = query.unwrap_or_default().to_vec();
        if !rest.starts_with(b"/") {
            if !url.scheme.is_empty() {
                url.opaque = rest.to_vec();
                return Ok(url);
            }
            if cut(rest, b'/').0.contains(&b':') {
                return Err("first path segment in URL cannot contain colon".into());
            }
        }
        let absolute = !url.scheme.is_empty() || !rest.starts_with(b"///");
        if let Some(authority) = rest.strip_prefix(b"//").filter(|_| absolute) {
            let end = authority.iter().position(|b| *b == b'/').unwrap_or(authority.len());
            rest = &authority[end..];
            url.authority(&authority[..end])?;
        }
        url.path = Part::Path.unescape(rest)?;
        Ok(url)
    }

    fn authority(&mut self, text: &[u8]) -> Result<(), String> {
        let Some(at) = text.iter().rposition(|b| *b == b'@') else {
            self.host = host(&self.scheme, text)?;
            return Ok(());
        };
        self.host = host(&self.scheme, &text[at + 1..])?;
        let info = &text[..at];
        if !info.iter().all(|b| b.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(b)) {
            return Err("net/url: invalid userinfo".into());
        }
        let (user, password) = cut(info, b':');
        let user = Part::User.unescape(user)?;
        self.user = Some((user, password.map(|p| Part::User.unescape(p)).transpose()?));
        Ok(())
    }

    /// The host without its port and without brackets.
    fn hostname(&self) -> &[u8] {
        let end = self.host.iter().rposition(|b| *b == b':').filter(|at| is_port(&self.host[*at..]));
        let name = &self.host[..end.unwrap_or(self.host.len())];
        match name {
            [b'[', inner @ .., b']'] => inner,
            _ => name,
        }
    }

    fn user_info(&self) -> Vec<u8> {
        let Some((user, password)) = &self.user else { return Vec::new() };
        let mut out = Part::User.escape(user);
        if let Some(password) = password {
            out.push(b':');
            out.extend(Part::User.escape(password));
        }
        out
    }

    fn text(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if !self.scheme.is_empty() {
            out.extend_from_slice(&self.scheme);
            out.push(b':');
        }
        if self.opaque.is_empty() {
            self.hierarchy(&mut out);
        } else {
            out.extend_from_slice(&self.opaque);
        }
        if !self.query.is_empty() {
            out.push(b'?');
            out.extend_from_slice(&self.query);
        }
        if !self.fragment.is_empty() {
            out.push(b'#');
            out.extend(Part::Fragment.escape(&self.fragment));
        }
        out
    }

    fn hierarchy(&self, out: &mut Vec<u8>) {
        let has_user = self.user.is_some();
        if !self.scheme.is_empty() || !self.host.is_empty() || has_user {
            if !self.host.is_empty() || !self.path.is_empty() || has_user {
                out.extend_from_slice(b"//");
            }
            if has_user {
                out.extend(self.user_info());
                out.push(b'@');
            }
            out.extend(Part::Host.escape(&self.host));
        }
        let path = if self.path == b"*" { b"*".to_vec() } else { Part::Path.escape(&self.path) };
        if !path.is_empty() && !path.starts_with(b"/") && !self.host.is_empty() {
            out.push(b'/');
        }
        // A colon in the first segment would make it a scheme.
        if out.is_empty() && cut(&path, b'/').0.contains(&b':') {
            out.extend_from_slice(b"./");
        }
        out.extend(path);
    }
}

fn scheme(text: &[u8]) -> Result<(&[u8], &[u8]), String> {
    for (i, b) in text.iter().enumerate() {
        match b {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if i > 0 => {}
            b':' if i == 0 => return Err("missing protocol scheme".into()),
            b':' => return Ok((&text[..i], &text[i + 1..])),
            _ => break,
        }
    }
    Ok((b"", text))
}

/// Empty, or a colon and digits.
fn is_port(text: &[u8]) -> bool {
    text.split_first().is_none_or(|(colon, digits)| *colon == b':' && digits.iter().all(u8::is_ascii_digit))
}

fn checked_port(text: &[u8]) -> Result<(), String> {
    if is_port(text) { Ok(()) } else { Err(format!("invalid port {} after host", quote(text))) }
}

fn host(scheme: &[u8], text: &[u8]) -> Result<Vec<u8>, String> {
    match text.iter().rposition(|b| *b == b'[') {
        Some(0) => return bracketed_host(text),
        Some(_) => return Err("invalid IP-literal".into()),
        None => {}
    }
    let first = text.iter().position(|b| *b == b':');
    let last = text.iter().rposition(|b| *b == b':');
    // Only the web's own schemes hold to a single colon.
    let colon = if matches!(scheme, b"http" | b"https") { first } else { last };
    if let Some(colon) = colon {
        checked_port(&text[colon..])?;
    }
    Part::Host.unescape(text)
}

/// `[fe80::1%25en0]:80`.
fn bracketed_host(text: &[u8]) -> Result<Vec<u8>, String> {
    let Some(end) = text.iter().rposition(|b| *b == b']') else { return Err("missing ']' in host".into()) };
    let port = &text[end + 1..];
    checked_port(port)?;
    let inner = &text[1..end];
    let zone = super::strings::find(inner, b"%25").unwrap_or(inner.len());
    let mut name = Part::Host.unescape(&inner[..zone])?;
    name.extend(Part::Zone.unescape(&inner[zone..])?);
    let shown = String::from_utf8_lossy(&name).into_owned();
    let address = shown.split_once('%').map_or(shown.as_str(), |(address, _)| address);
    match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => return Err("invalid IP-literal".into()),
        Ok(IpAddr::V6(_)) => {}
        Err(_) => return Err(format!("invalid host: ParseAddr({}): unable to parse IP", quote(&name))),
    }
    Ok([b"[", name.as_slice(), b"]", port].concat())
}

fn url_parse<'v>(cx: &Cx<'v>, a: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let url = Url::parse(a[0].bytes()).map_err(|e| Fault::new(format!("unable to parse url: {e}")))?;
    let (hostname, user_info) = (url.hostname().to_vec(), url.user_info());
    let map = cx.dict()?;
    for (key, value) in [
        ("scheme", url.scheme),
        ("host", url.host),
        ("hostname", hostname),
        ("path", url.path),
        ("query", url.query),
        ("opaque", url.opaque),
        ("fragment", url.fragment),
        ("userinfo", user_info),
    ] {
        cx.set(&map, key, Val::from(value))?;
    }
    Ok(map.into())
}

fn url_join<'v>(_: &Cx<'v>, a: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    let part = |key: &str| match a[0].entry(key.as_bytes()) {
        None => Ok(Vec::new()),
        Some(value) if value.kind() == GoKind::String => Ok(value.bytes().to_vec()),
        Some(value) if value.is_untyped_nil() => Err(Fault::nil_dereference()),
        Some(value) => Err(Fault::new(format!(
            "unable to parse {key} key, must be of type string, but {} found",
            value.kind().name()
        ))),
    };
    let mut url = Url {
        scheme: part("scheme")?,
        host: part("host")?,
        path: part("path")?,
        query: part("query")?,
        opaque: part("opaque")?,
        fragment: part("fragment")?,
        user: None,
    };
    let info = part("userinfo")?;
    if !info.is_empty() {
        let around = [b"proto://", info.as_slice(), b"@host"].concat();
        let parsed =
            Url::parse(&around).map_err(|e| Fault::new(format!("unable to parse userinfo in dict: {e}")))?;
        url.user = parsed.user;
    }
    Ok(Val::from(url.text()))
}
