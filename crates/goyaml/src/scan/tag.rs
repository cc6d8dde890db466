//! Directives, tags, anchors and aliases.

use std::borrow::Cow;

use super::{Kind, Scan, Scanner};

impl<'t> Scanner<'t> {
    pub(super) fn fetch_directive(&mut self) -> Scan<()> {
        self.unroll(-1);
        self.drop_key()?;
        self.key_allowed = false;
        let mark = self.cursor.mark;
        self.cursor.skip_ascii(1);
        let name = self.name();
        if name.is_empty() {
            return Err(self.fault("could not find expected directive name"));
        }
        if !self.cursor.is_blankz(0) {
            return Err(self.fault("found unexpected non-alphabetical character"));
        }
        let kind = match name {
            "YAML" => self.version()?,
            "TAG" => self.tag_directive()?,
            _ => return Err(self.fault("found unknown directive name")),
        };
        self.cursor.skip_blanks();
        self.cursor.skip_comment();
        if !self.cursor.is_breakz(0) {
            return Err(self.fault("did not find expected comment or line break"));
        }
        self.cursor.take_break();
        self.push(kind, mark);
        Ok(())
    }

    fn name(&mut self) -> &'t str {
        let start = self.cursor.pos;
        while self.cursor.is_name() {
            self.cursor.skip_ascii(1);
        }
        self.cursor.since(start)
    }

    fn version(&mut self) -> Scan<Kind<'t>> {
        self.cursor.skip_blanks();
        let major = self.version_number()?;
        if self.cursor.at(0) != b'.' {
            return Err(self.fault("did not find expected digit or '.' character"));
        }
        self.cursor.skip_ascii(1);
        Ok(Kind::Version(major, self.version_number()?))
    }

    fn version_number(&mut self) -> Scan<u8> {
        let start = self.cursor.pos;
        while self.cursor.at(0).is_ascii_digit() {
            if self.cursor.pos - start == 2 {
                return Err(self.fault("found extremely long version number"));
            }
            self.cursor.skip_ascii(1);
        }
        self.cursor.since(start).parse().map_err(|_| self.fault("did not find expected version number"))
    }

    fn tag_directive(&mut self) -> Scan<Kind<'t>> {
        self.cursor.skip_blanks();
        let handle = self.tag_handle()?;
        if handle != "!" && !handle.ends_with('!') {
            return Err(self.fault("did not find expected '!'"));
        }
        if !self.cursor.is_blank(0) {
            return Err(self.fault("did not find expected whitespace"));
        }
        self.cursor.skip_blanks();
        let prefix = self.tag_uri("")?;
        if !self.cursor.is_blankz(0) {
            return Err(self.fault("did not find expected whitespace or line break"));
        }
        Ok(Kind::TagDirective(Box::new((Cow::Borrowed(handle), prefix))))
    }

    pub(super) fn fetch_anchor(&mut self, alias: bool) -> Scan<()> {
        self.save_key()?;
        self.key_allowed = false;
        let mark = self.cursor.mark;
        self.cursor.skip_ascii(1);
        let name = self.name();
        let ends = matches!(self.cursor.at(0), b'?' | b':' | b',' | b']' | b'}' | b'%' | b'@' | b'`');
        if name.is_empty() || !(ends || self.cursor.is_blankz(0)) {
            return Err(self.fault("did not find expected alphabetic or numeric character"));
        }
        self.push(if alias { Kind::Alias(name) } else { Kind::Anchor(name) }, mark);
        Ok(())
    }

    /// `!<uri>`, `!handle!suffix`, `!suffix` or `!`.
    pub(super) fn fetch_tag(&mut self) -> Scan<()> {
        self.save_key()?;
        self.key_allowed = false;
        let mark = self.cursor.mark;
        let (handle, suffix) = if self.cursor.at(1) == b'<' {
            self.cursor.skip_ascii(2);
            let uri = self.tag_uri("")?;
            if self.cursor.at(0) != b'>' {
                return Err(self.fault("did not find the expected '>'"));
            }
            self.cursor.skip_ascii(1);
            ("", uri)
        } else {
            let handle = self.tag_handle()?;
            if handle.len() > 1 && handle.ends_with('!') {
                (handle, self.tag_uri("")?)
            } else {
                match self.tag_uri(handle)? {
                    suffix if suffix.is_empty() => ("", Cow::Borrowed("!")),
                    suffix => ("!", suffix),
                }
            }
        };
        if !self.cursor.is_blankz(0) {
            return Err(self.fault("did not find expected whitespace or line break"));
        }
        self.push(Kind::Tag(Box::new((Cow::Borrowed(handle), suffix))), mark);
        Ok(())
    }

    /// `!`, `!name` or `!name!`.
    fn tag_handle(&mut self) -> Scan<&'t str> {
        if self.cursor.at(0) != b'!' {
            return Err(self.fault("did not find expected '!'"));
        }
        let start = self.cursor.pos;
        self.cursor.skip_ascii(1);
        self.name();
        if self.cursor.at(0) == b'!' {
            self.cursor.skip_ascii(1);
        }
        Ok(self.cursor.since(start))
    }

    /// A URI, behind a `head` that was read as a handle: of that, all but the `!` belongs to it.
    fn tag_uri(&mut self, head: &'t str) -> Scan<Cow<'t, str>> {
        let mut uri = Vec::from(head.get(1..).unwrap_or("").as_bytes());
        let before = self.cursor.pos;
        loop {
            match self.cursor.at(0) {
                b'%' => self.uri_escape(&mut uri)?,
                b if b.is_ascii_alphanumeric() || b"_-;/?:@&=+$,.!~*'()[]".contains(&b) => {
                    uri.push(b);
                    self.cursor.skip_ascii(1);
                }
                _ => break,
            }
        }
        if head.is_empty() && self.cursor.pos == before {
            return Err(self.fault("did not find expected tag URI"));
        }
        Ok(Cow::Owned(String::from_utf8_lossy(&uri).into_owned()))
    }

    /// One character written as `%xx`, once for each of its bytes.
    fn uri_escape(&mut self, uri: &mut Vec<u8>) -> Scan<()> {
        let mut left = 0;
        loop {
            let digit = |at| char::from(self.cursor.at(at)).to_digit(16);
            let octet = match (self.cursor.at(0), digit(1), digit(2)) {
                (b'%', Some(high), Some(low)) => (high << 4 | low) as u8,
                _ => return Err(self.fault("did not find URI escaped octet")),
            };
            if left == 0 {
                left = match octet {
                    0..=0x7F => 1,
                    b if b & 0xE0 == 0xC0 => 2,
                    b if b & 0xF0 == 0xE0 => 3,
                    b if b & 0xF8 == 0xF0 => 4,
                    _ => return Err(self.fault("found an incorrect leading UTF-8 octet")),
                };
            } else if octet & 0xC0 != 0x80 {
                return Err(self.fault("found an incorrect trailing UTF-8 octet"));
            }
            uri.push(octet);
            self.cursor.skip_ascii(3);
            left -= 1;
            if left == 0 {
                return Ok(());
            }
        }
    }
}
