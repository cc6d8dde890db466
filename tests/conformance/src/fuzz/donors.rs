//! What values known pods have at which places: a changed pod takes its new values from there, so that most of them are of
//! the right kind. Never: chance.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::case::Case;
use crate::deviations;
use crate::fuzz::paths;
use crate::generate;
use crate::handmade::Handmade;
use pillion_chance::Rng;

/// Random pods among those that are known.
const RANDOM: usize = 400;
/// Different values that are kept of one kind of place.
const VALUES: usize = 60;

/// Known pods, and what they are made of.
#[derive(Debug)]
pub(super) struct Donors {
    /// Whole cases, to begin with.
    pub(super) cases: Vec<Case>,
    /// By the kind of place that holds it: each member's name, and values that it has.
    members: BTreeMap<String, Vec<(String, Vec<Value>)>>,
    /// By the kind of a list: items that it has.
    items: BTreeMap<String, Vec<Value>>,
    /// Kinds that hold members, by the last name of the way.
    pub(super) samples: Vec<(&'static str, &'static str, Vec<&'static str>)>,
}

impl Donors {
    /// Those of a run: hand-written cases that go everywhere, the sweep, and random pods of the seed.
    pub(super) fn new(handmade: &[Handmade], release: &str, config: &str, seed: &Rng) -> Self {
        let mut cases: Vec<Case> =
            handmade.iter().filter_map(|one| one.under(release, config, "/inject")).collect();
        cases.extend((0..RANDOM).map(|number| generate::case(seed, number, "/inject")));
        // API servers never send such a pod, and what differs in it does so on purpose.
        cases.retain(|case| !deviations::has_keys_in_another_case(case.pod()));
        let mut donors =
            Self { cases, members: BTreeMap::new(), items: BTreeMap::new(), samples: generate::samples() };
        for pod in donors.cases.iter().map(|case| case.pod().clone()).collect::<Vec<_>>() {
            donors.learn(&pod);
        }
        donors
    }

    fn learn(&mut self, pod: &Value) {
        for path in paths::all(pod) {
            let (Some(value), Some((last, parent))) = (paths::get(pod, &path), path.split_last()) else {
                continue;
            };
            let parent = paths::kind(parent);
            let values = match last {
                paths::Step::At(_) => self.items.entry(parent).or_default(),
                paths::Step::Key(key) => {
                    let members = self.members.entry(parent).or_default();
                    let at = members.iter().position(|(name, _)| name == key).unwrap_or_else(|| {
                        members.push((key.clone(), vec![]));
                        members.len() - 1
                    });
                    &mut members[at].1
                }
            };
            if values.len() < VALUES && !values.contains(value) {
                values.push(value.clone());
            }
        }
    }

    /// Members that objects at places of this kind have, with values.
    pub(super) fn members(&self, kind: &str) -> &[(String, Vec<Value>)] {
        self.members.get(kind).map(Vec::as_slice).unwrap_or_default()
    }

    /// Items that lists at places of this kind have.
    pub(super) fn items(&self, kind: &str) -> &[Value] {
        self.items.get(kind).map(Vec::as_slice).unwrap_or_default()
    }

    /// Values that a member of this name has at places of this kind.
    pub(super) fn values(&self, kind: &str, name: &str) -> &[Value] {
        let found = self.members(kind).iter().find(|(known, _)| known == name);
        found.map(|(_, values)| values.as_slice()).unwrap_or_default()
    }
}
