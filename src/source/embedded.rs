//! The Envoy profile in the binary: what is used when no configuration is named.
//! Never: a fallback for a source that was named.

use pillion_core::config::{Built, Cluster, ConfigError, Settings};

use super::{Text, Texts};

const PROFILE: [(&str, &str); 4] = [
    ("profiles/envoy/config", include_str!("../../profiles/envoy/config")),
    ("profiles/envoy/values", include_str!("../../profiles/envoy/values")),
    ("profiles/envoy/mesh", include_str!("../../profiles/envoy/mesh")),
    ("profiles/envoy/annotations", include_str!("../../profiles/envoy/annotations")),
];

/// The texts of the profile.
#[must_use]
pub fn texts() -> Texts {
    let [injector, values, mesh, annotations] =
        PROFILE.map(|(name, text)| Text { name: name.to_owned(), text: text.to_owned() });
    Texts {
        injector,
        values,
        mesh: Some(mesh),
        shared_mesh: None,
        proxy_configs: Vec::new(),
        annotations: Some(annotations),
        over: None,
        cluster: Cluster::default(),
    }
}

/// A snapshot of the profile.
///
/// # Errors
/// None for the profile as it is built in; tests hold that.
pub fn build(settings: Settings, cluster: Cluster) -> Result<Built, ConfigError> {
    super::build(&Texts { cluster, ..texts() }, settings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pillion_core::config::Release;

    #[test]
    fn the_profile_always_behaves_as_the_newest_release() {
        let built = build(Settings::default(), Cluster::default()).unwrap();
        assert_eq!(built.snapshot.level, Release::Master.into());
        assert!(built.warnings.is_empty(), "{:?}", built.warnings);
    }
}
