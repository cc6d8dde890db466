//! The next line of a text that holds anything: its indentation, and its hash, from which follow the hashes of runs of
//! lines. Knows bytes that [`quick`](super) does not read. Never: what a line means.

/// The odd constant of the hash, of bits without pattern.
const MIX: u64 = 0x9E37_79B9_7F4A_7C15;
const ONES: u64 = u64::MAX / 0xFF;
const SPACES: u64 = ONES * 0x20;
const TOPS: u64 = ONES << 7;

/// A run of more steps than this has no hash.
const MOST_STEPS: usize = 255;

/// Powers of [`MIX`].
const POWERS: [u64; MOST_STEPS + 1] = {
    let mut powers = [1_u64; MOST_STEPS + 1];
    let mut at = 1;
    while at <= MOST_STEPS {
        powers[at] = powers[at - 1].wrapping_mul(MIX);
        at += 1;
    }
    powers
};

/// What was read up to a place: how many lines or known blocks, and a hash of them all.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Trail {
    pub(super) steps: usize,
    hash: u64,
}

impl Trail {
    /// The trail after one more line, or after a block that was read as a whole.
    #[inline]
    pub(super) fn then(self, hash: u64) -> Self {
        Self { steps: self.steps + 1, hash: self.hash.wrapping_mul(MIX).wrapping_add(hash) }
    }

    /// The hash of what was read since `start`.
    pub(super) fn since(self, start: Self) -> Option<u64> {
        let power = POWERS.get(self.steps - start.steps)?;
        let hash = self.hash.wrapping_sub(start.hash.wrapping_mul(*power)).wrapping_mul(MIX);
        Some(hash ^ hash >> 32)
    }
}

/// A line that is neither blank nor a comment, or what stands behind the last one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    /// Where the line starts.
    pub(super) start: usize,
    /// Behind its last character that is no space.
    pub(super) end: usize,
    /// Where the next line starts.
    pub(super) next: usize,
    /// How many spaces the line begins with; -1 for what stands behind the last line.
    pub(super) column: i32,
    /// Whether it begins as an item of a list does: `-` alone, or with a space behind.
    pub(super) dash: bool,
    pub(super) hash: u64,
    /// What was read before it.
    pub(super) before: Trail,
}

impl Line {
    /// The first line with anything in it from the line that starts at `start` on. `None` if a byte on the way is
    /// neither printable ASCII nor a line feed, or if the line ends the document or may stand before it.
    pub(super) fn from(bytes: &[u8], mut start: usize, before: Trail) -> Option<Self> {
        while start < bytes.len() {
            let first = word(bytes, start);
            let (break_at, hash) = scan(bytes, start, first)?;
            let content = start + column(bytes, start, first);
            let byte = bytes.get(content).copied().unwrap_or(b'\n');
            if matches!(byte, b'\n' | b'#') {
                start = break_at + 1;
                continue;
            }
            let mut end = break_at;
            while bytes.get(end - 1) == Some(&b' ') {
                end -= 1;
            }
            if content == start && ends_document(bytes.get(start..break_at)?) {
                return None;
            }
            let column = i32::try_from(content - start).ok()?;
            let dash = byte == b'-' && (content + 1 == end || bytes.get(content + 1) == Some(&b' '));
            return Some(Self {
                start,
                end,
                next: (break_at + 1).min(bytes.len()),
                column,
                dash,
                hash,
                before,
            });
        }
        let end = bytes.len();
        Some(Self { start: end, end, next: end, column: -1, dash: false, hash: 0, before })
    }

    /// Where its first character is that is no space.
    pub(super) fn content(&self) -> usize {
        self.start + usize::try_from(self.column).unwrap_or(0)
    }

    /// What was read up to its end.
    pub(super) fn after(&self) -> Trail {
        self.before.then(self.hash)
    }
}

/// Where the line at `start` ends, and its hash. `None` for a byte that is not read.
pub(super) fn row(bytes: &[u8], start: usize) -> Option<(usize, u64)> {
    scan(bytes, start, word(bytes, start))
}

/// The hash of bytes.
pub(super) fn hash(bytes: &[u8]) -> u64 {
    (0..bytes.len()).step_by(8).fold(0, |hash, at| mix(hash, word(bytes, at)))
}

