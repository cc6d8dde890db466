//! [`Parts`]: parts of overlays that were looked through before and found to be in order, known by where they lie in
//! memory. Overlays are made of parts that others share, for whoever reads them remembers what they mean, so that most of
//! an overlay need not be looked at again. Owns the table, its bounds, and who may enter it.
//! Never keeps a part's content alive, and never changes what is found: with an empty memory it is the same.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, Weak};

use pillion_govalue::{Map, TypeRef, Value};

/// Places of the table; ten times what the overlays of Istio's templates have.
const PLACES: usize = 512;

/// A memory of parts; clones share it. It holds at most 512 of them: a few words each, and the shell of a part that is
/// gone, some forty bytes.
#[derive(Clone, Default)]
pub struct Parts(Arc<RwLock<Vec<Option<Part>>>>);

/// An object or list that holds values only, each of the type of its place.
#[derive(Debug)]
struct Part {
    shell: Shell,
    ty: TypeRef,
    nulls: Box<[usize]>,
}

/// What keeps an address from being used for anything else. As long as it is there nobody changes what lies at the
/// address: whoever is the only owner of the rest and writes to it moves it away first.
#[derive(Debug)]
enum Shell {
    Map(Weak<Map<'static>>),
    List(Weak<Vec<Value<'static>>>),
}

impl Shell {
    fn address(&self) -> usize {
        match self {
            Self::Map(map) => map.as_ptr().addr(),
            Self::List(items) => items.as_ptr().addr(),
        }
    }

    fn of(value: &Value<'static>) -> Option<Self> {
        match value {
            Value::Map(map) => Some(Self::Map(Arc::downgrade(map))),
            Value::List(items) => Some(Self::List(Arc::downgrade(items))),
            _ => None,
        }
    }
}

/// The address of an object or list that somebody else holds too; the others are new, and will not come again.
/// Nor will empty ones, of which one stands for all of a text.
fn shared(value: &Value<'_>) -> Option<usize> {
    let (owners, empty, address) = match value {
        Value::Map(map) => (Arc::strong_count(map), map.is_empty(), Arc::as_ptr(map).addr()),
        Value::List(items) => (Arc::strong_count(items), items.is_empty(), Arc::as_ptr(items).addr()),
        _ => return None,
    };
    (owners > 1 && !empty).then_some(address)
}

/// Parts lie at least 16 bytes from each other; their addresses are spread by a multiplication.
const fn place(address: usize) -> usize {
    (address >> 4).wrapping_mul(0x9e37_79b9) >> 12 & (PLACES - 1)
}

impl Parts {
    /// The memory for looking through one overlay.
    pub(super) fn visit(&self) -> Visit<'_> {
        // Never left half-done, so whoever panicked while holding it did no harm.
        Visit { table: self.0.read().unwrap_or_else(PoisonError::into_inner), fresh: Vec::new() }
    }

    /// Enters parts of an overlay that is in order. Nobody waits to have something remembered: another time will do.
    pub(super) fn enter(&self, fresh: Vec<Fresh>) {
        if fresh.is_empty() {
            return;
        }
        let Ok(mut table) = self.0.try_write() else { return };
        if table.is_empty() {
            table.resize_with(PLACES, || None);
        }
        for Fresh(part) in fresh {
            let at = place(part.shell.address());
            if let Some(slot) = table.get_mut(at) {
                *slot = Some(part);
            }
        }
    }
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let table = self.0.read().unwrap_or_else(PoisonError::into_inner);
        f.debug_tuple("Parts").field(&table.iter().flatten().count()).finish()
    }
}

/// A part that is to be entered once the whole overlay is known to be in order.
#[derive(Debug)]
pub(super) struct Fresh(Part);

/// What is known while an overlay is looked through.
pub(super) trait Known<'a> {
    /// The objects and lists of a part that hold a null somewhere, if the part was in order as a `ty`.
    fn nulls(&self, part: &Value<'a>, ty: Option<TypeRef>) -> Option<&[usize]>;

    /// A part was looked through, and may be found to be in order.
    fn met(&mut self, part: &Value<'a>, ty: Option<TypeRef>, nulls: &[usize]);
}

/// Nothing is known.
impl Known<'_> for () {
    fn nulls(&self, _: &Value<'_>, _: Option<TypeRef>) -> Option<&[usize]> {
        None
    }

    fn met(&mut self, _: &Value<'_>, _: Option<TypeRef>, _: &[usize]) {}
}

/// The memory while one overlay is looked through; what is new waits until the end.
pub(super) struct Visit<'m> {
    table: RwLockReadGuard<'m, Vec<Option<Part>>>,
    fresh: Vec<Fresh>,
}

