//! Names of fields in another case. Go's `encoding/json` reads `Name` into the field `name`, and so what templates render
//! and what annotations hold of a pod may be written: here such members get the names of the fields that they are read into.
//! Never: the pod itself, in which an API server does not take `Name` for `name`.

use pillion_govalue::{Field, Kind, Map, Str, TypeRef, Value};

/// In which order Go comes across the members of an object: the last one counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// As they are written.
    Written,
    /// By their names: Go has had them in a map and written them out.
    Sorted,
}

/// Whether a member of `value`, or of something in it, is a field of its type in another case.
pub(crate) fn any(value: &Value<'_>, ty: TypeRef) -> bool {
    let ty = ty.deref();
    match (ty.kind(), value) {
        (Kind::Struct(_), Value::Map(map)) => map.iter().any(|(key, member)| {
            let exact = ty.get().field_by_json(key);
            let folded = || ty.get().field_by_json_fold(key).is_some();
            exact.map_or_else(folded, |field| any(member, field.ty))
        }),
        (Kind::Map(_, item), Value::Map(map)) => map.iter().any(|(_, member)| any(member, item)),
        (Kind::List(item), Value::List(items)) => items.iter().any(|member| any(member, item)),
        _ => false,
    }
}

/// `value` with the names that its type has. Of several members that are read into one field, the later ones are read over
/// the earlier ones, as Go's decoder does it.
pub(crate) fn folded<'a>(value: &Value<'a>, ty: TypeRef, order: Order) -> Value<'a> {
    let ty = ty.deref();
    match (ty.kind(), value) {
        (Kind::Struct(_), Value::Map(map)) => structure(map, ty, order),
        (Kind::Map(_, item), Value::Map(map)) => {
            let members = map.iter().map(|(key, member)| (key.clone(), folded(member, item, order)));
            Value::map(Map::from_unique(members.collect()))
        }
        (Kind::List(item), Value::List(items)) => {
            Value::list(items.iter().map(|member| folded(member, item, order)).collect())
        }
        (_, other) => other.clone(),
    }
}

/// What is read into one field, or a member that is read into none.
struct Slot<'v, 'a> {
    field: Option<&'static Field>,
    members: Vec<(&'v Str<'a>, &'v Value<'a>)>,
}

fn structure<'a>(map: &Map<'a>, ty: TypeRef, order: Order) -> Value<'a> {
    let mut slots: Vec<Slot<'_, 'a>> = Vec::with_capacity(map.len());
    // Where the slot of each field is that came up: a type has some dozens of them at most.
    let mut known: Vec<(&'static Field, usize)> = Vec::new();
    for member in map.iter() {
        let field = ty.get().field_by_json_fold(member.0);
        let seen = field.and_then(|field| known.iter().find(|(seen, _)| std::ptr::eq(*seen, field)));
        if let Some((_, at)) = seen {
            slots[*at].members.push(member);
            continue;
        }
        known.extend(field.map(|field| (field, slots.len())));
        slots.push(Slot { field, members: vec![member] });
    }
    Value::map(Map::from_unique(slots.into_iter().filter_map(|slot| slot.read(order)).collect()))
}

impl<'a> Slot<'_, 'a> {
    fn read(mut self, order: Order) -> Option<(Str<'a>, Value<'a>)> {
        let Some(field) = self.field else {
            return self.members.pop().map(|(key, value)| (key.clone(), value.clone()));
        };
        if order == Order::Sorted {
            self.members.sort_by(|a, b| a.0.cmp(b.0));
        }
        let values = self.members.into_iter().map(|(_, value)| folded(value, field.ty, order));
        let value = values.reduce(|earlier, later| over(earlier, later, field.ty))?;
        Some((Str::from(field.json), value))
    }
}

