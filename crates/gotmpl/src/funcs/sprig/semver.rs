//! Versions and constraints by Masterminds/semver's rules, which are looser than the standard: `v1.2` is a version,
//! `1.x`, `~1.2`, `^1`, `>=1.2, <2 || 3.x` are constraints.

use std::any::Any as StdAny;
use std::cmp::Ordering;
use std::sync::LazyLock;

use regex::Regex;

use crate::fmt::quote::quote;
use crate::funcs::Param::Str;
use crate::funcs::{Cx, Fault, Function};
use crate::value::{GoKind, Object, Val};

pub(super) const TABLE: &[Function] = &[
    Function::new("semver", &[Str], |_, a| {
        Version::parse(&a[0].to_bytes().text()).map(Val::object).map_err(Fault::new)
    }),
    Function::new("semverCompare", &[Str, Str], |_, a| {
        let constraints = Constraints::parse(&a[0].to_bytes().text()).map_err(Fault::new)?;
        let version = Version::parse(&a[1].to_bytes().text()).map_err(Fault::new)?;
        Ok(constraints.admit(&version).into())
    }),
];

const MAX_VERSION: usize = 256;
const MAX_CONSTRAINT: usize = 512;
const MAX_ALTERNATIVES: usize = 32;

/// A version; `*semver.Version` to templates.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Version {
    numbers: [u64; 3],
    pre: String,
    metadata: String,
    original: String,
}

/// What may follow the numbers: a pre-release and metadata, named groups `pre` and `meta`.
const TAIL: &str =
    r"(?:-(?<pre>[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+(?<meta>[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?";

type Lazy = LazyLock<Option<Regex>>;
static VERSION: Lazy = LazyLock::new(|| {
    Regex::new(&format!(r"^v?(?<a>[0-9]+)(?:\.(?<b>[0-9]+))?(?:\.(?<c>[0-9]+))?{TAIL}$")).ok()
});

impl Version {
    fn parse(text: &str) -> Result<Self, String> {
        if text.len() > MAX_VERSION {
            return Err(format!("version string is too long (max {MAX_VERSION} bytes)"));
        }
        let groups = VERSION.as_ref().and_then(|re| re.captures(text));
        let groups = groups.ok_or_else(|| String::from("invalid semantic version"))?;
        let group = |name: &str| groups.name(name).map_or("", |m| m.as_str());
        let mut numbers = [0; 3];
        for (number, name) in numbers.iter_mut().zip(["a", "b", "c"]) {
            let digits = group(name);
            if !digits.is_empty() {
                *number = digits.parse().map_err(|_| {
                    format!("error parsing version segment: strconv.ParseUint: parsing \"{digits}\": value out of range")
                })?;
            }
        }
        let zero_padded =
            |part: &str| part.len() > 1 && part.starts_with('0') && part.bytes().all(|b| b.is_ascii_digit());
        if group("pre").split('.').any(zero_padded) {
            return Err(String::from("version segment starts with 0"));
        }
        Ok(Self {
            numbers,
            pre: String::from(group("pre")),
            metadata: String::from(group("meta")),
            original: String::from(text),
        })
    }

    /// By precedence; metadata does not count.
    fn compare(&self, other: &Self) -> Ordering {
        self.numbers.cmp(&other.numbers).then_with(|| match (self.pre.as_str(), other.pre.as_str()) {
            ("", "") => Ordering::Equal,
            ("", _) => Ordering::Greater,
            (_, "") => Ordering::Less,
            (a, b) => compare_pre(a, b),
        })
    }

    fn text(&self) -> String {
        let [major, minor, patch] = self.numbers;
        let mut out = format!("{major}.{minor}.{patch}");
        for (mark, part) in [('-', &self.pre), ('+', &self.metadata)] {
            if !part.is_empty() {
                out.push(mark);
                out.push_str(part);
            }
        }
        out
    }

