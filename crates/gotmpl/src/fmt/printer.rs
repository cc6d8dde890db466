//! Printing one value under a verb, as Go's `fmt` does: methods first, then by kind.

use pillion_govalue::types::KNOWN;
use pillion_govalue::{Kind, TypeRef, Value};

use super::number::Integer;
use super::writer::Writer;
use crate::methods::{Inside, Text, insides, stringer};
use crate::value::{Bytes, GoKind, MAX_NESTING, Val, read};

pub(super) struct Printer {
    pub(super) w: Writer,
    /// Inside `%!verb(type=…)`, where methods are not asked.
    erroring: bool,
}

impl Printer {
    pub(super) const fn new(w: Writer) -> Self {
        Self { w, erroring: false }
    }

    /// Prints an argument: the top of a value.
    pub(super) fn arg(&mut self, v: &Val<'_>, verb: char) {
        if v.is_untyped_nil() {
            match verb {
                'T' | 'v' => self.w.pad(b"<nil>"),
                _ => self.bad_verb(v, verb),
            }
            return;
        }
        match verb {
            'T' => self.w.string(v.type_name().as_bytes()),
            'p' => self.pointer(v, verb),
            _ if self.method(v, verb) => {}
            _ => self.value(v, verb, 0),
        }
    }

    /// Prints through the value's `String` method, if it has one and the verb takes strings.
    fn method(&mut self, v: &Val<'_>, verb: char) -> bool {
        if self.erroring
            || matches!(v, Val::Str(..) | Val::Bool(_) | Val::Float(_) | Val::List(_) | Val::Dict(_))
        {
            return false;
        }
        if verb == 'w' {
            // An error where Go has one; nothing in a template is.
            self.bad_verb(v, verb);
            return true;
        }
        if self.w.flags.sharp_v || !matches!(verb, 'v' | 's' | 'x' | 'X' | 'q') {
            return false;
        }
        match stringer(v) {
            None => return false,
            Some(Text::Of(text)) => self.string(text.as_bytes(), verb, v),
            // The method has panicked on a nil: `fmt` says so, unformatted.
            Some(Text::Panicked) => self.w.write(b"<nil>"),
        }
        true
    }

    fn value(&mut self, v: &Val<'_>, verb: char, depth: u32) {
        if depth > MAX_NESTING {
            self.w.full = true;
            return;
        }
        if self.w.full || (depth > 0 && self.method(v, verb)) {
            return;
        }
        match v {
            Val::Invalid => self.w.write(b"<nil>"),
            Val::Nil(ty) if *ty == KNOWN.any => {
                self.w.write(if self.w.flags.sharp_v { b"interface {}(nil)" } else { b"<nil>" });
            }
            Val::Bool(b) => match verb {
                't' | 'v' => self.w.pad(if *b { b"true" } else { b"false" }),
                _ => self.bad_verb(v, verb),
            },
            Val::Int(i, _) => self.integer((*i).into(), verb, v),
            Val::Uint(u, _) => self.integer((*u).into(), verb, v),
            Val::Float(f) => self.float(*f, verb, v),
            Val::Complex(re, im) => self.complex(*re, *im, verb, v),
            Val::Str(s, _) => self.string(s, verb, v),
            Val::List(l) => self.list(l.ty(), l.items().iter().cloned(), verb, depth),
            Val::Dict(d) => self.map(d.ty(), d.entries(), verb, depth),
            Val::Object(o) => match o.string() {
                Some(text) => self.string(text.as_bytes(), verb, v),
                None => self.w.write(b"{}"),
            },
            Val::Oneof(node, member) => match member.field {
                None => self.w.write(b"<nil>"),
                Some(field) if depth == 0 => {
                    self.w.write(b"&{");
                    self.named(field.go);
                    self.value(&read(node.get(field.json), field.ty), verb, depth + 1);
                    self.w.write(b"}");
                }
                Some(_) => self.pointer(v, verb),
            },
            Val::Nil(_) | Val::Typed(..) => self.typed(v, verb, depth),
        }
    }

