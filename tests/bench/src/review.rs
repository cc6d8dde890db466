//! [`Body`]: the body of a review with holes for what an API server makes anew for each pod. A hole is a mark in the text,
//! `⟦uid⟧`; what fills it is worked out from the number of the request alone, so that every peer gets the same bytes.
//! Never: what a pod looks like.

use anyhow::{Context, Result, bail};

/// What stands in a hole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hole {
    /// The request's uid.
    Uid,
    /// The five letters behind `kube-api-access-`.
    Token,
    /// When the object was made, in managedFields.
    Time,
    /// The pod's place in its workload.
    Ordinal,
    /// Something that no other pod has, by number: the same in one request.
    Word(u32),
}

/// Which pod is asked about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pod {
    /// The number of the request.
    pub(crate) number: u64,
    /// The pod's place in its workload.
    pub(crate) ordinal: u32,
}

/// A body: text, and the hole after it; the last text has none.
#[derive(Debug)]
pub(crate) struct Body {
    pieces: Vec<(Box<str>, Option<Hole>)>,
}

/// The letters of names that API servers make.
const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
/// When the first pod was made, in seconds since the epoch.
const FIRST: i64 = 1_760_000_000;
/// Pods made in one second.
const PACE: u64 = 50;

/// A mark for a word of one's own in a body.
pub(crate) fn word(number: u32) -> String {
    format!("⟦word{number}⟧")
}

impl Body {
    /// A body out of text with marks.
    pub(crate) fn new(text: &str) -> Result<Self> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('⟦') {
            let (mark, after) = after.split_once('⟧').context("a mark has no end")?;
            pieces.push((before.into(), Some(hole(mark)?)));
            rest = after;
        }
        pieces.push((rest.into(), None));
        Ok(Self { pieces })
    }

    /// The bytes for one pod.
    pub(crate) fn fill(&self, pod: Pod) -> Vec<u8> {
        let length: usize = self.pieces.iter().map(|(text, _)| text.len() + 16).sum();
        let mut out = Vec::with_capacity(length + 32);
        for (text, hole) in &self.pieces {
            out.extend_from_slice(text.as_bytes());
            if let Some(hole) = hole {
                hole.write(pod, &mut out);
            }
        }
        out
    }
}

fn hole(mark: &str) -> Result<Hole> {
    Ok(match mark {
        "uid" => Hole::Uid,
        "token" => Hole::Token,
        "time" => Hole::Time,
        "ordinal" => Hole::Ordinal,
        _ => match mark.strip_prefix("word").and_then(|number| number.parse().ok()) {
            Some(number) => Hole::Word(number),
            None => bail!("nothing is known to fill ⟦{mark}⟧ with"),
        },
    })
}

impl Hole {
    fn write(self, pod: Pod, out: &mut Vec<u8>) {
        match self {
            Self::Uid => uid(pod.number, out),
            Self::Token => letters(mix(pod.number, 2), 5, out),
            Self::Time => {
                let seconds = FIRST + i64::try_from(pod.number / PACE).unwrap_or_default();
                let time = jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
                out.extend_from_slice(time.to_string().as_bytes());
            }
            Self::Ordinal => out.extend_from_slice(pod.ordinal.to_string().as_bytes()),
            Self::Word(number) => letters(mix(pod.number, 1000 + u64::from(number)), 8, out),
        }
    }
}

fn uid(number: u64, out: &mut Vec<u8>) {
    let (high, low) = (mix(number, 0), mix(number, 1));
    let text = format!(
        "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        low >> 52,
        low & 0xffff_ffff_ffff
    );
    out.extend_from_slice(text.as_bytes());
}

fn letters(mut seed: u64, count: usize, out: &mut Vec<u8>) {
    let base = LETTERS.len() as u64;
    for _ in 0..count {
        let letter = usize::try_from(seed % base).unwrap_or_default();
        out.push(LETTERS[letter]);
        seed /= base;
    }
}

/// A number that looks random, from two that need not.
pub(crate) const fn mix(number: u64, salt: u64) -> u64 {
    let mut z = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ salt.wrapping_mul(0xd1b5_4a32_d192_ed03);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_are_filled_by_the_number_alone() {
        let body = Body::new("{⟦uid⟧ ⟦token⟧ ⟦token⟧ ⟦time⟧ ⟦ordinal⟧ ⟦word1⟧ ⟦word2⟧}").unwrap();
        let filled = |number| String::from_utf8(body.fill(Pod { number, ordinal: 7 })).unwrap();
        assert_eq!(filled(5), filled(5));
        let (one, other) = (filled(5), filled(6));
        let [one, other] = [&one, &other].map(|text| text.split(' ').collect::<Vec<_>>());
        assert_eq!(one[1], one[2]);
        assert_eq!((one[0].len(), one[1].len(), one[3], one[4]), (37, 5, "2025-10-09T08:53:20Z", "7"));
        assert!(one[0] != other[0] && one[1] != other[1] && one[5] != other[5] && one[5] != one[6]);
    }

    #[test]
    fn a_mark_that_nobody_knows_is_an_error() {
        assert!(Body::new("⟦name⟧").is_err());
        assert!(Body::new("⟦uid").is_err());
    }
}
