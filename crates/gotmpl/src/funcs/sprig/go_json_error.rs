//! What Go's JSON scanner says of a text that is no JSON: the wording reaches people through templates that use
//! `mustFromJson`. Only a judge: values come from govalue's parser.

/// Depth from which Go gives up.
const MAX_DEPTH: usize = 10_000;

/// Go's complaint; `None` for a text that Go's grammar admits.
pub(super) fn complaint(text: &[u8]) -> Option<String> {
    Scanner { text, at: 0 }.document().err()
}

#[derive(Clone, Copy, PartialEq)]
enum Open {
    Object,
    Array,
}

/// What may come next.
#[derive(Clone, Copy)]
enum Next {
    Value,
    ValueOrEnd,
    Key,
    KeyOrEnd,
    Colon,
    AfterValue,
}

struct Scanner<'t> {
    text: &'t [u8],
    at: usize,
}

type Step<T> = Result<T, String>;

impl Scanner<'_> {
    fn document(&mut self) -> Step<()> {
        let mut open: Vec<Open> = Vec::new();
        let mut next = Next::Value;
        loop {
            while matches!(self.text.get(self.at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
                self.at += 1;
            }
            if matches!(next, Next::AfterValue) && open.is_empty() {
                return match self.text.get(self.at) {
                    None => Ok(()),
                    Some(_) => Err(self.invalid("after top-level value")),
                };
            }
            let Some(&b) = self.text.get(self.at) else { return Err(END.into()) };
            next = match (next, b) {
                (Next::ValueOrEnd, b']') | (Next::KeyOrEnd, b'}') => self.close(&mut open),
                (Next::Value | Next::ValueOrEnd, b'{') => {
                    self.open(&mut open, Open::Object, Next::KeyOrEnd)?
                }
                (Next::Value | Next::ValueOrEnd, b'[') => {
                    self.open(&mut open, Open::Array, Next::ValueOrEnd)?
                }
                (Next::Value | Next::ValueOrEnd, _) => self.scalar(b)?,
                (Next::Key | Next::KeyOrEnd, b'"') => {
                    self.string()?;
                    Next::Colon
                }
                (Next::Key | Next::KeyOrEnd, _) => {
                    return Err(self.invalid("looking for beginning of object key string"));
                }
                (Next::Colon, b':') => self.past(Next::Value),
                (Next::Colon, _) => return Err(self.invalid("after object key")),
                (Next::AfterValue, _) => match (open.last(), b) {
                    (Some(Open::Object), b',') => self.past(Next::Key),
                    (Some(Open::Array), b',') => self.past(Next::Value),
                    (Some(Open::Object), b'}') | (Some(Open::Array), b']') => self.close(&mut open),
                    (Some(Open::Object), _) => return Err(self.invalid("after object key:value pair")),
                    _ => return Err(self.invalid("after array element")),
                },
            };
        }
    }

    fn past(&mut self, next: Next) -> Next {
        self.at += 1;
        next
    }

    fn open(&mut self, open: &mut Vec<Open>, what: Open, next: Next) -> Step<Next> {
        if open.len() >= MAX_DEPTH {
            return Err("exceeded max depth".into());
        }
        open.push(what);
        Ok(self.past(next))
    }

    fn close(&mut self, open: &mut Vec<Open>) -> Next {
        open.pop();
        self.past(Next::AfterValue)
    }

    fn scalar(&mut self, first: u8) -> Step<Next> {
        match first {
            b'"' => self.string()?,
            b'-' | b'0'..=b'9' => self.number()?,
            b't' => self.word("true")?,
            b'f' => self.word("false")?,
            b'n' => self.word("null")?,
            _ => return Err(self.invalid("looking for beginning of value")),
        }
        Ok(Next::AfterValue)
    }

    fn word(&mut self, word: &str) -> Step<()> {
        for expected in word.chars() {
            match self.text.get(self.at) {
                Some(b) if char::from(*b) == expected => self.at += 1,
                _ => return Err(self.invalid(&format!("in literal {word} (expecting '{expected}')"))),
            }
        }
        Ok(())
    }

    fn digits(&mut self) -> usize {
        let count = self.text[self.at..].iter().take_while(|b| b.is_ascii_digit()).count();
        self.at += count;
        count
    }

    /// One or more digits, or a complaint about what stands there instead.
    fn some_digits(&mut self, context: &str) -> Step<()> {
        if self.digits() > 0 {
            return Ok(());
        }
        Err(self.invalid(context))
    }

    fn number(&mut self) -> Step<()> {
        self.at += usize::from(self.text[self.at] == b'-');
        if self.text.get(self.at) == Some(&b'0') {
            self.at += 1;
        } else {
            self.some_digits("in numeric literal")?;
        }
        if self.text.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.some_digits("after decimal point in numeric literal")?;
        }
        if matches!(self.text.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.text.get(self.at), Some(b'+' | b'-')));
            self.some_digits("in exponent of numeric literal")?;
        }
        Ok(())
    }

    fn string(&mut self) -> Step<()> {
        self.at += 1;
        loop {
            match self.text.get(self.at) {
                None => return Err(END.into()),
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => self.escape()?,
                Some(..=0x1f) => return Err(self.invalid("in string literal")),
                Some(_) => self.at += 1,
            }
        }
    }

    fn escape(&mut self) -> Step<()> {
        self.at += 1;
        match self.text.get(self.at) {
            Some(b'b' | b'f' | b'n' | b'r' | b't' | b'\\' | b'/' | b'"') => self.at += 1,
            Some(b'u') => {
                self.at += 1;
                for _ in 0..4 {
                    match self.text.get(self.at) {
                        Some(b) if b.is_ascii_hexdigit() => self.at += 1,
                        _ => return Err(self.invalid("in \\u hexadecimal character escape")),
                    }
                }
            }
            _ => return Err(self.invalid("in string escape code")),
        }
        Ok(())
    }

    /// At the end Go feeds its scanner a blank, which is what it then complains about inside a word or number.
    fn invalid(&self, context: &str) -> String {
        let b = self.text.get(self.at).copied().unwrap_or(b' ');
        let quoted = match b {
            b'\'' => String::from("\\'"),
            b'"' => String::from("\""),
            // Go takes the byte for a rune, so that the first byte of an é shows as Ã.
            _ => {
                let quoted = crate::fmt::quote::quote(char::from(b).encode_utf8(&mut [0; 4]).as_bytes());
                String::from(&quoted[1..quoted.len() - 1])
            }
        };
        format!("invalid character '{quoted}' {context}")
    }
}

