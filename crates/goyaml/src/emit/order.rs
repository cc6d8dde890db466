//! The order in which Go's YAML library writes keys: `a2` before `a10`, digits before letters, other characters
//! first. Compares as that library does, oddities included; sorts without trusting the comparison to be an
//! order, for with leading zeros it is none.

use pillion_govalue::{Map, Str, Value};

/// The entries of `map` in natural order of their keys.
pub(super) fn sorted<'m, 'v>(map: &'m Map<'v>) -> Vec<(&'m Str<'v>, &'m Value<'v>)> {
    let mut entries: Vec<_> = map.iter().collect();
    let mut width = 1;
    while width < entries.len() {
        let mut merged = Vec::with_capacity(entries.len());
        for pair in entries.chunks(2 * width) {
            let (mut left, mut right) = pair.split_at(width.min(pair.len()));
            while let (Some((a, after_a)), Some((b, after_b))) = (left.split_first(), right.split_first()) {
                if less(b.0, a.0) {
                    merged.push(*b);
                    right = after_b;
                } else {
                    merged.push(*a);
                    left = after_a;
                }
            }
            merged.extend_from_slice(left);
            merged.extend_from_slice(right);
        }
        entries = merged;
        width *= 2;
    }
    entries
}

/// Whether `a` is written before `b`.
fn less(a: &str, b: &str) -> bool {
    let common = a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count();
    let common = (0..=common).rev().find(|&at| a.is_char_boundary(at) && b.is_char_boundary(at)).unwrap_or(0);
    let (head, rest_a) = a.split_at(common);
    let rest_b = &b[common..];
    let (Some(x), Some(y)) = (rest_a.chars().next(), rest_b.chars().next()) else {
        return a.len() < b.len();
    };
    match (x.is_alphabetic(), y.is_alphabetic()) {
        (true, true) => return x < y,
        (false, false) => {}
        (_, y_letter) => return y_letter,
    }
    // Digits that begin with a zero inside a longer number count as if a 1 stood before them.
    let inside = (x == '0' || y == '0')
        && head.chars().rev().take_while(char::is_ascii_digit).any(|digit| digit != '0');
    let (value_x, length_x) = leading_number(rest_a, inside);
    let (value_y, length_y) = leading_number(rest_b, inside);
    if value_x != value_y {
        return value_x < value_y;
    }
    if length_x != length_y {
        return length_x < length_y;
    }
    x < y
}

/// The number at the start of `text` and how many digits it has; overflows as Go's does.
fn leading_number(text: &str, inside: bool) -> (i64, usize) {
    let digits = text.bytes().take_while(u8::is_ascii_digit);
    digits.fold((i64::from(inside), 0), |(value, length), digit| {
        (value.wrapping_mul(10).wrapping_add(i64::from(digit - b'0')), length + 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_in_natural_order() {
        let keys = ["", ".x", "9", "10", "A", "a-b", "a_b", "a2", "a10", "b"];
        for pair in keys.windows(2) {
            assert!(less(pair[0], pair[1]), "{pair:?}");
            assert!(!less(pair[1], pair[0]), "{pair:?}");
        }
        let map: Map<'_> = keys.iter().rev().map(|k| (*k, true)).collect();
        let sorted: Vec<_> = sorted(&map).into_iter().map(|(k, _)| k.as_str()).collect();
        assert_eq!(sorted, keys);
    }
}
