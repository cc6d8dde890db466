//! Floating point numbers as Go's `strconv.FormatFloat` writes them, for `%v`, `%g`, `%e` and `%f`.
//! Never reads numbers, and knows nothing of JSON's form (see [`crate::json::write_float`]).

/// The shape of a printed float: `strconv`'s format byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `e`: `1.5e+06`.
    Exponent,
    /// `f`: `1500000`.
    Plain,
    /// `g`: `e` for large and small exponents, `f` otherwise.
    General,
}

/// `%v` of a float64: shortest digits that read back, exponent below 1e-4 and from 1e6 on. This is why the
/// value 1000000 prints as `1e+06`.
#[must_use]
pub fn general(f: f64) -> String {
    format(f, Shape::General, None)
}

/// `strconv.FormatFloat(f, shape, precision, 64)`; no precision asks for the shortest digits that read back.
#[must_use]
pub fn format(f: f64, shape: Shape, precision: Option<usize>) -> String {
    if f.is_nan() {
        return String::from("NaN");
    }
    if f.is_infinite() {
        return String::from(if f > 0.0 { "+Inf" } else { "-Inf" });
    }
    match (shape, precision) {
        (Shape::Plain, None) => plain(f),
        (Shape::Plain, Some(p)) => format!("{f:.p$}"),
        (Shape::Exponent, None) => exponent(&shortest(f)),
        (Shape::Exponent, Some(p)) => exponent(&format!("{f:.p$e}")),
        (Shape::General, p) => general_with(f, p),
    }
}

fn general_with(f: f64, precision: Option<usize>) -> String {
    /// The precision that decides for the exponent where the shortest digits are asked for.
    const SHORTEST: i32 = 6;
    let text = match precision {
        None => shortest(f),
        Some(p) => trim_digits(&format!("{f:.*e}", p.max(1) - 1)),
    };
    let (digits, exp) = text.split_once('e').unwrap_or((&text, "0"));
    let exp: i32 = exp.parse().unwrap_or_default();
    let count = digits.bytes().filter(u8::is_ascii_digit).count();
    let count = i32::try_from(count).unwrap_or(i32::MAX);
    let limit = match precision {
        None => SHORTEST,
        Some(p) => {
            let p = i32::try_from(p.max(1)).unwrap_or(i32::MAX);
            // Go: an integer that the digits hold entirely needs no more than its own digits.
            if p > count && count > exp { count } else { p }
        }
    };
    if exp < -4 || exp >= limit {
        return exponent(&text);
    }
    if precision.is_none() {
        return plain(f);
    }
    let decimals = usize::try_from(count - 1 - exp).unwrap_or(0);
    format!("{f:.decimals$}")
}

/// The shortest digits that read back as `f`, with an exponent: Rust's `{:e}`. Where two of them are equally near
/// Rust rounds up; Go takes the one whose last digit is even, and so does this.
#[must_use]
pub fn shortest(f: f64) -> String {
    /// Fewer digits are never halfway between two that read back.
    const TIE_DIGITS: usize = 16;
    let text = format!("{f:e}");
    let Some((digits, exp)) = text.split_once('e') else { return text };
    let count = digits.bytes().filter(u8::is_ascii_digit).count();
    let last = digits.bytes().last().unwrap_or(b'0');
    if count < TIE_DIGITS || last.is_multiple_of(2) {
        return text;
    }
    let even = format!("{}{}", &digits[..digits.len() - 1], char::from(last - 1));
    let exact = format!("{f:.*e}", count + 40);
    let tie = exact
        .strip_prefix(&even)
        .and_then(|rest| rest.strip_prefix('5'))
        .and_then(|rest| rest.split_once('e'));
    match tie {
        Some((rest, _)) if rest.bytes().all(|b| b == b'0') => format!("{even}e{exp}"),
        _ => text,
    }
}

