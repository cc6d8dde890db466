//! The suffixes of quantities, both ways. Never numbers.

use super::Format;

/// What a suffix multiplies by: a power of two for [`Format::BinarySi`], else of ten.
#[derive(Clone, Copy, Debug)]
pub(super) struct Suffix {
    pub(super) format: Format,
    pub(super) exponent: i32,
}

const DECIMAL: [(&str, i32); 10] =
    [("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];

const BINARY: [(&str, i32); 6] = [("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40), ("Pi", 50), ("Ei", 60)];

pub(super) fn interpret(suffix: &str) -> Option<Suffix> {
    let find = |table: &[(&str, i32)], format| {
        let &(_, exponent) = table.iter().find(|(s, _)| *s == suffix)?;
        Some(Suffix { format, exponent })
    };
    find(&DECIMAL, Format::DecimalSi).or_else(|| find(&BINARY, Format::BinarySi)).or_else(|| {
        let digits = suffix.strip_prefix(['e', 'E'])?;
        // Go reads 64 bits and keeps the lower 32.
        #[allow(clippy::cast_possible_truncation, reason = "as Go does")]
        let exponent = digits.parse::<i64>().ok()? as i32;
        Some(Suffix { format: Format::DecimalExponent, exponent })
    })
}

/// The suffix for a power of ten; none for a power that has no name, which is what Go writes then.
pub(super) fn decimal(exponent: i32) -> &'static str {
    DECIMAL.iter().find(|(_, e)| *e == exponent).map_or("", |(s, _)| s)
}

/// The suffix for a power of 1024.
pub(super) fn binary(power: i32) -> &'static str {
    BINARY.iter().find(|(_, e)| *e == power * 10).map_or("", |(s, _)| s)
}