impl Visit<'_> {
    fn part(&self, address: usize, ty: TypeRef) -> Option<&Part> {
        let part = self.table.get(place(address))?.as_ref()?;
        (part.ty == ty && part.shell.address() == address).then_some(part)
    }

    /// Whether it is known of a value that it is in order as a `ty`.
    pub(super) fn knows(&self, value: &Value<'_>, ty: TypeRef) -> bool {
        shared(value).is_some_and(|address| self.part(address, ty.deref()).is_some())
    }

    /// What was new.
    pub(super) fn into_fresh(self) -> Vec<Fresh> {
        self.fresh
    }
}

impl Known<'static> for Visit<'_> {
    fn nulls(&self, part: &Value<'static>, ty: Option<TypeRef>) -> Option<&[usize]> {
        Some(&self.part(shared(part)?, ty?.deref())?.nulls)
    }

    fn met(&mut self, part: &Value<'static>, ty: Option<TypeRef>, nulls: &[usize]) {
        if let (Some(_), Some(ty), Some(shell)) = (shared(part), ty, Shell::of(part)) {
            self.fresh.push(Fresh(Part { shell, ty: ty.deref(), nulls: nulls.into() }));
        }
    }
}

#[cfg(test)]
mod tests {
    use pillion_govalue::types::KNOWN;
    use pillion_govalue::{Value, parse};

    use super::*;
    use crate::Overlay;

    fn overlay() -> Value<'static> {
        parse(
            br#"{"metadata":{"labels":{"a":"b","c":null}},"spec":{"containers":[{"name":"x","env":null}]}}"#,
        )
        .unwrap()
        .into_owned()
    }

    fn known(parts: &Parts) -> usize {
        parts.0.read().unwrap().iter().flatten().count()
    }

    #[test]
    fn shared_parts_of_an_overlay_in_order_are_remembered_and_nothing_comes_out_otherwise() {
        let parts = Parts::default();
        let overlay = overlay();
        let own = overlay.get("spec").cloned().unwrap();
        let pod =
            parse(br#"{"metadata":{"labels":{"c":"d"}},"spec":{"containers":[{"name":"y"}]}}"#).unwrap();
        // Of another overlay, for what comes out shares parts with what went in.
        let plain = crate::overlay(&pod, &self::overlay(), KNOWN.pod).unwrap();
        for round in 0..3 {
            let (again, fits) = Overlay::remembered(&overlay, KNOWN.pod, &parts, |_| true);
            assert!(fits && again.is_plain());
            assert_eq!(again.over(&pod).unwrap(), plain, "round {round}");
            assert_eq!(known(&parts), 1);
        }
        assert_eq!(own.get("containers").and_then(Value::as_list).map(<[_]>::len), Some(1));
    }

    #[test]
    fn what_is_known_is_told_to_the_check_and_what_is_changed_is_not_known() {
        let parts = Parts::default();
        let mut overlay = overlay();
        let spec = overlay.get("spec").cloned().unwrap();
        let pod_spec = KNOWN.pod_spec;
        let told = |overlay: &Value<'static>, value: &Value<'static>| {
            let mut told = false;
            let _ = Overlay::remembered(overlay, KNOWN.pod, &parts, |knows| {
                told = knows(value, pod_spec);
                true
            });
            told
        };
        assert!(!told(&overlay, &spec));
        assert!(told(&overlay, &spec));
        drop(spec);
        overlay.get_mut("spec").and_then(Value::as_map_mut).unwrap().insert("nodeName", "n");
        let spec = overlay.get("spec").cloned().unwrap();
        assert!(!told(&overlay, &spec));
    }

    #[test]
    fn parts_of_an_overlay_that_is_not_in_order_are_not_remembered() {
        let parts = Parts::default();
        let overlay = overlay();
        let _held = overlay.get("spec").cloned();
        assert!(!Overlay::remembered(&overlay, KNOWN.pod, &parts, |_| false).1);
        let strange = parse(br#"{"spec":{"nobody":1}}"#).unwrap().into_owned();
        let _held = strange.get("spec").cloned();
        assert!(!Overlay::remembered(&strange, KNOWN.pod, &parts, |_| true).1);
        assert_eq!(known(&parts), 0);
    }
}
