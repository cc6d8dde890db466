//! A quantity's text split into sign, digits and suffix. Lenient exactly where apimachinery is: a lone sign is
//! zero, and so is a lone suffix.

use super::QuantityError;

#[derive(Debug)]
pub(super) struct Parts<'t> {
    pub(super) negative: bool,
    /// Sign, digits and point, as written.
    pub(super) number: &'t str,
    /// Digits before the point without leading zeros, `0` for none.
    pub(super) whole: &'t str,
    /// Digits behind the point.
    pub(super) fraction: &'t str,
    pub(super) suffix: &'t str,
}

pub(super) fn split(text: &str) -> Result<Parts<'_>, QuantityError> {
    let bytes = text.as_bytes();
    let run = |from: usize, of: fn(&u8) -> bool| {
        from + bytes.get(from..).unwrap_or_default().iter().take_while(|b| of(b)).count()
    };
    let digits = |b: &u8| b.is_ascii_digit();

    let signed = usize::from(matches!(bytes.first(), Some(b'+' | b'-')));
    let significant = run(signed, |b| *b == b'0');
    let point = run(significant, digits);
    let (fraction, number) = match bytes.get(point) {
        Some(b'.') => {
            let end = run(point + 1, digits);
            (point + 1..end, end)
        }
        _ => (point..point, point),
    };
    let letters = run(number, |b| b"eEinumkKMGTP".contains(b));
    let sign = letters + usize::from(matches!(bytes.get(letters), Some(b'+' | b'-')));
    if run(sign, digits) != bytes.len() {
        return Err(QuantityError::Format);
    }
    // The text splits at ASCII characters only, so every range lies on character borders.
    let part = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default();
    Ok(Parts {
        negative: bytes.first() == Some(&b'-'),
        number: part(0..number),
        whole: Some(part(significant..point)).filter(|w| !w.is_empty()).unwrap_or("0"),
        fraction: part(fraction),
        suffix: part(number..text.len()),
    })
}
