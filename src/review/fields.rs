//! The Go types of an AdmissionReview's fields, as a table, and Go's message for a value of the wrong kind.
//! Never: the object under review, which is raw JSON to Go's decoder too.

use pillion_govalue::Value;

/// What Go's decoder takes for a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Takes {
    Object,
    String,
    Bool,
    Strings,
    MapOfStrings,
}

struct Row {
    /// The member of the review it lies under: "" or `request`.
    under: &'static str,
    path: &'static [&'static str],
    /// The struct that has the field.
    owner: &'static str,
    takes: Takes,
    /// The field's Go type; `{}` is the package of the review's version.
    go_type: &'static str,
}

const fn head(
    path: &'static [&'static str],
    owner: &'static str,
    takes: Takes,
    go_type: &'static str,
) -> Row {
    Row { under: "", path, owner, takes, go_type }
}

const fn field(
    path: &'static [&'static str],
    owner: &'static str,
    takes: Takes,
    go_type: &'static str,
) -> Row {
    Row { under: "request", path, owner, takes, go_type }
}

#[rustfmt::skip]
const FIELDS: &[Row] = &[
    head(&["kind"], "", Takes::String, "string"),
    head(&["apiVersion"], "", Takes::String, "string"),
    head(&["response"], "AdmissionReview", Takes::Object, "AdmissionResponse"),
    field(&["uid"], "AdmissionRequest", Takes::String, "types.UID"),
    field(&["kind"], "AdmissionRequest", Takes::Object, "v1.GroupVersionKind"),
    field(&["kind", "group"], "GroupVersionKind", Takes::String, "string"),
    field(&["kind", "version"], "GroupVersionKind", Takes::String, "string"),
    field(&["kind", "kind"], "GroupVersionKind", Takes::String, "string"),
    field(&["resource"], "AdmissionRequest", Takes::Object, "v1.GroupVersionResource"),
    field(&["resource", "group"], "GroupVersionResource", Takes::String, "string"),
    field(&["resource", "version"], "GroupVersionResource", Takes::String, "string"),
    field(&["resource", "resource"], "GroupVersionResource", Takes::String, "string"),
    field(&["subResource"], "AdmissionRequest", Takes::String, "string"),
    field(&["requestKind"], "AdmissionRequest", Takes::Object, "v1.GroupVersionKind"),
    field(&["requestKind", "group"], "GroupVersionKind", Takes::String, "string"),
    field(&["requestKind", "version"], "GroupVersionKind", Takes::String, "string"),
    field(&["requestKind", "kind"], "GroupVersionKind", Takes::String, "string"),
    field(&["requestResource"], "AdmissionRequest", Takes::Object, "v1.GroupVersionResource"),
    field(&["requestResource", "group"], "GroupVersionResource", Takes::String, "string"),
    field(&["requestResource", "version"], "GroupVersionResource", Takes::String, "string"),
    field(&["requestResource", "resource"], "GroupVersionResource", Takes::String, "string"),
    field(&["requestSubResource"], "AdmissionRequest", Takes::String, "string"),
    field(&["name"], "AdmissionRequest", Takes::String, "string"),
    field(&["namespace"], "AdmissionRequest", Takes::String, "string"),
    field(&["operation"], "AdmissionRequest", Takes::String, "{}.Operation"),
    field(&["userInfo"], "AdmissionRequest", Takes::Object, "v1.UserInfo"),
    field(&["userInfo", "username"], "UserInfo", Takes::String, "string"),
    field(&["userInfo", "uid"], "UserInfo", Takes::String, "string"),
    field(&["userInfo", "groups"], "UserInfo", Takes::Strings, "[]string"),
    field(&["userInfo", "extra"], "UserInfo", Takes::MapOfStrings, "map[string]v1.ExtraValue"),
    field(&["dryRun"], "AdmissionRequest", Takes::Bool, "bool"),
];

/// Whether the request has a field of this name that is checked.
pub(super) fn known(name: &str) -> bool {
    FIELDS.iter().any(|row| row.under == "request" && row.path == [name])
}

/// Go's complaint about the first field of `object` (the member `under` of a review) whose value is of the wrong
/// kind, or `None` if all are right.
pub(super) fn wrong_kind(object: &Value<'_>, under: &str, package: &str) -> Option<String> {
    FIELDS.iter().filter(|row| row.under == under).find_map(|row| {
        let (found, wanted) = misfit(object.at(row.path)?, row.takes)?;
        let wanted = wanted.map_or_else(|| row.go_type.replace("{}", package), str::to_owned);
        let (owner, dot) = (row.owner, if under.is_empty() { "" } else { "." });
        let path = row.path.join(".");
        Some(format!(
            "json: cannot unmarshal {found} into Go struct field {owner}.{under}{dot}{path} of type {wanted}"
        ))
    })
}

/// The kind that was found, and the Go type it did not fit where that is not the field's own.
fn misfit(value: &Value<'_>, takes: Takes) -> Option<(&'static str, Option<&'static str>)> {
    match (takes, value) {
        (_, Value::Null)
        | (Takes::Object, Value::Map(_))
        | (Takes::String, Value::Str(_))
        | (Takes::Bool, Value::Bool(_)) => None,
        (Takes::Strings, Value::List(items)) => items
            .iter()
            .find(|item| !matches!(item, Value::Null | Value::Str(_)))
            .map(|item| (item.kind_name(), Some("string"))),
        (Takes::MapOfStrings, Value::Map(map)) => map.iter().find_map(|(_, value)| match value {
            Value::List(_) => misfit(value, Takes::Strings),
            Value::Null => None,
            other => Some((other.kind_name(), Some("v1.ExtraValue"))),
        }),
        _ => Some((value.kind_name(), None)),
    }
}