/// What Go's decoder makes of `later` where `earlier` was read before: structs keep what is not named again, maps keep their
/// other keys, items of a list are read over those at their places.
fn over<'a>(earlier: Value<'a>, later: Value<'a>, ty: TypeRef) -> Value<'a> {
    let of = ty.deref();
    match (of.kind(), earlier, later) {
        (Kind::Struct(_), Value::Map(earlier), Value::Map(later)) => {
            let mut members = Map::clone(&earlier);
            for (key, value) in later.iter() {
                let field = of.get().field_by_json(key);
                let value = match (field, members.get(key)) {
                    (Some(field), Some(earlier)) => over(earlier.clone(), value.clone(), field.ty),
                    _ => value.clone(),
                };
                members.insert(key.clone(), value);
            }
            Value::map(members)
        }
        (Kind::Map(..), Value::Map(earlier), Value::Map(later)) => {
            let mut members = Map::clone(&earlier);
            for (key, value) in later.iter() {
                members.insert(key.clone(), value.clone());
            }
            Value::map(members)
        }
        (Kind::List(item), Value::List(earlier), Value::List(later)) => {
            let read = later.iter().enumerate().map(|(at, value)| match earlier.get(at) {
                Some(earlier) => over(earlier.clone(), value.clone(), item),
                None => value.clone(),
            });
            Value::list(read.collect())
        }
        // Null leaves what cannot be nothing as it was.
        (Kind::Struct(_) | Kind::String | Kind::Bool | Kind::Int32 | Kind::Int64, earlier, Value::Null)
            if of == ty =>
        {
            earlier
        }
        (_, _, later) => later,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pillion_govalue::json::{PLAIN, to_string};
    use pillion_govalue::parse;
    use pillion_govalue::types::KNOWN;

    /// What Go's `encoding/json` makes of each text as a container, where names are sorted before it reads.
    const READ: &[(&str, &str)] = &[
        (r#"{"NAME":"a","iMaGe":"b"}"#, r#"{"name":"a","image":"b"}"#),
        (r#"{"name":"a","Name":"b"}"#, r#"{"name":"a"}"#),
        (r#"{"tty":true,"TTY":null}"#, r#"{"tty":true}"#),
        (r#"{"\u017ftdin":true}"#, r#"{"stdin":true}"#),
        (r#"{"Nobody":{"Name":"a"},"name":"b"}"#, r#"{"Nobody":{"Name":"a"},"name":"b"}"#),
        (
            r#"{"Env":[{"Name":"A","Value":"1"},{"name":"B"}],"env":[{"name":"C"}]}"#,
            r#"{"env":[{"name":"C","value":"1"}]}"#,
        ),
        (
            r#"{"securityContext":{"runAsUser":1},"SecurityContext":{"RunAsUser":2,"privileged":true}}"#,
            r#"{"securityContext":{"runAsUser":1,"privileged":true}}"#,
        ),
        (
            r#"{"resources":{"limits":{"cpu":"1"}},"Resources":{"Limits":{"cpu":"2","Memory":"1Gi"}}}"#,
            r#"{"resources":{"limits":{"cpu":"1","Memory":"1Gi"}}}"#,
        ),
    ];

    #[test]
    fn members_are_read_into_the_fields_that_go_reads_them_into() {
        for (text, want) in READ {
            let value = parse(text.as_bytes()).unwrap();
            assert!(any(&value, KNOWN.container) || text.contains("Nobody"), "{text}");
            let got = folded(&value, KNOWN.container, Order::Sorted);
            assert_eq!(got, parse(want.as_bytes()).unwrap(), "{text}: {}", to_string(&got, PLAIN));
            assert!(!any(&got, KNOWN.container));
        }
    }

    #[test]
    fn the_last_one_counts_as_go_comes_across_them() {
        let value = parse(br#"{"name":"a","Name":"b"}"#).unwrap();
        let name = |order| folded(&value, KNOWN.container, order).get("name").cloned();
        assert_eq!(name(Order::Written), Some(Value::from("b")));
        assert_eq!(name(Order::Sorted), Some(Value::from("a")));
    }
}
