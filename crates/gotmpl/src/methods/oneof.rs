//! Oneofs: in Go the field of a message holds a pointer to a wrapper struct with one field; in the tree the
//! member lies in the message itself.

use std::collections::HashMap;
use std::sync::LazyLock;

use pillion_govalue::types::table;
use pillion_govalue::{Field, Kind, TypeRef, Value};

use crate::value::Val;

/// A member of a oneof, with the name of its wrapper.
#[derive(Debug)]
pub struct OneofField {
    /// The member.
    pub field: &'static Field,
    /// Go's name of the pointer to the wrapper: `*v1alpha1.ProxyConfig_ServiceCluster`.
    pub type_name: String,
}

/// By message and the oneof's Go name: its members.
static ONEOFS: LazyLock<HashMap<(&'static str, &'static str), Vec<OneofField>>> = LazyLock::new(|| {
    let mut all: HashMap<_, Vec<OneofField>> = HashMap::new();
    for ty in table() {
        let Kind::Message(fields) = ty.kind else { continue };
        for field in fields.iter().filter(|f| !f.oneof.is_empty()) {
            let type_name = format!("*{}_{}", ty.name, field.go);
            all.entry((ty.name, field.oneof)).or_default().push(OneofField { field, type_name });
        }
    }
    all
});

/// The members of the oneof that Go keeps in the field `name` of message `ty`.
pub(crate) fn oneof_by_interface(ty: TypeRef, name: &str) -> Option<&'static [OneofField]> {
    // A lookup by a borrowed pair needs the static name that the table has.
    let name = ty.fields().iter().find(|f| f.oneof == name)?.oneof;
    ONEOFS.get(&(ty.name(), name)).map(Vec::as_slice)
}

/// The wrapper that `node` has set.
pub(crate) fn oneof_wrapper<'v>(node: &'v Value<'v>, members: &'static [OneofField]) -> Val<'v> {
    members
        .iter()
        .find(|m| node.get(m.field.json).is_some_and(|v| !v.is_null()))
        .map_or_else(Val::nil, |m| Val::Oneof(node, m))
}

/// `GetX` of a oneof.
pub(super) fn get<'v>(receiver: &Val<'v>, interface: &'static str) -> Val<'v> {
    match receiver {
        Val::Typed(node, ty) => oneof_by_interface(ty.deref(), interface)
            .map_or_else(Val::nil, |members| oneof_wrapper(node, members)),
        _ => Val::nil(),
    }
}
