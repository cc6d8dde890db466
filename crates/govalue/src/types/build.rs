//! Reads the schema files into rows. A schema file is a fact of the build, not input: a fault in it shows in the
//! tests of this module, and here only as a row of kind `Any`.

use std::collections::HashMap;

use super::{Field, Kind, Names, Patch, Type, TypeRef};
use crate::{Value, parse};

#[derive(Default)]
pub(super) struct Builder {
    names: Vec<&'static str>,
    kinds: Vec<Option<Kind>>,
    index: HashMap<&'static str, TypeRef>,
}

impl Builder {
    /// Rows that need no schema; `interface {}` is row 0.
    pub(super) fn scalars(&mut self) {
        for (name, kind) in [
            ("interface {}", Kind::Any),
            ("bool", Kind::Bool),
            ("int", Kind::Int),
            ("int32", Kind::Int32),
            ("int64", Kind::Int64),
            ("uint8", Kind::Uint8),
            ("uint32", Kind::Uint32),
            ("uint64", Kind::Uint64),
            ("float64", Kind::Float64),
            ("complex128", Kind::Complex128),
            ("string", Kind::String),
            ("resource.Quantity", Kind::Quantity),
            ("intstr.IntOrString", Kind::IntOrString),
            ("v1.Time", Kind::Time),
            ("v1.FieldsV1", Kind::FieldsV1),
            ("durationpb.Duration", Kind::Duration),
            ("structpb.Struct", Kind::StructPb),
            // What functions of templates give back.
            ("time.Duration", Kind::Int64),
            // What printing shows of the insides of quantities and of IntOrString.
            ("resource.Scale", Kind::Int32),
            ("resource.Format", Kind::String),
            ("intstr.Type", Kind::Int64),
        ] {
            self.define(name, kind);
        }
        for (name, inner) in [
            ("wrapperspb.BoolValue", "bool"),
            ("wrapperspb.Int32Value", "int32"),
            ("wrapperspb.Int64Value", "int64"),
            ("wrapperspb.UInt32Value", "uint32"),
        ] {
            let inner = self.intern(inner);
            self.define(name, Kind::Wrapper(inner));
        }
        for name in [
            "[]interface {}",
            "[]string",
            "[]int",
            "[]uint8",
            "[][]interface {}",
            "map[string]interface {}",
            "map[string]string",
        ] {
            self.go_type(name);
        }
    }

    /// `pod.json`: struct name → fields of Go structs.
    pub(super) fn pod_schema(&mut self, text: &'static str) {
        for (name, fields) in entries(text) {
            let fields: Vec<Field> = items(&fields).map(|f| self.go_field(f)).collect();
            let name = go_struct_name(&name);
            self.define(&name, Kind::Struct(fields.leak()));
        }
    }

    /// `mesh.json`, `resources.json`, `values.json`: message name → fields of protobuf messages.
    pub(super) fn proto_schema(&mut self, text: &'static str) {
        for (name, fields) in entries(text) {
            let fields: Vec<Field> = items(&fields).map(|f| self.proto_field(f)).collect();
            let name = proto_go_name(&name);
            self.define(&name, Kind::Message(fields.leak()));
            self.go_type(&format!("*{name}"));
        }
    }

    /// The root of Istio's templates: `SidecarTemplateData` of pkg/kube/inject (newest form, see templates.md 1.3).
    pub(super) fn template_data(&mut self) {
        let spec = [("Namespace", "string"), ("Name", "string")];
        self.plain_struct("types.NamespacedName", &spec);
        self.plain_struct(
            "inject.SidecarTemplateData",
            &[
                ("TypeMeta", "v1.TypeMeta"),
                ("DeploymentMeta", "types.NamespacedName"),
                ("ObjectMeta", "v1.ObjectMeta"),
                ("Spec", "v1.PodSpec"),
                ("ProxyConfig", "*v1alpha1.ProxyConfig"),
                ("MeshConfig", "*v1alpha1.MeshConfig"),
                ("Values", "map[string]interface {}"),
                ("Revision", "string"),
                ("NativeSidecars", "bool"),
                ("ProxyImage", "string"),
                ("ProxyInitImage", "string"),
                ("ProxyUID", "int64"),
                ("ProxyGID", "int64"),
                ("InboundTrafficPolicyMode", "string"),
                ("CompliancePolicy", "string"),
                // None of Istio's: what a profile of our own declares.
                ("Settings", "map[string]interface {}"),
            ],
        );
        self.go_type("*inject.SidecarTemplateData");
    }

