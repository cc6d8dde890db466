//! The lines of a text that hold anything, each with its indentation and with a hash of all that lies before it,
//! so that the hash of any run of lines costs two operations. Knows bytes that [`quick`](super) does not read.
//! Never: what a line means.

/// The odd constant of the hash, of bits without pattern.
const MIX: u64 = 0x9E37_79B9_7F4A_7C15;
const ONES: u64 = u64::MAX / 0xFF;
const TOPS: u64 = ONES << 7;

/// A run of more lines than this has no hash.
pub(super) const MOST_ROWS: usize = 255;

/// Powers of [`MIX`].
const POWERS: [u64; MOST_ROWS + 1] = {
    let mut powers = [1_u64; MOST_ROWS + 1];
    let mut at = 1;
    while at <= MOST_ROWS {
        powers[at] = powers[at - 1].wrapping_mul(MIX);
        at += 1;
    }
    powers
};

/// A line that is neither blank nor a comment by its looks. (Inside a block scalar looks mean nothing.)
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    start: u32,
    end: u32,
    row: u32,
    /// How many spaces the line begins with; -1 for what stands behind the last line.
    pub(super) column: i32,
    /// Whether it begins as an item of a list does: `-` alone, or with a space behind.
    pub(super) dash: bool,
    before: u64,
}

impl Line {
    /// Where the line starts.
    pub(super) fn start(&self) -> usize {
        self.start as usize
    }

    /// Where its first character is that is no space.
    pub(super) fn content(&self) -> usize {
        self.start as usize + usize::try_from(self.column).unwrap_or(0)
    }

    /// Behind its last character that is no space.
    pub(super) fn end(&self) -> usize {
        self.end as usize
    }

    /// The hash of the lines from `self` up to and without `end`, blank ones and comments among them.
    pub(super) fn hash_to(&self, end: &Self) -> Option<u64> {
        let power = POWERS.get((end.row - self.row) as usize)?;
        let hash = end.before.wrapping_sub(self.before.wrapping_mul(*power)).wrapping_mul(MIX);
        Some(hash ^ hash >> 32)
    }
}

/// The lines of `bytes`, and one behind the last. `None` if a byte is neither printable ASCII nor a line feed, or
/// if a line ends the document or may stand before it.
pub(super) fn lines(bytes: &[u8]) -> Option<Vec<Line>> {
    let size = u32::try_from(bytes.len()).ok()?;
    let mut lines = Vec::with_capacity(bytes.len() / 20 + 2);
    let (mut start, mut row, mut before) = (0, 0, 0_u64);
    while start < bytes.len() {
        let first = word(bytes, start);
        let (break_at, hash) = line(bytes, start, first)?;
        let content = start + column(bytes, start, first);
        let byte = bytes.get(content).copied().unwrap_or(b'\n');
        if !matches!(byte, b'\n' | b'#') {
            let mut end = break_at;
            while bytes.get(end - 1) == Some(&b' ') {
                end -= 1;
            }
            let column = (content - start) as i32;
            if column == 0 && ends_document(bytes.get(start..break_at)?) {
                return None;
            }
            let dash = byte == b'-' && (content + 1 == end || bytes.get(content + 1) == Some(&b' '));
            lines.push(Line { start: start as u32, end: end as u32, row, column, dash, before });
        }
        before = before.wrapping_mul(MIX).wrapping_add(hash);
        row += 1;
        start = break_at + 1;
    }
    lines.push(Line { start: size, end: size, row, column: -1, dash: false, before });
    Some(lines)
}

/// Whether a line that is not indented ends the document or may stand before it.
fn ends_document(line: &[u8]) -> bool {
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
    (word ^ ONES * 0x20).trailing_zeros() as usize / 8
}

/// Where the line at `start` ends, and its hash. Eight bytes at a time; `None` for a byte that is not read.
#[inline]
fn line(bytes: &[u8], start: usize, mut word: u64) -> Option<(usize, u64)> {
    let (mut at, mut hash) = (start, 0_u64);
    let mix = |hash: u64, word: u64| (hash.rotate_left(5) ^ word).wrapping_mul(MIX);
    loop {
        // Bytes below a space, above a tilde, or above ASCII; carries reach only bytes behind one that is marked.
        let marked = (word.wrapping_sub(ONES * 0x20) & !word | word.wrapping_add(ONES) | word) & TOPS;
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

    #[test]
    fn lines_know_their_indentation_and_blank_lines_and_comments_are_none() {
        let found = lines(b"a:  \n\n  - b\n   # c\n  -\n    -x").unwrap();
        let shown: Vec<_> = found.iter().map(|l| (l.start(), l.column, l.end(), l.dash)).collect();
        assert_eq!(
            shown,
            [(0, 0, 2, false), (6, 2, 11, true), (19, 2, 22, true), (23, 4, 29, false), (29, -1, 29, false)]
        );
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
        let text = b"x\n- a: 1\n\n  b: 2\ny: 1\n- a: 1\n\n  b: 2\n- a: 1\n  b: 2\n";
        let found = lines(text).unwrap();
        let hash = |from: usize, to: usize| found[from].hash_to(&found[to]).unwrap();
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