    /// The next version in one of its numbers; a pre-release's next patch is the release itself.
    fn next(&self, place: usize) -> Result<Self, Fault> {
        let mut next = Self { pre: String::new(), metadata: String::new(), ..self.clone() };
        if place < 2 || self.pre.is_empty() {
            let what = ["major", "minor", "patch"][place];
            next.numbers[place] = self.numbers[place]
                .checked_add(1)
                .ok_or_else(|| Fault::new(format!("{what} version increment would overflow uint64")))?;
            next.numbers[place + 1..].fill(0);
        }
        let v = if self.original.starts_with('v') { "v" } else { "" };
        next.original = format!("{v}{}", next.text());
        Ok(next)
    }
}

fn compare_pre(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.split('.'), b.split('.'));
    loop {
        let (x, y) = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (x, y) => (x.unwrap_or(""), y.unwrap_or("")),
        };
        let order = match (x.parse::<u64>(), y.parse::<u64>()) {
            _ if x == y => Ordering::Equal,
            _ if x.is_empty() => Ordering::Less,
            _ if y.is_empty() => Ordering::Greater,
            (Ok(x), Ok(y)) => x.cmp(&y),
            (Ok(_), Err(_)) => Ordering::Less,
            (Err(_), Ok(_)) => Ordering::Greater,
            (Err(_), Err(_)) => x.cmp(y),
        };
        if order.is_ne() {
            return order;
        }
    }
}