#[inline]
fn mix(hash: u64, word: u64) -> u64 {
    (hash.rotate_left(5) ^ word).wrapping_mul(MIX)
}

/// Whether a line that is not indented ends the document or may stand before it.
pub(super) fn ends_document(line: &[u8]) -> bool {
    matches!(line, [b'%', ..] | [b'-', b'-', b'-', ..] | [b'.', b'.', b'.', ..])
}

/// How many spaces there are from `start`, where `first` are the first eight bytes.
#[inline]
fn column(bytes: &[u8], start: usize, first: u64) -> usize {
    let (mut at, mut spaces) = (start, blanks(first));
    while spaces == 8 {
        at += 8;
        spaces = blanks(word(bytes, at));
    }
    at - start + spaces
}

/// How many of eight bytes are spaces, from the first one on.
#[inline]
fn blanks(word: u64) -> usize {
    (word ^ SPACES).trailing_zeros() as usize / 8
}

/// [`row`], eight bytes at a time, where `word` are the first eight.
#[inline]
fn scan(bytes: &[u8], start: usize, mut word: u64) -> Option<(usize, u64)> {
    let (mut at, mut hash) = (start, 0_u64);
    loop {
        // Bytes below a space, above a tilde, or above ASCII; carries reach only bytes behind one that is marked.
        let marked = (word.wrapping_sub(SPACES) & !word | word.wrapping_add(ONES) | word) & TOPS;
        if marked != 0 {
            let shift = marked.trailing_zeros() & !7;
            let rest = word & ((1 << shift) - 1);
            return ((word >> shift) as u8 == b'\n').then(|| (at + shift as usize / 8, mix(hash, rest)));
        }
        hash = mix(hash, word);
        at += 8;
        word = self::word(bytes, at);
    }
}

/// Eight bytes from `at`; line feeds beyond the end.
#[inline]
fn word(bytes: &[u8], at: usize) -> u64 {
    match bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        Some(eight) => u64::from_le_bytes(*eight),
        None => last_word(bytes, at),
    }
}

#[cold]
fn last_word(bytes: &[u8], at: usize) -> u64 {
    let mut eight = [b'\n'; 8];
    let rest = bytes.get(at..).unwrap_or_default();
    eight.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    u64::from_le_bytes(eight)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[u8]) -> Option<Vec<Line>> {
        let mut lines = vec![Line::from(text, 0, Trail::default())?];
        while let Some(line) = lines.last().filter(|line| line.column >= 0) {
            lines.push(Line::from(text, line.next, line.after())?);
        }
        Some(lines)
    }

    #[test]
    fn lines_know_their_indentation_and_blank_lines_and_comments_are_none() {
        let found = lines(b"a:  \n\n  - b\n   # c\n  -\n    -x\n            y").unwrap();
        let shown: Vec<_> = found.iter().map(|l| (l.start, l.column, l.end, l.dash)).collect();
        let want =
            [(0, 0, 2, false), (6, 2, 11, true), (19, 2, 22, true), (23, 4, 29, false), (30, 12, 43, false)];
        assert_eq!(shown, [&want[..], &[(43, -1, 43, false)]].concat());
    }

    #[test]
    fn every_byte_is_looked_at() {
        for at in 0..20 {
            for bad in [0, 9, b'\r', 0x1F, 0x7F, 0x80, 0xFF] {
                let mut text = [b'a'; 20];
                text[at] = bad;
                assert!(lines(&text).is_none(), "{bad} at {at}");
                text[at] = b'\n';
                assert!(lines(&text).is_some());
            }
        }
    }

    #[test]
    fn the_same_lines_have_the_same_hash_wherever_they_stand() {
        let text = b"x\n- a: 1\n\n  b: 2\ny: 1\n- a: 1\n  b: 2\n- a: 1\n  b: 3\n";
        let found = lines(text).unwrap();
        let hash = |from: usize, to: usize| found[to].before.since(found[from].before).unwrap();
        assert_eq!(hash(1, 3), hash(4, 6));
        assert_ne!(hash(1, 3), hash(6, 8));
    }

    #[test]
    fn what_may_end_or_begin_a_document_is_not_read() {
        for text in ["--- a\n", "a: 1\n...\n", "%YAML 1.1\n"] {
            assert!(lines(text.as_bytes()).is_none());
        }
        assert!(lines(b" ---\n").is_some());
    }
}
