//! Random pods and patches of them, led by the table of Go types, so that every field of a pod occurs.
//!
//! Left out is what Go's code answers differently from run to run or with a crash: an item both deleted and added
//! through a parallel list, null among merged items, an object as merge key, a finalizer twice.

use pillion_govalue::types::KNOWN;
use pillion_govalue::{Field, Kind, TypeRef};
use serde_json::{Map, Value, json};

use pillion_chance::Rng;

const NAMES: [&str; 6] = ["a", "b", "c", "d", "istio-proxy", ""];
const TEXTS: [&str; 8] = ["x", "y", "", "a b", "<&>", "é", "true", "12"];
const QUANTITIES: [&str; 6] = ["1", "100m", "0.5", "1Gi", "2048Mi", "1500m"];

pub(crate) struct Generator {
    random: Rng,
    /// Only what decodes, and originals as people write them: nulls and empty lists.
    typed: bool,
}

impl Generator {
    pub(crate) const fn new(seed: u64, typed: bool) -> Self {
        Self { random: Rng::new(seed), typed }
    }

    pub(crate) fn pod(&mut self) -> Value {
        let mut pod = Map::new();
        if self.random.chance(60) {
            pod.insert("metadata".into(), self.value(KNOWN.object_meta, 3));
        }
        pod.insert("spec".into(), self.value(KNOWN.pod_spec, 4));
        if self.random.chance(5) {
            let status = KNOWN.pod.field_by_json("status").unwrap().ty;
            pod.insert("status".into(), self.value(status, 3));
        }
        Value::Object(pod)
    }

    pub(crate) fn patch(&mut self, pod: &Value) -> Value {
        let mut patch = self.patch_of(pod, KNOWN.pod, 6);
        if patch.get("spec").is_none_or(Value::is_null) && self.random.chance(90) {
            patch["spec"] = self.patch_of(&pod["spec"], KNOWN.pod_spec, 5);
        }
        patch
    }

    /// A value of a type; `room` bounds the depth.
    fn value(&mut self, ty: TypeRef, room: usize) -> Value {
        match ty.kind() {
            Kind::Ptr(to) => self.value(to, room),
            Kind::Struct(_) => self.structure(ty, room),
            Kind::List(item) => {
                let length = if room == 0 { 0 } else { self.random.below(4) };
                Value::Array((0..length).map(|_| self.value(item, room - 1)).collect())
            }
            Kind::Map(_, item) => {
                let length = self.random.below(4);
                Value::Object(
                    (0..length).map(|_| ((*self.random.pick(&NAMES)).into(), self.value(item, 1))).collect(),
                )
            }
            Kind::Bool => json!(self.random.chance(50)),
            Kind::Int32 | Kind::Int64 | Kind::Int => json!(self.random.below(5)),
            Kind::Quantity => match self.random.below(7) {
                6 => json!(self.random.below(3)),
                n => json!(QUANTITIES[n]),
            },
            Kind::IntOrString if self.random.chance(50) => json!(self.random.below(4)),
            Kind::Time => json!("2024-05-06T07:08:09Z"),
            Kind::FieldsV1 => json!({"f:a": {"f:b": {}}}),
            _ => json!(self.random.pick(&TEXTS)),
        }
    }

    fn structure(&mut self, ty: TypeRef, room: usize) -> Value {
        let mut made = Map::new();
        let fields = flat(ty);
        let share = (300 / fields.len().max(1)).clamp(4, 45);
        for field in fields {
            let share = match field.json {
                "containers" => 75,
                "initContainers" | "volumes" | "ports" | "env" | "volumeMounts" => 30,
                "managedFields" => 1,
                _ => share,
            };
            if room > 0 && self.random.chance(share) {
                made.insert(field.json.into(), self.member(field, room));
            }
        }
        self.unknown(&mut made);
        Value::Object(made)
    }