impl Object for Version {
    fn type_name(&self) -> &'static str {
        "*semver.Version"
    }
    fn kind(&self) -> GoKind {
        GoKind::Ptr
    }
    fn string(&self) -> Option<String> {
        Some(self.text())
    }
    fn call<'v>(&self, _: &Cx<'v>, name: &str, args: &[Val<'v>]) -> Option<Result<Val<'v>, Fault>> {
        let number = |n: u64| Val::Uint(n, pillion_govalue::types::KNOWN.uint64);
        let other = || args.first().and_then(Val::downcast::<Self>);
        let is = |wanted: fn(Ordering) -> bool| {
            Some(other().map(|o| wanted(self.compare(o)).into()).ok_or_else(Fault::nil_dereference))
        };
        Some(Ok(match name {
            "Major" => number(self.numbers[0]),
            "Minor" => number(self.numbers[1]),
            "Patch" => number(self.numbers[2]),
            "Prerelease" => Val::from(self.pre.clone()),
            "Metadata" => Val::from(self.metadata.clone()),
            "Original" => Val::from(self.original.clone()),
            "IncMajor" => return Some(self.next(0).map(Val::object)),
            "IncMinor" => return Some(self.next(1).map(Val::object)),
            "IncPatch" => return Some(self.next(2).map(Val::object)),
            "LessThan" => return is(Ordering::is_lt),
            "LessThanEqual" => return is(Ordering::is_le),
            "GreaterThan" => return is(Ordering::is_gt),
            "GreaterThanEqual" => return is(Ordering::is_ge),
            "Equal" => return is(Ordering::is_eq),
            "Compare" => {
                let Some(other) = other() else { return Some(Err(Fault::nil_dereference())) };
                Val::int(self.compare(other) as i64)
            }
            _ => return None,
        }))
    }
    fn same(&self, other: &dyn Object) -> bool {
        other.as_any().downcast_ref::<Self>() == Some(self)
    }
    fn as_any(&self) -> &dyn StdAny {
        self
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    TildeOrEqual,
    NotEqual,
    Greater,
    Less,
    GreaterEqual,
    LessEqual,
    Tilde,
    Caret,
}

/// Two-letter operators before the one-letter ones they begin with.
const OPERATORS: &[(&str, Operator)] = &[
    ("!=", Operator::NotEqual),
    (">=", Operator::GreaterEqual),
    ("=>", Operator::GreaterEqual),
    ("<=", Operator::LessEqual),
    ("=<", Operator::LessEqual),
    ("~>", Operator::Tilde),
    ("=", Operator::TildeOrEqual),
    (">", Operator::Greater),
    ("<", Operator::Less),
    ("~", Operator::Tilde),
    ("^", Operator::Caret),
    ("", Operator::TildeOrEqual),
];

/// One comparison. What the constraint left open, by `x` or by silence, is 0 in `version`.
#[derive(Debug)]
struct Constraint {
    operator: Operator,
    version: Version,
    /// Some number is open.
    open: bool,
    /// The minor version is, and with it the patch.
    open_minor: bool,
    /// Only the patch is.
    open_patch: bool,
}

/// Alternatives of comparisons that must all hold.
#[derive(Debug)]
struct Constraints(Vec<Vec<Constraint>>);

const WILD: &str = r"v?(?<a>[0-9xX*|]+)(?:\.(?<b>[0-9xX*|]+))?(?:\.(?<c>[0-9xX*|]+))?";
static WILD_VERSION: Lazy = LazyLock::new(|| Regex::new(&format!("^{WILD}{TAIL}")).ok());
static RANGE: Lazy = LazyLock::new(|| {
    let bound = format!("{WILD}{TAIL}").replace("?<a>", "?:").replace("?<b>", "?:").replace("?<c>", "?:");
    let bound = bound.replace("?<pre>", "?:").replace("?<meta>", "?:");
    Regex::new(&format!(r"[\t\n\x0c\r ]*({bound})[\t\n\x0c\r ]+-[\t\n\x0c\r ]+({bound})[\t\n\x0c\r ]*")).ok()
});

const fn is_blank(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\x0c' | '\r' | ' ')
}

impl Constraints {
    fn parse(text: &str) -> Result<Self, String> {
        if text.len() > MAX_CONSTRAINT {
            return Err(format!("constraint string is too long (max {MAX_CONSTRAINT} bytes)"));
        }
        let text = rewrite_ranges(text);
        let alternatives: Vec<&str> = text.split("||").collect();
        if alternatives.len() > MAX_ALTERNATIVES {
            return Err(format!("too many constraint groups (max {MAX_ALTERNATIVES})"));
        }
        alternatives.into_iter().map(comparisons).collect::<Result<_, _>>().map(Self)
    }

    fn admit(&self, version: &Version) -> bool {
        self.0.iter().any(|all| {
            // A pre-release is admitted only where some comparison of the group names one.
            let pre_named = all.iter().any(|c| !c.version.pre.is_empty());
            (version.pre.is_empty() || pre_named) && all.iter().all(|c| c.holds(version))
        })
    }
}

/// `1.2 - 1.4` as `>= 1.2, <= 1.4`.
fn rewrite_ranges(text: &str) -> String {
    let Some(range) = RANGE.as_ref() else { return String::from(text) };
    let mut out = String::from(text);
    for found in range.captures_iter(text) {
        let part = |i| found.get(i).map_or("", |m| m.as_str());
        out = out.replacen(part(0), &format!(">= {}, <= {} ", part(1), part(2)), 1);
    }
    out
}

/// Comparisons with blanks or a comma between them.
fn comparisons(text: &str) -> Result<Vec<Constraint>, String> {
    let improper = || format!("improper constraint: {}", quote(text.as_bytes()));
    let mut all = Vec::new();
    let mut rest = text.trim_start_matches(is_blank);
    loop {
        let (constraint, after) = comparison(rest).ok_or_else(improper)?;
        all.push(constraint);
        rest = after.trim_start_matches(is_blank);
        if rest.is_empty() {
            // The form of all counts before the numbers of any.
            return all.into_iter().collect();
        }
        if let Some(next) = rest.strip_prefix(',') {
            rest = next.trim_start_matches(is_blank);
        } else if rest.len() == after.len() {
            return Err(improper());
        }
    }
}

/// One comparison at the start of `text`; `None` if there is none.
fn comparison(text: &str) -> Option<(Result<Constraint, String>, &str)> {
    let (operator, rest) = OPERATORS
        .iter()
        .find_map(|(name, operator)| text.strip_prefix(name).map(|rest| (*operator, rest)))?;
    let rest = rest.trim_start_matches(is_blank);
    let groups = WILD_VERSION.as_ref()?.captures(rest)?;
    let group = |name: &str| groups.name(name).map_or("", |m| m.as_str());
    let after = &rest[groups.get(0)?.end()..];
    let open = |name: &str| matches!(group(name), "" | "x" | "X" | "*");
    let (open_all, open_minor) = (open("a"), !open("a") && open("b"));
    let open_patch = !open_all && !open_minor && open("c");
    let pre = match group("pre") {
        "" => String::new(),
        pre => format!("-{pre}"),
    };
    let numbers = match (open_all, open_minor, open_patch) {
        (true, ..) => String::from("0.0.0"),
        (_, true, _) => format!("{}.0.0", group("a")),
        (_, _, true) => format!("{}.{}.0", group("a"), group("b")),
        _ => format!("{}.{}.{}", group("a"), group("b"), group("c")),
    };
    let constraint = Version::parse(&format!("{numbers}{pre}"))
        .map(|version| Constraint {
            operator,
            version,
            open: open_all || open_minor || open_patch,
            open_minor,
            open_patch,
        })
        .map_err(|_| String::from("constraint parser error"));
    Some((constraint, after))
}

impl Constraint {
    fn holds(&self, version: &Version) -> bool {
        let order = version.compare(&self.version);
        match self.operator {
            Operator::TildeOrEqual if !self.open => order.is_eq(),
            Operator::TildeOrEqual | Operator::Tilde => order.is_ge() && self.same_minor(version),
            Operator::NotEqual => self.differs(version, order),
            Operator::Less => order.is_lt(),
            Operator::GreaterEqual => order.is_ge(),
            Operator::Greater => self.below(version, order),
            Operator::LessEqual => self.not_below(version, order),
            Operator::Caret => order.is_ge() && self.compatible(version),
        }
    }

    fn same_minor(&self, version: &Version) -> bool {
        let anything = self.version.numbers == [0; 3] && !self.open_minor && !self.open_patch;
        anything
            || version.numbers[0] == self.version.numbers[0]
                && (version.numbers[1] == self.version.numbers[1] || self.open_minor)
    }

    fn differs(&self, version: &Version, order: Ordering) -> bool {
        let [major, minor, patch] = self.version.numbers;
        if self.open {
            if version.numbers[0] != major {
                return true;
            }
            if self.open_minor {
                return false;
            }
            if version.numbers[1] != minor {
                return true;
            }
            if self.open_patch {
                return compare_pre(&version.pre, &self.version.pre).is_ne();
            }
            if version.numbers[2] != patch {
                return true;
            }
        }
        order.is_ne()
    }

    /// `>`: above everything that an open constraint covers.
    fn below(&self, version: &Version, order: Ordering) -> bool {
        let major = version.numbers[0].cmp(&self.version.numbers[0]);
        if !self.open || major.is_eq() && !self.open_minor && !self.open_patch {
            order.is_gt()
        } else if major.is_ne() {
            major.is_gt()
        } else {
            self.open_patch && version.numbers[1] > self.version.numbers[1]
        }
    }

    /// `<=`: up to the end of what an open constraint covers.
    fn not_below(&self, version: &Version, order: Ordering) -> bool {
        if !self.open {
            return order.is_le();
        }
        let major = version.numbers[0].cmp(&self.version.numbers[0]);
        major.is_lt() || major.is_eq() && (version.numbers[1] <= self.version.numbers[1] || self.open_minor)
    }

    /// `^`: no change in the first number that is not 0.
    fn compatible(&self, version: &Version) -> bool {
        let ([major, minor, patch], [v_major, v_minor, v_patch]) = (self.version.numbers, version.numbers);
        if major > 0 || self.open_minor {
            return v_major == major;
        }
        if v_major > 0 {
            return false;
        }
        if minor > 0 || self.open_patch {
            return v_minor == minor;
        }
        v_minor == 0 && v_patch == patch
    }
}
