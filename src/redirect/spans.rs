//! Sets of ports and of addresses: as flags name them (`80,8000-8010`, `10.0.0.0/8,fd00::/8`), and in the one form that
//! rules hold them in, sorted and joined, so that two spellings of a set are the same set. Never: which flag it is.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An item of a list that cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{item:?} {fault}")]
pub struct BadItem {
    /// The item, as it was typed.
    pub item: String,
    /// What is wrong, and what is wanted.
    pub fault: &'static str,
}

fn bad(item: &str, fault: &'static str) -> BadItem {
    BadItem { item: item.to_owned(), fault }
}

/// What the numbers of a set are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Port,
    V4,
    V6,
}

impl Kind {
    const fn bits(self) -> u32 {
        match self {
            Self::Port => 16,
            Self::V4 => 32,
            Self::V6 => 128,
        }
    }

    fn write(self, number: u128) -> String {
        match (self, u32::try_from(number)) {
            (Self::V4, Ok(number)) => Ipv4Addr::from_bits(number).to_string(),
            (Self::Port, Ok(number)) => number.to_string(),
            _ => Ipv6Addr::from_bits(number).to_string(),
        }
    }
}

/// Numbers from the first to the last, both of them included; none touches the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spans {
    kind: Kind,
    spans: Vec<(u128, u128)>,
}

impl Spans {
    pub(super) fn new(kind: Kind, mut raw: Vec<(u128, u128)>) -> Self {
        raw.sort_unstable();
        let mut spans: Vec<(u128, u128)> = Vec::with_capacity(raw.len());
        for (first, last) in raw {
            match spans.last_mut() {
                Some(before) if first <= before.1.saturating_add(1) => before.1 = before.1.max(last),
                _ => spans.push((first, last)),
            }
        }
        Self { kind, spans }
    }

    /// The addresses that begin like this one; `None` if it has fewer bits.
    pub(super) fn prefix(address: IpAddr, bits: u32) -> Option<(Kind, (u128, u128))> {
        let (kind, number) = match address {
            IpAddr::V4(address) => (Kind::V4, u128::from(address.to_bits())),
            IpAddr::V6(address) => (Kind::V6, address.to_bits()),
        };
        let free = kind.bits().checked_sub(bits)?;
        let mask = 1_u128.checked_shl(free).map_or(u128::MAX, |size| size - 1);
        Some((kind, (number & !mask, number | mask)))
    }

    /// The numbers of both.
    fn with(&self, other: &Self) -> Self {
        Self::new(self.kind, [self.spans.as_slice(), &other.spans].concat())
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    fn is_within(&self, outer: (u128, u128)) -> bool {
        self.spans.iter().any(|&(first, last)| outer.0 <= first && last <= outer.1)
    }
}

impl fmt::Display for Spans {
    /// As `nft` reads it: one item, or several in braces.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let item = |&(first, last): &(u128, u128)| {
            // A size of 0 is that of all there are, which has as many bits as a number.
            let size = (last - first).wrapping_add(1);
            let aligned = size == 0 || size.is_power_of_two() && first % size == 0;
            let free = if size == 0 { 128 } else { size.trailing_zeros() };
            match self.kind {
                _ if first == last => self.kind.write(first),
                Kind::V4 | Kind::V6 if aligned => {
                    format!("{}/{}", self.kind.write(first), self.kind.bits() - free)
                }
                _ => format!("{}-{}", self.kind.write(first), self.kind.write(last)),
            }
        };
        let items: Vec<String> = self.spans.iter().map(item).collect();
        match items.as_slice() {
            [one] => f.write_str(one),
            items => write!(f, "{{ {} }}", items.join(", ")),
        }
    }
}

/// The items of a list; an empty list has none.
fn items(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(move |item| !(item.is_empty() && list.trim().is_empty()))
}

/// Ports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ports(pub(super) Spans);

impl Ports {
    /// These ports.
    #[must_use]
    pub fn of(ports: &[u16]) -> Self {
        Self(Spans::new(Kind::Port, ports.iter().map(|&port| (port.into(), port.into())).collect()))
    }

    /// The ports of both.
    pub(super) fn with(&self, other: &Self) -> Self {
        Self(self.0.with(&other.0))
    }

    /// What a flag names.
    ///
    /// # Errors
    /// The first item that is no port and no range of ports.
    pub fn parse(list: &str) -> Result<Self, BadItem> {
        let spans = items(list).map(port_span).collect::<Result<_, _>>()?;
        Ok(Self(Spans::new(Kind::Port, spans)))
    }
}

fn port_span(item: &str) -> Result<(u128, u128), BadItem> {
    let number = |text: &str| {
        let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let port = text.parse::<u16>().ok().filter(|&port| plain && port > 0);
        port.map(u128::from).ok_or_else(|| {
            bad(item, "is no port: say a number from 1 to 65535, or a range such as 8000-8010")
        })
    };
    match item.split_once('-') {
        None => number(item).map(|port| (port, port)),
        Some((first, last)) => match (number(first.trim())?, number(last.trim())?) {
            (first, last) if first > last => Err(bad(item, "is no range: it ends before it begins")),
            span => Ok(span),
        },
    }
}

/// Addresses of both families.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranges {
    pub(super) v4: Spans,
    pub(super) v6: Spans,
}

impl Ranges {
    /// What a flag names: addresses, and ranges as CIDR has them.
    ///
    /// # Errors
    /// The first item that is neither.
    pub fn parse(list: &str) -> Result<Self, BadItem> {
        let (mut v4, mut v6) = (vec![], vec![]);
        for item in items(list) {
            let (kind, span) = range_span(item)?;
            if kind == Kind::V4 { v4.push(span) } else { v6.push(span) }
        }
        Ok(Self { v4: Spans::new(Kind::V4, v4), v6: Spans::new(Kind::V6, v6) })
    }

    /// What a flag names that says what is redirected: loopback never is.
    ///
    /// # Errors
    /// The first item that is no range, or a range of loopback.
    pub fn parse_included(list: &str) -> Result<Self, BadItem> {
        for item in items(list) {
            let one = Self::parse(item)?;
            let v4 = Spans::prefix(Ipv4Addr::new(127, 0, 0, 0).into(), 8).map(|(_, span)| span);
            let v6 = Spans::prefix(Ipv6Addr::LOCALHOST.into(), 128).map(|(_, span)| span);
            if v4.is_some_and(|span| one.v4.is_within(span)) || v6.is_some_and(|span| one.v6.is_within(span))
            {
                return Err(bad(item, "is loopback, which is never redirected"));
            }
        }
        Self::parse(list)
    }
}

fn range_span(item: &str) -> Result<(Kind, (u128, u128)), BadItem> {
    const WANTED: &str = "is no range of addresses: say one such as 10.0.0.0/8, fd00::/8 or 192.0.2.7";
    let (address, bits) = match item.split_once('/') {
        Some((address, bits)) => (address, Some(bits)),
        None => (item, None),
    };
    let address: IpAddr = address.parse().map_err(|_| bad(item, WANTED))?;
    let bits = match bits {
        None if address.is_ipv4() => 32,
        None => 128,
        Some(text) if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) => {
            return Err(bad(item, WANTED));
        }
        Some(text) => text.parse().map_err(|_| bad(item, WANTED))?,
    };
    Spans::prefix(address, bits).ok_or_else(|| bad(item, "has a longer prefix than its address has bits"))
}
