//! The table of Go types: every type reachable from `corev1.Pod`, from Istio's `MeshConfig`, and from the data
//! that Istio gives its templates. A row says how Go names the type, what kind it is, and its fields with their
//! Go, JSON and protobuf names in declaration order.
//!
//! It serves field access in templates, `%T`, encoding in Go's order, the check of a pod, merge keys and jsonpb.
//! The facts are `schema/{pod,mesh,resources,values}.json`, printed by reflection from the real Go types.
//! Never: values. This module knows what may be, not what is.

mod build;
mod names;
mod table;

pub use table::{named, table};

use std::fmt;
use std::sync::LazyLock;

use names::Names;

/// A row of the table. Two references are equal exactly when Go would say the types are identical.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TypeRef(pub(crate) u16);

impl TypeRef {
    /// The row.
    #[must_use]
    #[inline]
    pub fn get(self) -> &'static Type {
        &table()[usize::from(self.0)]
    }

    /// The kind of the type: short for `self.get().kind`.
    #[must_use]
    #[inline]
    pub fn kind(self) -> Kind {
        self.get().kind
    }

    /// Go's name of the type, as `%T` prints it: `*v1.PodSpec`, `map[string]interface {}`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.get().name
    }

    /// For a pointer what it points to, for anything else itself.
    #[must_use]
    #[inline]
    pub fn deref(self) -> Self {
        match self.kind() {
            Kind::Ptr(to) => to,
            _ => self,
        }
    }
}

impl std::ops::Deref for TypeRef {
    type Target = Type;
    #[inline]
    fn deref(&self) -> &Type {
        self.get()
    }
}

impl fmt::Debug for TypeRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One Go type.
#[derive(Debug)]
pub struct Type {
    /// Go's name, as `%T` prints it.
    pub name: &'static str,
    /// What it is made of.
    pub kind: Kind,
    /// Fields by JSON name, embedded structs' fields included (empty unless a struct or message).
    pub(crate) by_json: Names,
    /// Fields by Go name, promoted ones included.
    pub(crate) by_go: Names,
    /// Fields by protobuf name (messages only).
    pub(crate) by_proto: Names,
}

/// What a type is made of. Scalars with rules of their own (quantities, times) are kinds of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `interface {}`.
    Any,
    /// `bool`.
    Bool,
    /// `int`.
    Int,
    /// `int32`.
    Int32,
    /// `int64`.
    Int64,
    /// `uint8`.
    Uint8,
    /// `uint32`.
    Uint32,
    /// `uint64`.
    Uint64,
    /// `float64`.
    Float64,
    /// `complex128`.
    Complex128,
    /// `string` or a type whose underlying type is string (`v1.Protocol`).
    String,
    /// `resource.Quantity`: JSON string or number.
    Quantity,
    /// `intstr.IntOrString`: JSON string or integer.
    IntOrString,
    /// `v1.Time`: RFC 3339 string or null.
    Time,
    /// `v1.FieldsV1`: any JSON, kept raw.
    FieldsV1,
    /// `durationpb.Duration`; in a tree the canonical jsonpb text, `"1.500s"`.
    Duration,
    /// `wrapperspb.BoolValue` and its like; in a tree the bare scalar.
    Wrapper(TypeRef),
    /// `structpb.Struct`; in a tree plain JSON.
    StructPb,
    /// A protobuf enum: names and numbers. In a tree the name, or the number where it has no name.
    Enum(&'static [(&'static str, i32)]),
    /// A Go struct, fields in declaration order; an embedded struct is one field with an empty JSON name.
    Struct(&'static [Field]),
    /// A protobuf message, fields in `.proto` declaration order.
    Message(&'static [Field]),
    /// A pointer.
    Ptr(TypeRef),
    /// A slice.
    List(TypeRef),
    /// A map: key type, element type.
    Map(TypeRef, TypeRef),
}

/// One field of a struct or message.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// Go's field name.
    pub go: &'static str,
    /// The JSON name; empty for an embedded struct.
    pub json: &'static str,
    /// The protobuf name; empty for Go structs.
    pub proto: &'static str,
    /// The field's type.
    pub ty: TypeRef,
    /// Whether `encoding/json` leaves a zero value out (structs are never zero to it).
    pub omitempty: bool,
    /// The protobuf oneof it belongs to, by Go's name; empty for none.
    pub oneof: &'static str,
    /// How a strategic merge patch treats the field.
    pub patch: Patch,
}

