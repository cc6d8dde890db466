//! Oneofs: in Go the field of a message holds a pointer to a wrapper struct with one field; in the tree the
//! member lies in the message itself.

use std::collections::HashMap;
use std::sync::LazyLock;

use pillion_govalue::types::table;
use pillion_govalue::{Field, Kind, TypeRef, Value};

use crate::value::Val;

/// A member of a oneof, or none of them: what Go keeps in the message's field of interface type.
#[derive(Debug)]
pub struct OneofField {
    /// The member that is set; `None` for a nil interface.
    pub field: Option<&'static Field>,
    /// Go's name of the pointer to the wrapper: `*v1alpha1.ProxyConfig_ServiceCluster`.
    pub type_name: String,
    /// Go's name of the interface: `v1alpha1.isProxyConfig_ClusterName`.
    pub interface: String,
}

/// By message and the oneof's Go name: nothing set, and then its members.
static ONEOFS: LazyLock<HashMap<(&'static str, &'static str), Vec<OneofField>>> = LazyLock::new(|| {
    let mut all: HashMap<_, Vec<OneofField>> = HashMap::new();
    for ty in table() {
        let Kind::Message(fields) = ty.kind else { continue };
        let (package, message) = ty.name.split_once('.').unwrap_or(("", ty.name));
        for field in fields.iter().filter(|f| !f.oneof.is_empty()) {
            let interface = format!("{package}.is{message}_{}", field.oneof);
            let members = all.entry((ty.name, field.oneof)).or_default();
            if members.is_empty() {
                let type_name = String::from("<nil>");
                members.push(OneofField { field: None, type_name, interface: interface.clone() });
            }
            let type_name = format!("*{}_{}", ty.name, field.go);
            members.push(OneofField { field: Some(field), type_name, interface });
        }
    }
    all
});

/// What the oneof that Go keeps in the field `name` of message `ty` may hold.
pub(crate) fn oneof_by_interface(ty: TypeRef, name: &str) -> Option<&'static [OneofField]> {
    // A lookup by a borrowed pair needs the static name that the table has.
    let name = ty.fields().iter().find(|f| f.oneof == name)?.oneof;
    ONEOFS.get(&(ty.name(), name)).map(Vec::as_slice)
}

/// The wrapper that `node` has set.
pub(crate) fn oneof_wrapper<'v>(node: &'v Value<'v>, members: &'static [OneofField]) -> Val<'v> {
    let is_set =
        |m: &&OneofField| m.field.is_some_and(|field| node.get(field.json).is_some_and(|v| !v.is_null()));
    members.iter().find(is_set).or(members.first()).map_or_else(Val::nil, |m| Val::Oneof(node, m))
}

/// `GetX` of a oneof.
pub(super) fn get<'v>(receiver: &Val<'v>, message: TypeRef, interface: &'static str) -> Val<'v> {
    static NULL: Value<'static> = Value::Null;
    let node = receiver.tree().map_or(&NULL, |(node, _)| node);
    oneof_by_interface(message, interface).map_or_else(Val::nil, |members| oneof_wrapper(node, members))
}