/// [`shortest`] without exponent.
#[must_use]
pub fn plain(f: f64) -> String {
    let usual = format!("{f}");
    let text = shortest(f);
    let bare = |text: &str| -> String { text.bytes().filter(u8::is_ascii_digit).map(char::from).collect() };
    let digits = bare(text.split_once('e').map_or(&text, |(digits, _)| digits));
    let usual_digits = bare(&usual);
    if usual_digits.trim_matches('0') == digits.trim_matches('0') {
        return usual;
    }
    // Only the last digit that is not 0 differs, by one.
    let Some(at) = usual.rfind(|c: char| c.is_ascii_digit() && c != '0') else { return usual };
    let last = digits.chars().last().unwrap_or('0');
    format!("{}{last}{}", &usual[..at], &usual[at + 1..])
}

/// Trailing zeros of the mantissa off: `%g` with a precision prints no more digits than there are.
fn trim_digits(text: &str) -> String {
    let Some((digits, exp)) = text.split_once('e') else { return String::from(text) };
    let digits =
        if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits };
    format!("{digits}e{exp}")
}

/// Rust's `1.5e6` as Go's `1.5e+06`.
fn exponent(text: &str) -> String {
    let (digits, exp) = text.split_once('e').unwrap_or((text, "0"));
    let (sign, exp) = exp.strip_prefix('-').map_or(('+', exp), |e| ('-', e));
    format!("{digits}e{sign}{exp:0>2}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_print_as_go_prints_them() {
        let cases = [
            (15020.0, "15020"),
            (100_000.5, "100000.5"),
            (999_999.5, "999999.5"),
            (1_000_000.0, "1e+06"),
            (12_345_678.0, "1.2345678e+07"),
            (1_234_567.5, "1.2345675e+06"),
            (1e20, "1e+20"),
            (1e23, "1e+23"),
            (1e-4, "0.0001"),
            (1e-5, "1e-05"),
            (1e-7, "1e-07"),
            (1.0, "1"),
            (0.0, "0"),
            (-0.0, "-0"),
            (-5.0, "-5"),
            (1e100, "1e+100"),
            (5e-324, "5e-324"),
            (18_446_744_073_709_551_615.0, "1.8446744073709552e+19"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
        ];
        for (f, want) in cases {
            assert_eq!(general(f), want);
        }
    }

    #[test]
    fn of_two_equally_near_forms_the_even_one_is_taken() {
        assert_eq!(shortest(1_178_568_972_886_027.2), "1.1785689728860272e15");
        assert_eq!(plain(1_178_568_972_886_027.2), "1178568972886027.2");
        assert_eq!(plain(-1_178_568_972_886_027.2), "-1178568972886027.2");
        assert_eq!(general(1_178_568_972_886_027.2), "1.1785689728860272e+15");
        assert_eq!(plain(0.1), "0.1");
        assert_eq!(plain(1e22), "10000000000000000000000");
    }

    #[test]
    fn precisions_are_as_in_strconv() {
        use Shape::{Exponent, General, Plain};
        let cases = [
            (1.5, Plain, Some(0), "2"),
            (2.5, Plain, Some(0), "2"),
            (1.005, Plain, Some(2), "1.00"),
            (1e21, Plain, None, "1000000000000000000000"),
            (1234.5678, Exponent, Some(2), "1.23e+03"),
            (0.0, Exponent, Some(6), "0.000000e+00"),
            (1234.5678, General, Some(3), "1.23e+03"),
            (1234.5678, General, Some(6), "1234.57"),
            (100_000.0, General, Some(3), "1e+05"),
            (100.0, General, Some(10), "100"),
            (1_000_000.0, General, Some(10), "1000000"),
            (0.000_012_34, General, Some(2), "1.2e-05"),
            (1.0, General, Some(0), "1"),
            (123.0, General, Some(1), "1e+02"),
            (0.0, General, Some(4), "0"),
        ];
        for (f, shape, precision, want) in cases {
            assert_eq!(format(f, shape, precision), want, "{f} {shape:?} {precision:?}");
        }
    }
}
