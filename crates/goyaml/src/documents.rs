//! A stream cut into its documents. Knows separators, directives and comments, nothing else; what lies between
//! the documents stays with the caller.

use std::ops::Range;

/// A document of a stream: text that [`parse`](crate::parse) reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document<'t> {
    /// Its text, from the line behind the separator (or from behind the `---` where the document begins on that
    /// line) to the next separator. Has comments and blank lines around the content, and directives before it.
    pub text: &'t str,
    /// Where in the stream that is, in bytes.
    pub range: Range<usize>,
    /// The line, from 1, on which it starts.
    pub line: usize,
}

/// The documents of a stream that hold anything but white space and comments.
///
/// A line `---` or `...` separates wherever it stands in the first column: YAML lets it stand there inside no
/// scalar. Behind `---` a document may begin on the same line. A directive belongs to the document behind it.
#[must_use]
pub fn documents(text: &str) -> Vec<Document<'_>> {
    let mut found = Vec::new();
    let mut chunk = Chunk { start: 0, line: 1, content: false, directives: false };
    let mut close = |chunk: &Chunk, end: usize| {
        if chunk.content || chunk.directives {
            let text = text.get(chunk.start..end).unwrap_or("");
            found.push(Document { text, range: chunk.start..end, line: chunk.line });
        }
    };
    let mut at = 0;
    let mut number = 0;
    while at < text.len() {
        number += 1;
        let line = first_line(&text[at..]);
        let end = at + line.len();
        match Line::of(if at == 0 { line.trim_start_matches('\u{feff}') } else { line }) {
            // Whatever follows belongs to these directives, be it nothing.
            Line::Start { .. } if chunk.directives && !chunk.content => chunk.content = true,
            Line::Start { content } => {
                close(&chunk, at);
                let (start, line) = if content { (at + 3, number) } else { (end, number + 1) };
                chunk = Chunk { start, line, content, directives: false };
            }
            Line::End => {
                close(&chunk, at);
                chunk = Chunk { start: end, line: number + 1, content: false, directives: false };
            }
            Line::Directive if !chunk.content => chunk.directives = true,
            Line::Directive | Line::Content => chunk.content = true,
            Line::Nothing => {}
        }
        at = end;
    }
    close(&chunk, text.len());
    found
}

/// What has been seen since the last separator.
struct Chunk {
    start: usize,
    line: usize,
    content: bool,
    directives: bool,
}

/// What one line is, by its first characters.
enum Line {
    /// `---`, and whether a document begins behind it.
    Start {
        content: bool,
    },
    /// `...`
    End,
    /// `%`
    Directive,
    /// Blank, or a comment.
    Nothing,
    Content,
}

impl Line {
    fn of(line: &str) -> Self {
        let nothing = |text: &str| {
            let text = text.trim_start();
            text.is_empty() || text.starts_with('#')
        };
        let separator = |mark: &str| {
            let rest = line.strip_prefix(mark)?;
            rest.chars().next().is_none_or(char::is_whitespace).then_some(rest)
        };
        if let Some(rest) = separator("---") {
            Self::Start { content: !nothing(rest) }
        } else if separator("...").is_some() {
            Self::End
        } else if line.starts_with('%') {
            Self::Directive
        } else if nothing(line) {
            Self::Nothing
        } else {
            Self::Content
        }
    }
}

/// The first line of `text`, with its line break: CR LF, LF or CR.
fn first_line(text: &str) -> &str {
    let end = match text.bytes().position(|b| matches!(b, b'\n' | b'\r')) {
        Some(at) if text[at..].starts_with("\r\n") => at + 2,
        Some(at) => at + 1,
        None => text.len(),
    };
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(stream: &str) -> Vec<(usize, &str)> {
        let found = documents(stream);
        for document in &found {
            assert_eq!(&stream[document.range.clone()], document.text);
        }
        found.into_iter().map(|document| (document.line, document.text)).collect()
    }

    #[test]
    fn separators_cut_and_comments_alone_are_no_document() {
        let stream = "# head\n---\na: 1\n--- # second\n# c\nb: 2\n---\n\n---\n# only a comment\n";
        assert_eq!(texts(stream), [(3, "a: 1\n"), (5, "# c\nb: 2\n")]);
        assert_eq!(texts("a: 1"), [(1, "a: 1")]);
        assert_eq!(texts(""), []);
        assert_eq!(texts("---\n---\n"), []);
    }

    #[test]
    fn dashes_inside_a_block_scalar_do_not_cut() {
        let stream = "a: |\n  ---\n  x\n --- y\n---- z\n---x\n";
        assert_eq!(texts(stream), [(1, stream)]);
    }

    #[test]
    fn windows_and_old_mac_line_ends_cut_too() {
        assert_eq!(texts("a: 1\r\n---\r\nb: 2\r\n"), [(1, "a: 1\r\n"), (3, "b: 2\r\n")]);
        assert_eq!(texts("a: 1\r---\rb: 2\r"), [(1, "a: 1\r"), (3, "b: 2\r")]);
        assert_eq!(texts("\u{feff}---\na: 1\n"), [(2, "a: 1\n")]);
    }

    #[test]
    fn a_document_may_begin_behind_its_separator() {
        assert_eq!(texts("--- {a: 1}\n--- |\n x\n"), [(1, " {a: 1}\n"), (2, " |\n x\n")]);
    }

    #[test]
    fn directives_belong_to_the_document_behind_them() {
        let stream = "%YAML 1.1\n---\na: 1\n...\nb: 2\n...\n%YAML 1.1\n--- c\n";
        assert_eq!(texts(stream), [(1, "%YAML 1.1\n---\na: 1\n"), (5, "b: 2\n"), (7, "%YAML 1.1\n--- c\n")]);
        assert_eq!(texts("a: 1\n%b: 2\n"), [(1, "a: 1\n%b: 2\n")]);
        assert_eq!(texts("%TAG\n"), [(1, "%TAG\n")]);
    }
}
