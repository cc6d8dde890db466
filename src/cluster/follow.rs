//! One watch: a table of what is read of each object. It is told of only when it is complete, so that a list that is
//! being read anew never looks as if objects were gone. Faults are retried with growing pauses and told of once.
//! Never: what the objects mean.

use std::collections::BTreeMap;
use std::fmt::Debug;

use futures::{StreamExt, TryStream, pin_mut};
use kube::ResourceExt;
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Event};

use super::client::{not_served, watch_reason};

/// Objects by namespace and name.
pub(super) type Table<V> = BTreeMap<(String, String), V>;

/// What a watch tells.
pub(super) enum Told<'t, V> {
    /// All objects, as they are now.
    Objects(&'t Table<V>),
    /// The API server does not know the kind: there are no objects.
    NotServed,
    /// The watch failed, and is tried again. The last objects still hold.
    Failed(String),
}

/// Follows `stream` for ever. `read` takes of an object what is needed.
pub(super) async fn follow<K, V>(
    what: &str,
    stream: impl TryStream<Ok = Event<K>, Error = watcher::Error, Item = watcher::Result<Event<K>>> + Send,
    read: impl Fn(K) -> V + Send,
    mut tell: impl FnMut(Told<'_, V>) + Send,
) where
    K: ResourceExt + Debug + Send + 'static,
    V: PartialEq + Send,
{
    let stream = stream.default_backoff();
    pin_mut!(stream);
    let (mut table, mut fresh) = (Table::new(), Table::new());
    let mut fault = None;
    while let Some(event) = stream.next().await {
        let event = match event {
            Ok(event) => event,
            Err(error) => {
                failed(what, &error, &mut fault, &mut table, &mut tell);
                continue;
            }
        };
        match event {
            Event::Init => fresh.clear(),
            Event::InitApply(object) => drop(fresh.insert(key(&object), read(object))),
            Event::InitDone => {
                table = std::mem::take(&mut fresh);
                if fault.take().is_some() {
                    tracing::info!(what, "watched again");
                }
                tell(Told::Objects(&table));
            }
            Event::Apply(object) => {
                let (key, value) = (key(&object), read(object));
                // Most changes are of no interest: a node tells every few minutes that it is well.
                if table.get(&key) != Some(&value) {
                    table.insert(key, value);
                    tell(Told::Objects(&table));
                }
            }
            Event::Delete(object) => {
                table.remove(&key(&object));
                tell(Told::Objects(&table));
            }
        }
    }
}

/// Told of once for each kind of fault, however long it lasts.
fn failed<V>(
    what: &str,
    error: &watcher::Error,
    fault: &mut Option<String>,
    table: &mut Table<V>,
    tell: &mut impl FnMut(Told<'_, V>),
) {
    let reason = watch_reason(error);
    let told = fault.as_ref() == Some(&reason);
    if not_served(error) {
        if !told {
            tracing::info!(what, "not known to the API server: looked for again now and then");
        }
        table.clear();
        tell(Told::NotServed);
    } else {
        if !told {
            tracing::warn!(what, error = %reason, "cannot watch: tried again, what was known still holds");
        }
        tell(Told::Failed(reason.clone()));
    }
    *fault = Some(reason);
}

fn key(object: &impl ResourceExt) -> (String, String) {
    (object.namespace().unwrap_or_default(), object.name_any())
}