    fn member(&mut self, field: &Field, room: usize) -> Value {
        if self.random.chance(3) {
            return Value::Null;
        }
        if let (Kind::List(item), Some(key)) = (field.ty.kind(), field.patch.merge_key) {
            let length = self.random.below(4);
            return Value::Array((0..length).map(|_| self.item(item, key, room - 1)).collect());
        }
        if field.patch.merge && matches!(field.ty.kind(), Kind::List(_)) {
            let mut names = NAMES.to_vec();
            self.random.shuffle(&mut names);
            names.truncate(self.random.below(5));
            return json!(names);
        }
        let mut made = self.value(field.ty, room - 1);
        if !self.typed && self.random.chance(1) {
            made = self.wrong(field.ty);
        }
        made
    }

    fn item(&mut self, ty: TypeRef, key: &str, room: usize) -> Value {
        let mut item = self.value(ty, room);
        match item.as_object_mut() {
            Some(map) => {
                map.remove(key);
                if !self.random.chance(2) {
                    map.insert(key.into(), self.key(ty, key));
                }
                item
            }
            None => item,
        }
    }

    fn key(&mut self, ty: TypeRef, key: &str) -> Value {
        match ty.field_by_json(key).map(|f| f.ty.kind()) {
            Some(Kind::Int32) if !self.typed && self.random.chance(3) => json!(1.0),
            Some(Kind::Int32) => json!(self.random.below(5)),
            _ => json!(self.random.pick(&NAMES)),
        }
    }

    /// A value of another kind.
    fn wrong(&mut self, ty: TypeRef) -> Value {
        match ty.deref().kind() {
            Kind::Struct(_) | Kind::Map(..) => json!([{"name": "a"}]),
            Kind::List(_) => json!({"a": "b"}),
            _ if self.random.chance(50) => json!({"a": {"b": "c"}}),
            _ => json!(["a"]),
        }
    }

    fn unknown(&mut self, map: &mut Map<String, Value>) {
        if self.random.chance(3) {
            let value = match self.random.below(3) {
                0 => json!("u"),
                1 => json!({"a": "b", "n": null}),
                _ => json!(["a", {"b": null}]),
            };
            map.insert("xUnknown".into(), value);
        }
    }

    fn patch_of(&mut self, original: &Value, ty: TypeRef, room: usize) -> Value {
        let mut patch = Map::new();
        let none = Map::new();
        let old = original.as_object().unwrap_or(&none);
        if self.random.chance(3) {
            patch
                .insert("$patch".into(), json!(self.random.pick(&["replace", "replace", "delete", "other"])));
        }
        for field in flat(ty) {
            let before = old.get(field.json);
            let share = if before.is_some() { 45 } else { 3 };
            if room > 0 && self.random.chance(share) {
                self.patch_member(&mut patch, before, field, room);
            }
        }
        self.unknown(&mut patch);
        if self.random.chance(3) {
            let mut keys: Vec<_> = patch.keys().filter(|k| !k.starts_with('$')).cloned().collect();
            keys.extend(old.keys().filter(|_| self.random.chance(40)).cloned());
            if self.random.chance(10) {
                keys.pop();
            }
            patch.insert("$retainKeys".into(), json!(keys));
        }
        Value::Object(patch)
    }