    fn typed(&mut self, v: &Val<'_>, verb: char, depth: u32) {
        match v.kind() {
            GoKind::Slice | GoKind::Map if self.w.flags.sharp_v && v.is_nil() => {
                self.w.write(v.type_name().as_bytes());
                self.w.write(b"(nil)");
            }
            GoKind::Slice => {
                self.list(v.ty().unwrap_or(KNOWN.list_any), v.items().into_iter().flatten(), verb, depth)
            }
            GoKind::Map => {
                self.map(v.ty().unwrap_or(KNOWN.map_any), v.entries().unwrap_or_default(), verb, depth);
            }
            GoKind::Ptr if depth == 0 && !v.is_nil() => {
                let to = v.deref();
                if matches!(to.kind(), GoKind::Struct | GoKind::Slice | GoKind::Map) {
                    self.w.write(b"&");
                    self.value(&to, verb, depth + 1);
                } else {
                    self.pointer(v, verb);
                }
            }
            GoKind::Ptr => self.pointer(v, verb),
            _ => match v {
                Val::Typed(node, ty) => self.structure(node, *ty, verb, depth),
                _ => self.w.write(b"<nil>"),
            },
        }
    }

    fn structure<'v>(&mut self, node: &'v Value<'v>, ty: TypeRef, verb: char, depth: u32) {
        if self.w.flags.sharp_v {
            self.w.write(ty.name().as_bytes());
        }
        self.w.write(b"{");
        if let Some(fields) = insides(node, ty) {
            self.insides(fields, verb, depth);
            return;
        }
        for (i, field) in ty.fields().iter().enumerate() {
            if i > 0 {
                self.w.write(if self.w.flags.sharp_v { b", " } else { b" " });
            }
            self.named(field.go);
            // An embedded struct lies in the same object.
            let value = if field.json.is_empty() { Some(node) } else { node.get(field.json) };
            self.value(&read(value, field.ty), verb, depth + 1);
        }
        self.w.write(b"}");
    }

    /// The fields of a type that the table has as a scalar, the closing brace included.
    fn insides<'v>(&mut self, fields: Vec<Inside<'v>>, verb: char, depth: u32) {
        let mut first = true;
        for field in fields {
            if !std::mem::take(&mut first) {
                self.w.write(if self.w.flags.sharp_v { b", " } else { b" " });
            }
            match field {
                Inside::Value(name, value) => {
                    self.named(name);
                    self.value(&value, verb, depth + 1);
                }
                Inside::Struct(name, ty, inner) => {
                    self.named(name);
                    if self.w.flags.sharp_v {
                        self.w.write(ty.as_bytes());
                    }
                    self.w.write(b"{");
                    self.insides(inner, verb, depth + 1);
                }
                Inside::NilPointer(name, ty) => {
                    self.named(name);
                    self.nil_pointer(ty, verb);
                }
            }
        }
        self.w.write(b"}");
    }

    fn nil_pointer(&mut self, ty: &str, verb: char) {
        match verb {
            'v' if self.w.flags.sharp_v => self.w.write(format!("({ty})(nil)").as_bytes()),
            'v' => self.w.pad(b"<nil>"),
            'b' | 'o' | 'd' | 'x' | 'X' => self.w.integer(0_u64.into(), base_of(verb), verb),
            _ => {
                self.w.write(format!("%!{verb}({ty}=").as_bytes());
                self.w.pad(b"<nil>");
                self.w.write(b")");
            }
        }
    }

    fn named(&mut self, name: &str) {
        if self.w.flags.plus_v || self.w.flags.sharp_v {
            self.w.write(name.as_bytes());
            self.w.write(b":");
        }
    }

    fn list<'v>(&mut self, ty: TypeRef, items: impl Iterator<Item = Val<'v>>, verb: char, depth: u32) {
        let sharp = self.w.flags.sharp_v;
        if sharp {
            self.w.write(ty.name().as_bytes());
        }
        self.w.write(if sharp { b"{" } else { b"[" });
        for (i, item) in items.enumerate() {
            if i > 0 {
                self.w.write(if sharp { b", " } else { b" " });
            }
            if self.w.full {
                return;
            }
            self.value(&item, verb, depth + 1);
        }
        self.w.write(if sharp { b"}" } else { b"]" });
    }

    fn map<'v>(&mut self, ty: TypeRef, entries: Vec<(Bytes<'v>, Val<'v>)>, verb: char, depth: u32) {
        let sharp = self.w.flags.sharp_v;
        let key_type = match ty.kind() {
            Kind::Map(key, _) => key,
            _ => KNOWN.string,
        };
        if sharp {
            self.w.write(ty.name().as_bytes());
            self.w.write(b"{");
        } else {
            self.w.write(b"map[");
        }
        for (i, (key, item)) in entries.into_iter().enumerate() {
            if i > 0 {
                self.w.write(if sharp { b", " } else { b" " });
            }
            if self.w.full {
                return;
            }
            self.value(&Val::Str(key, key_type), verb, depth + 1);
            self.w.write(b":");
            self.value(&item, verb, depth + 1);
        }
        self.w.write(if sharp { b"}" } else { b"]" });
    }

    fn integer(&mut self, n: Integer, verb: char, v: &Val<'_>) {
        let base = match verb {
            'v' if self.w.flags.sharp_v && matches!(v, Val::Uint(..)) => {
                let sharp = std::mem::replace(&mut self.w.flags.sharp, true);
                self.w.integer(n, 16, verb);
                self.w.flags.sharp = sharp;
                return;
            }
            'v' | 'd' => 10,
            'b' => 2,
            'o' | 'O' => 8,
            'x' | 'X' => 16,
            'c' => return self.w.character(n),
            'q' => return self.w.quoted_character(n),
            'U' => return self.w.unicode(n),
            _ => return self.bad_verb(v, verb),
        };
        self.w.integer(n, base, verb);
    }

    fn float(&mut self, f: f64, verb: char, v: &Val<'_>) {
        match verb {
            'v' | 'b' | 'g' | 'G' | 'x' | 'X' | 'f' | 'F' | 'e' | 'E' => self.w.float(f, verb),
            _ => self.bad_verb(v, verb),
        }
    }

    fn complex(&mut self, re: f64, im: f64, verb: char, v: &Val<'_>) {
        if !matches!(verb, 'v' | 'b' | 'g' | 'G' | 'x' | 'X' | 'f' | 'F' | 'e' | 'E') {
            return self.bad_verb(v, verb);
        }
        self.w.write(b"(");
        self.w.float(re, verb);
        let plus = std::mem::replace(&mut self.w.flags.plus, true);
        self.w.float(im, verb);
        self.w.flags.plus = plus;
        self.w.write(b"i)");
    }

    fn string(&mut self, s: &[u8], verb: char, v: &Val<'_>) {
        match verb {
            'v' if self.w.flags.sharp_v => self.w.quoted(s),
            'v' | 's' => self.w.string(s),
            'x' | 'X' => self.w.hex(s, verb == 'X'),
            'q' => self.w.quoted(s),
            _ => self.bad_verb(v, verb),
        }
    }

    /// A pointer as a number. Go prints an address, which is another one each time; a template that prints one
    /// can expect nothing, and gets always the same.
    fn pointer(&mut self, v: &Val<'_>, verb: char) {
        const ADDRESS: u64 = 0xc0_0000_0000;
        if !matches!(v.kind(), GoKind::Ptr | GoKind::Map | GoKind::Slice) {
            return self.bad_verb(v, verb);
        }
        let address = if v.is_nil() { 0 } else { ADDRESS };
        match verb {
            'v' if self.w.flags.sharp_v => {
                let target = if address == 0 { String::from("nil") } else { format!("{address:#x}") };
                self.w.write(format!("({})({target})", v.type_name()).as_bytes());
            }
            'v' if address == 0 => self.w.pad(b"<nil>"),
            'v' | 'p' => {
                let sharp = self.w.flags.sharp;
                self.w.flags.sharp = !sharp;
                self.w.integer(address.into(), 16, 'v');
                self.w.flags.sharp = sharp;
            }
            'b' | 'o' | 'd' | 'x' | 'X' => self.w.integer(address.into(), base_of(verb), verb),
            _ => self.bad_verb(v, verb),
        }
    }

    /// `%!verb(type=value)`.
    fn bad_verb(&mut self, v: &Val<'_>, verb: char) {
        let outer = std::mem::replace(&mut self.erroring, true);
        self.w.write(b"%!");
        self.w.write(verb.encode_utf8(&mut [0; 4]).as_bytes());
        self.w.write(b"(");
        if v.is_untyped_nil() {
            self.w.write(b"<nil>");
        } else {
            self.w.write(v.type_name().as_bytes());
            self.w.write(b"=");
            // A verb that does not fit cannot recurse: `v` fits everything.
            self.value(v, 'v', 0);
        }
        self.w.write(b")");
        self.erroring = outer;
    }
}

const fn base_of(verb: char) -> u32 {
    match verb {
        'b' => 2,
        'o' => 8,
        'x' | 'X' => 16,
        _ => 10,
    }
}

/// Whether a type's values are strings, for the spaces of `print`.
pub(super) fn is_string(v: &Val<'_>) -> bool {
    matches!(v, Val::Str(..)) || v.ty().is_some_and(|ty| matches!(ty.kind(), Kind::String) && !v.is_nil())
}