/// The `patchStrategy` and `patchMergeKey` tags of a field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Patch {
    /// Strategy `merge`: lists are merged instead of replaced.
    pub merge: bool,
    /// Strategy `retainKeys`.
    pub retain_keys: bool,
    /// The field of the items by which they are merged; `None` for lists of scalars.
    pub merge_key: Option<&'static str>,
}

impl Type {
    /// The field with this JSON name, also one of an embedded struct.
    #[must_use]
    #[inline]
    pub fn field_by_json(&self, name: &str) -> Option<&'static Field> {
        self.by_json.get(name)
    }

    /// The field that `encoding/json` reads a member into: the exact name, else the first that differs in case only.
    #[must_use]
    pub fn field_by_json_fold(&self, name: &str) -> Option<&'static Field> {
        fn find(fields: &'static [Field], name: &str) -> Option<&'static Field> {
            fields.iter().find_map(|f| match f.json {
                "" => find(f.ty.get().fields(), name),
                json => folds(json, name).then_some(f),
            })
        }
        self.field_by_json(name).or_else(|| find(self.fields(), name))
    }

    /// The field with this Go name, also a promoted one. An embedded struct lies in the same JSON object.
    #[must_use]
    pub fn field_by_go(&self, name: &str) -> Option<&'static Field> {
        self.by_go.get(name)
    }

    /// The field with this protobuf name.
    #[must_use]
    pub fn field_by_proto(&self, name: &str) -> Option<&'static Field> {
        self.by_proto.get(name)
    }

    /// Fields in declaration order; an embedded struct is one field. Empty unless a struct or message.
    #[must_use]
    pub const fn fields(&self) -> &'static [Field] {
        match self.kind {
            Kind::Struct(fields) | Kind::Message(fields) => fields,
            _ => &[],
        }
    }
}

/// Whether a name differs from an ASCII one in case only, as Unicode folds it: the long s and the sign of the Kelvin are
/// letters of ASCII then.
fn folds(json: &str, name: &str) -> bool {
    let plain = |c: char| match c {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        c => c.to_ascii_lowercase(),
    };
    json.len() <= name.len() && json.chars().map(plain).eq(name.chars().map(plain))
}

macro_rules! known {
    ($($(#[$doc:meta])* $name:ident = $go:literal),+ $(,)?) => {
        /// Types that code asks for by name.
        #[derive(Debug)]
        pub struct Known { $($(#[$doc])* pub $name: TypeRef),+ }
        /// The types that code asks for by name.
        pub static KNOWN: LazyLock<Known> = LazyLock::new(|| Known { $($name: table::must($go)),+ });
    };
}

known! {
    /// `interface {}`.
    any = "interface {}",
    /// `bool`.
    bool = "bool",
    /// `int`.
    int = "int",
    /// `int32`.
    int32 = "int32",
    /// `int64`.
    int64 = "int64",
    /// `uint32`.
    uint32 = "uint32",
    /// `uint64`.
    uint64 = "uint64",
    /// `float64`.
    float64 = "float64",
    /// `complex128`.
    complex128 = "complex128",
    /// `string`.
    string = "string",
    /// `[]interface {}`.
    list_any = "[]interface {}",
    /// `[]string`.
    list_string = "[]string",
    /// `[]int`.
    list_int = "[]int",
    /// `[]uint8`.
    bytes = "[]uint8",
    /// `[][]interface {}`.
    list_list_any = "[][]interface {}",
    /// `map[string]interface {}`.
    map_any = "map[string]interface {}",
    /// `map[string]string`.
    map_string = "map[string]string",
    /// `time.Duration`.
    duration = "time.Duration",
    /// `v1.Pod`.
    pod = "v1.Pod",
    /// `v1.PodSpec`.
    pod_spec = "v1.PodSpec",
    /// `v1.ObjectMeta`.
    object_meta = "v1.ObjectMeta",
    /// `v1.Container`.
    container = "v1.Container",
    /// `resource.Quantity`.
    quantity = "resource.Quantity",
    /// `*v1alpha1.MeshConfig`.
    mesh_config = "*v1alpha1.MeshConfig",
    /// `*v1alpha1.ProxyConfig`.
    proxy_config = "*v1alpha1.ProxyConfig",
    /// `*v1beta1.ProxyConfig`: the spec of a ProxyConfig resource.
    proxy_config_spec = "*v1beta1.ProxyConfig",
    /// `*apis.Values`: the values of Istio's charts, as the injector checks them.
    values = "*apis.Values",
    /// `*inject.SidecarTemplateData`: what Istio's templates run against.
    template_data = "*inject.SidecarTemplateData",
}

#[cfg(test)]
mod tests;
