//! What differs between Istio's releases, as one table: each row a gate that a pass asks by name, with the release
//! that brought it. The behaviour of the newest release is the ground; a gate that is off takes a change back.
//! No pass compares a release.
//!
//! Rows that every release answers alike in practice, or that live in the templates themselves, have no gate.

mod fingerprint;

use std::fmt;
use std::str::FromStr;

pub use fingerprint::{fingerprint, is_own_profile};

use super::jsonpb::Messages;

/// A release line of Istio.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Release {
    V1_20,
    V1_21,
    V1_22,
    V1_23,
    V1_24,
    V1_25,
    V1_26,
    V1_27,
    V1_28,
    V1_29,
    V1_30,
    V1_31,
    /// Newer than any release.
    Master,
}

impl Release {
    /// Every release, oldest first.
    pub const ALL: [Self; 13] = [
        Self::V1_20,
        Self::V1_21,
        Self::V1_22,
        Self::V1_23,
        Self::V1_24,
        Self::V1_25,
        Self::V1_26,
        Self::V1_27,
        Self::V1_28,
        Self::V1_29,
        Self::V1_30,
        Self::V1_31,
        Self::Master,
    ];

    fn of_minor(minor: u16) -> Option<Self> {
        let at = usize::from(minor.checked_sub(20)?);
        Self::ALL.get(at).copied().filter(|r| *r != Self::Master)
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Master => f.write_str("master"),
            other => write!(f, "1.{}", 20 + *other as u8),
        }
    }
}

/// A name that is no release this program knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no release of Istio that is known here: 1.20 to 1.31, or master")]
pub struct UnknownRelease(String);

impl FromStr for Release {
    type Err = UnknownRelease;

    fn from_str(text: &str) -> Result<Self, UnknownRelease> {
        text.parse::<Level>().map(|level| level.release)
    }
}

/// A release line, and the patch release where it is known: some changes came to older lines later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// The release line.
    pub release: Release,
    /// The patch release; unknown counts as the last.
    pub patch: Option<u16>,
}

impl Level {
    /// `1.24.3-distroless` → 1.24, patch 3; `None` for a tag that names no known release.
    #[must_use]
    pub fn of_tag(tag: &str) -> Option<Self> {
        let version = tag.strip_prefix('v').unwrap_or(tag);
        let mut parts = version.split(['-', '+']).next()?.split('.');
        if parts.next()? != "1" {
            return None;
        }
        let release = Release::of_minor(parts.next()?.parse().ok()?)?;
        Some(Self { release, patch: parts.next().and_then(|p| p.parse().ok()) })
    }

    /// This level with the patch release of `tag`, where it names one of the same line and none is known.
    #[must_use]
    pub fn refined(self, tag: &str) -> Self {
        let tagged = Self::of_tag(tag).filter(|t| t.release == self.release).and_then(|t| t.patch);
        Self { patch: self.patch.or(tagged), ..self }
    }

    fn has(self, row: &Row) -> bool {
        self.release >= row.since
            || row.backports.iter().any(|(release, patch)| {
                *release == self.release && self.patch.is_none_or(|known| known >= *patch)
            })
    }
}

impl From<Release> for Level {
    fn from(release: Release) -> Self {
        Self { release, patch: None }
    }
}

impl FromStr for Level {
    type Err = UnknownRelease;

