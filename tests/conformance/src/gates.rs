//! Which gates of the release table a pod shows: the pods whose answer would be another one with that gate turned over.
//! A gate that no pod shows is one that the comparison would not miss. Never: whether an answer is right.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use anyhow::Result;
use pillion_core::config::compat::ROWS;
use pillion_core::config::{Gates, Level, Snapshot};

use crate::pillion::Fired;

/// One configuration with each gate turned over in turn.
pub(crate) struct Probes {
    release: String,
    flipped: Vec<Flipped>,
}

struct Flipped {
    gate: &'static str,
    /// What the release itself does.
    open: bool,
    snapshot: Snapshot,
}

/// What was shown so far, by release and name: one pod is enough, and each look costs an injection.
static SHOWN: Mutex<BTreeSet<(String, String)>> = Mutex::new(BTreeSet::new());

/// How the names of gates that were shown begin.
const SHOWN_NAMES: &str = "gate: ";

/// How the coverage table calls a gate that was shown.
pub(crate) fn shown(gate: &str, open: bool) -> String {
    format!("{SHOWN_NAMES}{gate} matters where it is {}", if open { "open" } else { "shut" })
}

/// Gates that do nothing while another is shut.
const WITHIN: &[(&str, &str)] =
    &[("drop_user_like_init", "drop_user_like_app"), ("empty_image_type_is_unset", "image_variant")];

/// Gates that decide only whether a mesh configuration is taken, which no pod shows: `--mesh` asks about them.
const OF_THE_MESH: &[&str] = &["long_connect_timeout"];

/// What a whole run over these releases must show: every gate on each side on which one of them has it. A row is shown
/// by a pod that the other behaviour would answer otherwise.
pub(crate) fn expectations<'r>(releases: impl IntoIterator<Item = &'r str>) -> BTreeSet<String> {
    let mut expected = BTreeSet::new();
    for gates in releases.into_iter().filter_map(|release| Some(Gates::of(level(release)?))) {
        let list = gates.list();
        let is_open = |gate: &str| list.iter().any(|(name, open)| *name == gate && *open);
        // Istio has none of this in any release.
        let by_pods = |gate: &str| gate != "overrides_survive" && !OF_THE_MESH.contains(&gate);
        for (gate, open) in list.iter().filter(|(gate, _)| by_pods(gate)) {
            let outer = WITHIN.iter().find(|(inner, _)| inner == gate).map(|(_, outer)| *outer);
            if outer.is_none_or(is_open) {
                expected.insert(shown(gate, *open));
            }
        }
    }
    expected
}

/// The release as Pillion names it.
pub(crate) fn level(release: &str) -> Option<Level> {
    if release == "latest" { "master" } else { release }.parse().ok()
}

impl Probes {
    /// Builds a snapshot for every gate that `release` has not shown yet. `build` makes the configuration with one
    /// gate turned over.
    pub(crate) fn new(
        release: &str,
        gates: &Gates,
        build: impl Fn(&'static str) -> Result<Snapshot>,
    ) -> Result<Self> {
        let open = gates.list();
        let mut flipped = vec![];
        for row in ROWS {
            let open = open.iter().any(|(name, open)| *name == row.gate && *open);
            if is_shown(release, &shown(row.gate, open)) {
                continue;
            }
            // A gate can decide whether the mesh configuration is taken at all: that is shown elsewhere.
            if let Ok(snapshot) = build(row.gate) {
                flipped.push(Flipped { gate: row.gate, open, snapshot });
            }
        }
        Ok(Self { release: release.to_owned(), flipped })
    }

    /// Notes the gates that `inject` answers otherwise than by `patch` once they are turned over.
    pub(crate) fn probe(
        &self,
        patch: Option<&str>,
        fired: &mut Fired,
        inject: impl Fn(&Snapshot) -> Option<String>,
    ) {
        for probe in &self.flipped {
            let name = shown(probe.gate, probe.open);
            if !is_shown(&self.release, &name) && inject(&probe.snapshot).as_deref() != patch {
                fired.0.push(name);
            }
        }
    }
}

/// Of what fired, the gates: each counts from now on as shown by `release`. For answers that were found right.
pub(crate) fn note<'f>(release: &str, fired: &'f [String]) -> Vec<&'f String> {
    let gates: Vec<&String> = fired.iter().filter(|name| name.starts_with(SHOWN_NAMES)).collect();
    lock().extend(gates.iter().map(|name| (release.to_owned(), (*name).clone())));
    gates
}

fn is_shown(release: &str, name: &str) -> bool {
    lock().contains(&(release.to_owned(), name.to_owned()))
}

fn lock() -> std::sync::MutexGuard<'static, BTreeSet<(String, String)>> {
    SHOWN.lock().unwrap_or_else(PoisonError::into_inner)
}