    /// A struct whose JSON names are its Go names.
    fn plain_struct(&mut self, name: &'static str, fields: &[(&'static str, &'static str)]) {
        let fields: Vec<Field> = fields
            .iter()
            .map(|&(go, ty)| Field {
                go,
                json: go,
                proto: "",
                ty: self.go_type(ty),
                omitempty: false,
                oneof: "",
                patch: Patch::default(),
            })
            .collect();
        self.define(name, Kind::Struct(fields.leak()));
    }

    fn go_field(&mut self, f: &Value<'static>) -> Field {
        let strategy = text(f, "patchStrategy");
        Field {
            go: text(f, "go"),
            json: text(f, "json"),
            proto: "",
            ty: {
                let name = qualify(text(f, "type"));
                self.go_type(&name)
            },
            omitempty: f.get("omitempty").and_then(Value::as_bool).unwrap_or_default(),
            oneof: "",
            patch: Patch {
                merge: strategy.split(',').any(|s| s == "merge"),
                retain_keys: strategy.split(',').any(|s| s == "retainKeys"),
                merge_key: Some(text(f, "patchMergeKey")).filter(|k| !k.is_empty()),
            },
        }
    }

    fn proto_field(&mut self, f: &Value<'static>) -> Field {
        let mut name = proto_type(text(f, "type"));
        if let Some(values) = f.get("values").and_then(Value::as_list) {
            let values: Vec<(&'static str, i32)> = values
                .iter()
                .filter_map(|v| {
                    let Value::Str(crate::Str::Borrowed(s)) = v else { return None };
                    let (name, number) = s.split_once('=')?;
                    Some((name, number.parse().ok()?))
                })
                .collect();
            self.define(&name, Kind::Enum(values.leak()));
        }
        if f.get("list").is_some() {
            name = format!("[]{name}");
        }
        Field {
            go: text(f, "go"),
            json: text(f, "json"),
            proto: text(f, "proto"),
            ty: self.go_type(&name),
            omitempty: true,
            oneof: text(f, "oneof"),
            patch: Patch::default(),
        }
    }

    /// The row of a Go type expression, made with its parts where it is new.
    fn go_type(&mut self, name: &str) -> TypeRef {
        let kind = if let Some(to) = name.strip_prefix('*') {
            Some(Kind::Ptr(self.go_type(to)))
        } else if let Some(item) = name.strip_prefix("[]") {
            Some(Kind::List(self.go_type(item)))
        } else if let Some((key, item)) = name.strip_prefix("map[").and_then(|m| m.split_once(']')) {
            Some(Kind::Map(self.go_type(key), self.go_type(item)))
        } else {
            None
        };
        // `Protocol(string)`: a name over a scalar; the table keeps the name without the bracket.
        if let (None, Some(name)) = (kind, name.strip_suffix("(string)")) {
            return self.define(name, Kind::String);
        }
        let printed = match name.replace("(string)", "") {
            // The only map type of the API with a name of its own.
            map if map == "map[v1.ResourceName]resource.Quantity" => String::from("v1.ResourceList"),
            printed => printed,
        };
        match kind {
            Some(kind) => self.define(&printed, kind),
            None => self.intern(&printed),
        }
    }

    fn define(&mut self, name: &str, kind: Kind) -> TypeRef {
        let at = self.intern(name);
        self.kinds[usize::from(at.0)].get_or_insert(kind);
        at
    }

    fn intern(&mut self, name: &str) -> TypeRef {
        if let Some(&at) = self.index.get(name) {
            return at;
        }
        #[allow(clippy::cast_possible_truncation, reason = "some six hundred rows")]
        let at = TypeRef(self.names.len() as u16);
        let name: &'static str = String::from(name).leak();
        self.names.push(name);
        self.kinds.push(None);
        self.index.insert(name, at);
        at
    }

    pub(super) fn finish(self) -> (&'static [Type], HashMap<&'static str, TypeRef>) {
        let kinds: Vec<Kind> = self.kinds.into_iter().map(|k| k.unwrap_or(Kind::Any)).collect();
        let rows: Vec<Type> = self
            .names
            .iter()
            .zip(&kinds)
            .map(|(&name, &kind)| {
                let mut row = Type {
                    name,
                    kind,
                    by_json: Names::default(),
                    by_go: Names::default(),
                    by_proto: Names::default(),
                };
                register(&mut row, kind, &kinds, 0);
                row
            })
            .collect();
        (rows.leak(), self.index)
    }
}

/// Enters the fields of `kind` into the row's indexes, outer fields before those of embedded structs.
fn register(row: &mut Type, kind: Kind, kinds: &[Kind], depth: usize) {
    let (Kind::Struct(fields) | Kind::Message(fields)) = kind else { return };
    if depth > 3 {
        return;
    }
    for f in fields {
        row.by_go.enter(f.go, f);
        if !f.json.is_empty() {
            row.by_json.enter(f.json, f);
        }
        if !f.proto.is_empty() {
            row.by_proto.enter(f.proto, f);
        }
    }
    for f in fields.iter().filter(|f| f.json.is_empty()) {
        register(row, kinds[usize::from(f.ty.0)], kinds, depth + 1);
    }
}

fn entries(text: &'static str) -> Vec<(String, Value<'static>)> {
    match parse(text.as_bytes()) {
        Ok(Value::Map(map)) => map.iter().map(|(k, v)| (String::from(k.as_str()), v.clone())).collect(),
        _ => Vec::new(),
    }
}

fn items<'v>(fields: &'v Value<'static>) -> impl Iterator<Item = &'v Value<'static>> {
    fields.as_list().unwrap_or_default().iter()
}

