//! Base64, base32 and checksums, with Go's texts for broken input, which sprig returns as the result.
//! Never encryption or key generation, which are refused at load.

use base64::Engine;
use data_encoding::HEXLOWER;
use sha1::{Digest, Sha1};
use sha2::{Sha256, Sha512};

use crate::funcs::Function;
use crate::funcs::Param::Str;
use crate::value::Val;

pub(super) const TABLE: &[Function] = &[
    Function::new("b64enc", &[Str], |_, a| {
        Ok(Val::from(base64::engine::general_purpose::STANDARD.encode(a[0].bytes())))
    }),
    Function::new("b64dec", &[Str], |_, a| Ok(decoded(64, base64_decode(a[0].bytes())))),
    Function::new("b32enc", &[Str], |_, a| Ok(Val::from(base32_encode(a[0].bytes())))),
    Function::new("b32dec", &[Str], |_, a| Ok(decoded(32, base32_decode(a[0].bytes())))),
    Function::new("sha1sum", &[Str], |_, a| Ok(hex(&Sha1::digest(a[0].bytes())))),
    Function::new("sha256sum", &[Str], |_, a| Ok(hex(&Sha256::digest(a[0].bytes())))),
    Function::new("sha512sum", &[Str], |_, a| Ok(hex(&Sha512::digest(a[0].bytes())))),
    Function::new("adler32sum", &[Str], |_, a| Ok(Val::from(adler32(a[0].bytes()).to_string()))),
];

fn hex<'v>(digest: &[u8]) -> Val<'v> {
    Val::from(HEXLOWER.encode(digest))
}

fn adler32(text: &[u8]) -> u32 {
    const MODULUS: u32 = 65_521;
    let (mut a, mut b) = (1, 0);
    for byte in text {
        a = (a + u32::from(*byte)) % MODULUS;
        b = (b + a) % MODULUS;
    }
    (b << 16) | a
}

/// The decoded bytes, or the complaint as a string: sprig gives that as the function's result.
fn decoded<'v>(base: u32, result: Result<Vec<u8>, usize>) -> Val<'v> {
    match result {
        Ok(bytes) => Val::from(bytes),
        Err(at) => Val::from(format!("illegal base{base} data at input byte {at}")),
    }
}

const fn is_line_break(b: u8) -> bool {
    matches!(b, b'\n' | b'\r')
}

/// `base64.StdEncoding`: line breaks skipped, padding needed, left-over bits ignored. The error is the position
/// that Go complains about, counted with the line breaks.
fn base64_decode(text: &[u8]) -> Result<Vec<u8>, usize> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut filled) = (0_u32, 0_usize);
    let mut input = text.iter().enumerate().filter(|(_, b)| !is_line_break(**b));
    while let Some((at, b)) = input.next() {
        let digit = match *b {
            b'A'..=b'Z' => *b - b'A',
            b'a'..=b'z' => *b - b'a' + 26,
            b'0'..=b'9' => *b - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' if filled >= 2 => {
                if filled == 2 {
                    match input.next() {
                        None => return Err(text.len()),
                        Some((_, b'=')) => {}
                        Some((next, _)) => return Err(next - 1),
                    }
                }
                if let Some((rest, _)) = input.next() {
                    return Err(rest);
                }
                let bytes = (bits << (6 * (4 - filled))).to_be_bytes();
                out.extend_from_slice(&bytes[1..filled]);
                return Ok(out);
            }
            _ => return Err(at),
        };
        bits = bits << 6 | u32::from(digit);
        filled += 1;
        if filled == 4 {
            out.extend_from_slice(&bits.to_be_bytes()[1..]);
            (bits, filled) = (0, 0);
        }
    }
    if filled == 0 { Ok(out) } else { Err(text.len() - filled) }
}

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

fn base32_encode(text: &[u8]) -> String {
    let mut out = String::with_capacity(text.len().div_ceil(5) * 8);
    for chunk in text.chunks(5) {
        let mut block = [0; 8];
        block[3..3 + chunk.len()].copy_from_slice(chunk);
        let bits = u64::from_be_bytes(block);
        let digits = (chunk.len() * 8).div_ceil(5);
        for i in 0..8 {
            let digit = BASE32[(bits >> (35 - 5 * i) & 31) as usize];
            out.push(if i < digits { char::from(digit) } else { '=' });
        }
    }
    out
}

/// `base32.StdEncoding`: line breaks are taken out first, so that positions do not count them.
fn base32_decode(text: &[u8]) -> Result<Vec<u8>, usize> {
    let text: Vec<u8> = text.iter().copied().filter(|b| !is_line_break(*b)).collect();
    let mut out = Vec::with_capacity(text.len() / 8 * 5);
    for (n, block) in text.chunks(8).enumerate() {
        let start = n * 8;
        let (mut bits, mut digits) = (0_u64, 0);
        for (j, b) in block.iter().enumerate() {
            let rest = text.len() - start - j - 1;
            if *b == b'=' && j >= 2 && rest < 8 {
                if rest + j < 7 {
                    return Err(text.len());
                }
                let wrong = text[start + j + 1..].iter().take(7 - j).position(|p| *p != b'=');
                if let Some(k) = wrong {
                    return Err(start + j + k);
                }
                if matches!(j, 3 | 6) {
                    return Err(start + j);
                }
                break;
            }
            let digit = BASE32.iter().position(|d| d == b).ok_or(start + j)?;
            bits = bits << 5 | digit as u64;
            digits = j + 1;
        }
        let padded = digits < block.len();
        if digits < 8 && !padded {
            return Err(start);
        }
        bits <<= 5 * (8 - digits);
        out.extend_from_slice(&bits.to_be_bytes()[3..3 + digits * 5 / 8]);
        if padded {
            break;
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_round_trips_and_says_where_it_is_broken() {
        assert_eq!(base64_decode(b"aGVs\nbG8=").unwrap(), b"hello");
        assert_eq!(base64_decode(b"").unwrap(), b"");
        for (text, at) in
            [("a", 0), ("ab", 0), ("abc", 0), ("abcd=", 4), ("ab=", 3), ("ab=c", 2), ("ab==c", 4), ("a!", 1)]
        {
            assert_eq!(base64_decode(text.as_bytes()), Err(at), "{text}");
        }
    }

    #[test]
    fn base32_round_trips_and_says_where_it_is_broken() {
        for text in ["", "f", "fo", "foo", "foob", "fooba", "foobar"] {
            assert_eq!(base32_decode(base32_encode(text.as_bytes()).as_bytes()).unwrap(), text.as_bytes());
        }
        assert_eq!(base32_encode(b"hello"), "NBSWY3DP");
        assert!(base32_decode(b"a").is_err() && base32_decode(b"MZX").is_err());
    }

    #[test]
    fn checksums_are_the_known_ones() {
        assert_eq!(adler32(b"Wikipedia"), 300_286_872);
        let Val::Str(sum, _) = hex(&Sha1::digest(b"abc")) else { panic!() };
        assert_eq!(sum.as_str(), Some("a9993e364706816aba3e25717850c26c9cd0d89d"));
    }
}