    fn from_str(text: &str) -> Result<Self, UnknownRelease> {
        match text {
            "master" => Ok(Release::Master.into()),
            tag => Self::of_tag(tag).ok_or_else(|| UnknownRelease(String::from(tag))),
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.patch {
            Some(patch) => write!(f, "{}.{patch}", self.release),
            None => self.release.fmt(f),
        }
    }
}

/// One row: a change of behaviour and where it came.
#[derive(Debug)]
pub struct Row {
    /// The gate's name, as the field of [`Gates`].
    pub gate: &'static str,
    /// The first release that has the change.
    pub since: Release,
    /// Older lines that have it from a patch release on.
    pub backports: &'static [(Release, u16)],
    /// What changes.
    pub what: &'static str,
}

macro_rules! gates {
    ($($gate:ident since $since:ident [$($line:ident . $patch:literal),*] $what:literal),+ $(,)?) => {
        /// What the release in force does; every switch is a row of [`ROWS`].
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[allow(clippy::struct_excessive_bools, reason = "independent switches, each asked by one pass")]
        pub struct Gates {
            $(#[doc = $what] pub $gate: bool,)+
            /// The fields that mesh and proxy configurations have.
            pub messages: Messages,
        }

        /// The table.
        pub const ROWS: &[Row] = &[$(Row {
            gate: stringify!($gate),
            since: Release::$since,
            backports: &[$((Release::$line, $patch)),*],
            what: $what,
        }),+];

        impl Gates {
            fn from_rows(mut on: impl FnMut(&Row) -> bool) -> Self {
                let mut rows = ROWS.iter();
                Self { $($gate: rows.next().is_some_and(&mut on),)+ messages: Messages::newest() }
            }

            /// The gates by name.
            #[must_use]
            pub fn list(&self) -> Vec<(&'static str, bool)> {
                vec![$((stringify!($gate), self.$gate)),+]
            }

            /// Turns the gate `name` over; without effect where there is no such gate.
            pub fn flip(&mut self, name: &str) {
                match name {
                    $(stringify!($gate) => self.$gate = !self.$gate,)+
                    _ => {}
                }
            }
        }
    };
}

gates! {
    adjust_init_user since V1_23 [V1_20 . 7, V1_21 . 3, V1_22 . 1]
        "The user that a pod gives its own istio-proxy container reaches the init containers too.",
    cronjob_v1 since V1_22 []
        "The owner guessed from a CronJob's pod has the API version batch/v1, before batch/v1beta1.",
    argo_rollouts since V1_22 []
        "Pods of an Argo Rollout are recognised as such.",
    config_map_credentials_checked since V1_26 []
        "The TLS settings of tracing must not name a credential in a ConfigMap, before any name was taken.",
    proxy_configs_by_name since V1_24 []
        "Of ProxyConfig resources of one age the first by name counts, before the first by name, a dot and namespace.",
    no_default_tracing since V1_22 []
        "No Zipkin address is assumed: before, zipkin.istio-system:9411 was the default and stripped as such.",
    image_variant since V1_22 []
        "values.global.variant is the image type where nothing nearer names one.",
    empty_image_type_is_unset since V1_31 []
        "A ProxyConfig.image without a type leaves the variant in force.",
    namespace_by_cluster since V1_22 []
        "On OpenShift the namespace is the one of the cluster that the path or the values name, before always the \
         injector's own.",
    drop_user_like_app since V1_24 [V1_23 . 1]
        "On OpenShift the sidecar drops its user and group where they are the application's.",
    drop_user_like_init since V1_27 []
        "As drop_user_like_app, init containers looked at too.",
    native_annotation since V1_24 []
        "The annotation sidecar.istio.io/nativeSidecar decides over the switch.",
    core_dump_unchecked since V1_25 []
        "The annotation sidecar.istio.io/enableCoreDump may hold anything, before only a boolean.",
    deploymentconfig_label_seen since V1_21 []
        "Templates see the label deploymentconfig of a DeploymentConfig's pod, before it was taken off them.",
    overrides_survive since V1_20 []
        "A second injection keeps the user's settings for an injected container and the order of its \
         environment; Istio, in every release, lets the template take them back and orders anew.",
    long_connect_timeout since V1_21 []
        "MeshConfig.connectTimeout may be up to an hour long, before 30 seconds.",
    long_drain since V1_22 []
        "ProxyConfig.drainDuration may be longer than an hour.",
    lifecycle_rewrite since V1_25 []
        "Lifecycle hooks by HTTP and TCP go through the agent; older agents cannot answer them.",
    strict_inject_values since V1_27 []
        "sidecar.istio.io/inject takes only true and false, before YAML's words for true and all else as false.",
    native_auto since V1_27 []
        "Whether sidecars are native is found out from the nodes unless it is said, before they were not.",
    multus_namespace since V1_26 [V1_23 . 6, V1_24 . 4, V1_25 . 1]
        "A Multus network in JSON is named by namespace and name, before by both in one.",
    append_missing_probers since V1_27 []
        "Probers are given to a sidecar that was injected before and has none.",
    resource_annotations_checked since V1_29 [V1_27 . 6, V1_28 . 4]
        "Annotations of CPU and memory must be quantities before anything is rendered.",
    interface_annotations_checked since V1_30 []
        "Annotations that list network interfaces must hold names of interfaces.",
    scrape_targets since V1_31 []
        "Several Prometheus targets can be merged; a port that is none, or the mesh's own, refuses the pod.",
    secure_metrics_port since V1_31 []
        "The port of the merged metrics over TLS is written to an annotation.",
}

impl Gates {
    /// What this release does.
    #[must_use]
    pub fn of(level: Level) -> Self {
        Self { messages: Messages::of(level.release), ..Self::from_rows(|row| level.has(row)) }
    }
}

impl Default for Gates {
    /// The newest behaviour.
    fn default() -> Self {
        Self::of(Release::Master.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_ordered_and_read_back() {
        assert!(Release::V1_20 < Release::V1_31 && Release::V1_31 < Release::Master);
        for release in Release::ALL {
            assert_eq!(release.to_string().parse(), Ok(release));
        }
        assert_eq!("1.24.3".parse(), Ok(Release::V1_24));
        let level: Level = "1.24.3".parse().unwrap();
        assert_eq!((level.patch, level.to_string().as_str()), (Some(3), "1.24.3"));
        assert!("1.19".parse::<Release>().is_err() && "2.20".parse::<Release>().is_err());
        assert!("1.32".parse::<Release>().is_err(), "master is not a number");
    }

    #[test]
    fn a_gate_is_on_from_its_release_on_and_where_it_was_ported_back() {
        let at = |tag| Gates::of(Level::of_tag(tag).unwrap());
        assert!(!at("1.24").lifecycle_rewrite && at("1.25").lifecycle_rewrite);
        assert!(!at("1.20.1").adjust_init_user && at("1.20.7").adjust_init_user);
        assert!(at("1.20").adjust_init_user, "an unknown patch counts as the last");
        assert!(Gates::default().list().iter().all(|(_, on)| *on));
        assert_eq!(Gates::default().list().len(), ROWS.len());
    }

    #[test]
    fn a_gate_is_turned_over_by_its_name() {
        for row in ROWS {
            let mut gates = Gates::default();
            gates.flip(row.gate);
            let shut: Vec<_> = gates.list().into_iter().filter(|(_, on)| !on).map(|(name, _)| name).collect();
            assert_eq!(shut, [row.gate]);
        }
    }
}