/// The string member `key`, borrowed from the schema's text where it has no escapes, else kept for good.
fn text(f: &Value<'static>, key: &str) -> &'static str {
    match f.get(key) {
        Some(Value::Str(crate::Str::Borrowed(s))) => s,
        Some(Value::Str(crate::Str::Shared(s))) => String::from(&**s).leak(),
        _ => "",
    }
}

/// `*Probe` → `*v1.Probe`: the schema leaves package names out.
fn qualify(ty: &str) -> String {
    if let Some(to) = ty.strip_prefix('*') {
        return format!("*{}", qualify(to));
    }
    if let Some(item) = ty.strip_prefix("[]") {
        return format!("[]{}", qualify(item));
    }
    if let Some((key, item)) = ty.strip_prefix("map[").and_then(|m| m.split_once(']')) {
        return format!("map[{}]{}", qualify(key), qualify(item));
    }
    if ty.starts_with(|c: char| c.is_ascii_lowercase()) { String::from(ty) } else { go_struct_name(ty) }
}

fn go_struct_name(name: &str) -> String {
    let package = match name {
        "Quantity" => "resource",
        "IntOrString" => "intstr",
        "UID(string)" => "types",
        _ => "v1",
    };
    format!("{package}.{name}")
}

/// A protobuf type as Go writes it in a field: messages behind a pointer.
fn proto_type(ty: &str) -> String {
    if let Some((key, item)) =
        ty.strip_prefix("map<").and_then(|m| m.strip_suffix('>')).and_then(|m| m.split_once(','))
    {
        return format!("map[{key}]{}", proto_type(item));
    }
    match ty {
        "double" => String::from("float64"),
        _ if ty.starts_with("enum ") => proto_go_name(&ty[5..]),
        // Any JSON; the table has no use for protobuf's own type around it.
        "google.protobuf.Value" => String::from("interface {}"),
        "istio.operator.v1alpha1.IntOrString" => String::from("intstr.IntOrString"),
        _ if ty.contains('.') => format!("*{}", proto_go_name(ty)),
        _ => String::from(ty),
    }
}

/// `istio.mesh.v1alpha1.ProxyConfig.ProxyHeaders` → `v1alpha1.ProxyConfig_ProxyHeaders`.
fn proto_go_name(name: &str) -> String {
    if let Some(name) = name.strip_prefix("google.protobuf.") {
        let package = match name {
            "Duration" => "durationpb",
            "Struct" => "structpb",
            _ => "wrapperspb",
        };
        return format!("{package}.{name}");
    }
    if let Some(name) = name.strip_prefix("istio.operator.v1alpha1.") {
        return format!("apis.{}", name.replace('.', "_"));
    }
    let mut parts = name.split('.').skip_while(|p| !p.starts_with('v') || *p == "v");
    let package = parts.next().unwrap_or_default();
    format!("{package}.{}", parts.collect::<Vec<_>>().join("_"))
}
