//! Methods of Go types that templates can call: getters of messages, `String` of everything that has one, and
//! what the special scalars (quantities, durations, times, wrappers) know to do.
//! Never: fields (see `access`), functions, or coercing arguments.

mod field_order;
mod generated;
mod insides;
mod messages;
mod oneof;
mod scalars;
mod text;

use pillion_govalue::types::KNOWN;
use pillion_govalue::{Kind, TypeRef};

use crate::funcs::{Cx, Fault, Param};
use crate::value::Val;

pub(crate) use insides::{Inside, insides};
pub use oneof::OneofField;
pub(crate) use oneof::{oneof_by_interface, oneof_wrapper};
pub(crate) use scalars::{nanos, seconds, wrapped};
pub(crate) use text::{Text, addressed_string, stringer};

/// A method of a value: what it takes, and the code.
pub(crate) struct Method {
    pub(crate) params: &'static [Param],
    pub(crate) run: Code,
}

/// How a method is run on its receiver.
pub(crate) enum Code {
    /// Plain code on the receiver.
    Plain(for<'v> fn(&Val<'v>, &[Val<'v>]) -> Val<'v>),
    /// The getter of a message's field.
    Getter(&'static pillion_govalue::Field),
    /// The getter of a oneof: the wrapper that is set.
    OneofGetter(&'static str),
    /// `GetX` and the like of ObjectMeta: the field of that Go name.
    Field(&'static str),
    /// A method of an object, by name.
    Object,
    /// A method that Go has and a template cannot call, with Go's complaint about it.
    Useless(&'static str),
}

impl Method {
    /// Whether the receiver checks the arguments itself: objects do.
    pub(crate) const fn takes_any(&self) -> bool {
        matches!(self.run, Code::Object)
    }

    /// Go's complaint about a method that no template can call.
    pub(crate) const fn useless(&self) -> Option<&'static str> {
        match self.run {
            Code::Useless(why) => Some(why),
            _ => None,
        }
    }

    /// The type of an argument.
    pub(crate) fn param(&self, at: usize) -> Param {
        self.params.get(at).copied().unwrap_or(Param::Any)
    }

    const fn plain(run: for<'v> fn(&Val<'v>, &[Val<'v>]) -> Val<'v>) -> Self {
        Self { params: &[], run: Code::Plain(run) }
    }

    const fn of(run: Code) -> Self {
        Self { params: &[], run }
    }
}

/// The method `name` of `value`. `addressable` says whether Go could take the value's address, which methods of
/// pointer receivers need.
pub(crate) fn find(value: &Val<'_>, name: &str, addressable: bool) -> Option<Method> {
    // Exported names only; most lookups of a map's key end here.
    if !name.starts_with(|c: char| c.is_ascii_uppercase()) {
        return None;
    }
    match value {
        // Which methods an object has shows when one is called.
        Val::Object(_) => Some(Method::of(Code::Object)),
        Val::Oneof(..) | Val::Invalid => None,
        _ => {
            let ty = value.ty()?;
            of_type(ty.deref(), name, matches!(ty.kind(), Kind::Ptr(_)), addressable)
        }
    }
}

fn of_type(ty: TypeRef, name: &str, pointer: bool, addressable: bool) -> Option<Method> {
    let by_pointer = pointer || addressable;
    match ty.kind() {
        Kind::Enum(_) => messages::enum_method(name),
        Kind::Message(_) => by_pointer.then(|| messages::message_method(ty, name)).flatten(),
        Kind::Duration => by_pointer.then(|| scalars::duration_message(name)).flatten(),
        Kind::Wrapper(_) => by_pointer.then(|| scalars::wrapper(name)).flatten(),
        Kind::StructPb => (by_pointer && name == "AsMap").then(|| Method::plain(scalars::struct_as_map)),
        Kind::Quantity => by_pointer.then(|| scalars::quantity(name)).flatten(),
        Kind::IntOrString => by_pointer.then(|| scalars::int_or_string(name)).flatten(),
        Kind::Time => scalars::time(name),
        Kind::Int64 if ty == KNOWN.duration => scalars::duration(name),
        Kind::Map(key, _) if key.name() == "v1.ResourceName" => {
            by_pointer.then(|| scalars::resource_list(name)).flatten()
        }
        Kind::Struct(_) => struct_method(ty, name, by_pointer),
        Kind::String if ty.name() == "v1.ResourceName" => {
            (name == "String").then(|| Method::plain(|v, _| Val::string(v.to_bytes())))
        }
        _ => None,
    }
}

fn struct_method(ty: TypeRef, name: &str, by_pointer: bool) -> Option<Method> {
    if ty.name() == "types.NamespacedName" {
        return (name == "String").then(|| Method::plain(text::string_of));
    }
    if !by_pointer {
        return None;
    }
    if name == "String" && generated::has_string(ty) {
        return Some(Method::plain(text::string_of));
    }
    if ty == KNOWN.object_meta {
        let field = name.strip_prefix("Get")?;
        return ty.fields().iter().find(|f| f.go == field).map(|f| Method::of(Code::Field(f.go)));
    }
    None
}

/// Runs a method found by [`find`]; `None` if an object has none of this name.
pub(crate) fn call<'v>(
    cx: &Cx<'v>,
    method: &Method,
    receiver: &Val<'v>,
    name: &str,
    args: &[Val<'v>],
) -> Option<Result<Val<'v>, Fault>> {
    Some(match method.run {
        // A method of the value needs one; `*Time` has an IsZero of its own that takes a nil.
        Code::Plain(_) if text::panics_on_nil(receiver) && name != "IsZero" => Err(Fault::nil_dereference()),
        Code::Plain(run) => Ok(run(receiver, args)),
        Code::Getter(field) => Ok(messages::get(receiver, field)),
        Code::OneofGetter(interface) => Ok(match receiver.ty() {
            Some(ty) => oneof::get(receiver, ty.deref(), interface),
            None => Val::Invalid,
        }),
        Code::Field(field) => Ok(crate::access::struct_field(receiver, field).unwrap_or(Val::Invalid)),
        Code::Useless(_) => Ok(Val::Invalid),
        Code::Object => match receiver {
            Val::Object(o) => match o.call(cx, name, args) {
                Some(result) => result,
                None => Ok(Val::string(o.string().filter(|_| name == "String")?)),
            },
            _ => Ok(Val::Invalid),
        },
    })
}