    fn patch_member(
        &mut self,
        patch: &mut Map<String, Value>,
        before: Option<&Value>,
        field: &Field,
        room: usize,
    ) {
        let name = field.json;
        let made = match (field.ty.deref().kind(), before) {
            _ if self.random.chance(6) => Value::Null,
            _ if !self.typed && self.random.chance(2) => self.wrong(field.ty),
            (Kind::Struct(_), Some(old)) => self.patch_of(old, field.ty.deref(), room - 1),
            (Kind::Map(_, item), _) => self.patch_map(before, item),
            (Kind::List(item), Some(Value::Array(old))) if field.patch.merge => match field.patch.merge_key {
                Some(key) => {
                    let made = self.patch_items(old, item, key, room - 1);
                    if self.random.chance(15) {
                        let order = self.order(old, &made, Some(key));
                        patch.insert(format!("$setElementOrder/{name}"), order);
                        if self.random.chance(20) {
                            return;
                        }
                    }
                    Value::Array(made)
                }
                None => {
                    let made = self.patch_scalars(old);
                    if self.random.chance(30) {
                        patch.insert(format!("$setElementOrder/{name}"), self.order(old, &made, None));
                    } else if self.random.chance(30) {
                        patch.insert(format!("$deleteFromPrimitiveList/{name}"), json!(made));
                        return;
                    }
                    Value::Array(made)
                }
            },
            _ => self.member(field, room.min(3)),
        };
        if field.patch.merge && self.random.chance(2) && made.is_array() {
            patch.insert(format!("$setElementOrder/{name}"), json!([]));
        }
        patch.insert(name.into(), made);
    }

    fn patch_map(&mut self, before: Option<&Value>, item: TypeRef) -> Value {
        let mut patch = Map::new();
        for key in before.and_then(Value::as_object).into_iter().flat_map(Map::keys) {
            if self.random.chance(50) {
                let value = if self.random.chance(25) { Value::Null } else { self.value(item, 1) };
                patch.insert(key.clone(), value);
            }
        }
        if self.random.chance(50) {
            patch.insert((*self.random.pick(&NAMES)).into(), self.value(item, 1));
        }
        if self.random.chance(3) {
            patch.insert("$patch".into(), json!(self.random.pick(&["replace", "delete"])));
        }
        Value::Object(patch)
    }

    fn patch_items(&mut self, old: &[Value], item: TypeRef, key: &str, room: usize) -> Vec<Value> {
        let mut made = Vec::new();
        for before in old {
            let Some(name) = before.get(key) else { continue };
            if self.random.chance(12) {
                made.push(json!({"$patch": "delete", key: name}));
            } else if self.random.chance(50) {
                let mut changed = self.patch_of(before, item, room);
                changed[key] = name.clone();
                made.push(changed);
            }
        }
        for _ in 0..self.random.below(3) {
            made.push(self.item(item, key, room.min(2)));
        }
        if self.random.chance(3) {
            made.push(json!({"$patch": "replace"}));
        }
        if self.random.chance(1) {
            made.push(json!({"$patch": "merge", key: "a"}));
        }
        if !self.typed && self.random.chance(1) {
            made.push(json!("x"));
        }
        if self.random.chance(30) {
            self.random.shuffle(&mut made);
        }
        made
    }

    fn patch_scalars(&mut self, old: &[Value]) -> Vec<Value> {
        let mut made: Vec<Value> = old.iter().filter(|_| self.random.chance(50)).cloned().collect();
        for _ in 0..self.random.below(3) {
            made.push(json!(self.random.pick(&NAMES)));
        }
        made
    }

    /// An order for a list: mostly one that fits the patch.
    fn order(&mut self, old: &[Value], patch: &[Value], key: Option<&str>) -> Value {
        let only = |item: &Value| match key {
            Some(key) => item.get(key).map(|k| json!({key: k})),
            None => Some(item.clone()),
        };
        let added = patch.iter().filter(|item| item.get("$patch").is_none());
        let mut order: Vec<Value> = added.filter_map(only).collect();
        for item in old.iter().filter_map(only) {
            if self.random.chance(60) && !order.contains(&item) {
                order.insert(self.random.below(order.len() + 1), item);
            }
        }
        if self.random.chance(8) {
            self.random.shuffle(&mut order);
        }
        Value::Array(order)
    }
}

/// The fields of a struct, those of embedded structs among them.
fn flat(ty: TypeRef) -> Vec<&'static Field> {
    let mut all = Vec::new();
    for field in ty.deref().get().fields() {
        if field.json.is_empty() {
            all.extend(flat(field.ty));
        } else {
            all.push(field);
        }
    }
    all
}