const END: &str = "unexpected end of JSON input";

/// The text with every half of a surrogate pair that stands alone replaced by U+FFFD, as Go reads it.
pub(super) fn without_lone_surrogates(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let unit = |at: &str| -> Option<u32> {
        at.strip_prefix("\\u").and_then(|hex| hex.get(..4)).and_then(|hex| u32::from_str_radix(hex, 16).ok())
    };
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let width = match unit(rest) {
            Some(0xd800..=0xdbff) if matches!(unit(&rest[6..]), Some(0xdc00..=0xdfff)) => 12,
            Some(0xd800..=0xdfff) => {
                out.push_str("\\ufffd");
                rest = &rest[6..];
                continue;
            }
            _ => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
        };
        out.push_str(&rest[..width]);
        rest = &rest[width..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_are_gos() {
        for (text, want) in [
            ("", END),
            ("{", END),
            ("x", "invalid character 'x' looking for beginning of value"),
            ("{\"a\" 1}", "invalid character '1' after object key"),
            ("{\"a\":1 2}", "invalid character '2' after object key:value pair"),
            ("{a}", "invalid character 'a' looking for beginning of object key string"),
            ("[1 2]", "invalid character '2' after array element"),
            ("1 2", "invalid character '2' after top-level value"),
            ("01", "invalid character '1' after top-level value"),
            ("-x", "invalid character 'x' in numeric literal"),
            ("1.x", "invalid character 'x' after decimal point in numeric literal"),
            ("1ex", "invalid character 'x' in exponent of numeric literal"),
            ("nul", "invalid character ' ' in literal null (expecting 'l')"),
            ("-", "invalid character ' ' in numeric literal"),
            ("\"\\", "invalid character ' ' in string escape code"),
            ("trux", "invalid character 'x' in literal true (expecting 'e')"),
            ("\"\\x\"", "invalid character 'x' in string escape code"),
            ("\"\n\"", "invalid character '\\n' in string literal"),
            ("\"\\u00g0\"", "invalid character 'g' in \\u hexadecimal character escape"),
            ("'a'", "invalid character '\\'' looking for beginning of value"),
            ("é", "invalid character 'Ã' looking for beginning of value"),
        ] {
            assert_eq!(complaint(text.as_bytes()).as_deref(), Some(want), "{text}");
        }
        for text in ["{}", "[]", " [1, -0.5e+3, {\"a\": [null, true, false]}] ", "\"\\ud800\"", "1e999"] {
            assert_eq!(complaint(text.as_bytes()), None, "{text}");
        }
        assert_eq!(complaint(&[b'['; 20_000]).as_deref(), Some("exceeded max depth"));
    }

    #[test]
    fn lone_surrogates_are_replaced_and_pairs_kept() {
        assert_eq!(
            without_lone_surrogates(r#"\ud800x\ud83d\ude00\\ud800\udc00é"#),
            r#"\ufffdx\ud83d\ude00\\ud800\ufffdé"#
        );
    }
}
