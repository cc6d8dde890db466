//! The table itself: built once from the schema files and the rows that no schema file has.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::build::Builder;
use super::{Type, TypeRef};

struct Table {
    rows: &'static [Type],
    names: HashMap<&'static str, TypeRef>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut builder = Builder::default();
    builder.scalars();
    builder.pod_schema(include_str!("../../schema/pod.json"));
    builder.proto_schema(include_str!("../../schema/mesh.json"));
    builder.proto_schema(include_str!("../../schema/resources.json"));
    builder.proto_schema(include_str!("../../schema/values.json"));
    builder.template_data();
    let (rows, names) = builder.finish();
    Table { rows, names }
});

/// All rows; [`TypeRef`] is an index into them.
#[inline]
#[must_use]
pub fn table() -> &'static [Type] {
    TABLE.rows
}

/// The type that Go prints as `name` (`*v1.Probe`, `[]v1.Container`), if a field of the table has it.
#[must_use]
pub fn named(name: &str) -> Option<TypeRef> {
    TABLE.names.get(name).copied()
}

/// As [`named`], for names that the table is known to have; an unknown one stands for `interface {}`, and a test
/// asks for each, so that none is unknown.
pub(super) fn must(name: &str) -> TypeRef {
    named(name).unwrap_or(TypeRef(0))
}
