//! Tells the release of Istio from a configuration that does not name one: from the words of its `sidecar` template,
//! else from the tag of its images. Never: what follows from a release.

use super::{Level, Release};

/// Words of the `sidecar` template that came with a release and stayed; the first that is found tells it.
const MARKERS: [(&str, Release); 11] = [
    ("ProxyInitImage", Release::Master),
    ("otelResourceAttributes", Release::V1_30),
    ("crlConfigMapName", Release::V1_29),
    ("global.proxy.seccompProfile", Release::V1_28),
    (".NativeSidecars", Release::V1_27),
    ("ENABLE_CLUSTER_TRUST_BUNDLE_API", Release::V1_26),
    ("service.istio.io/workload-name", Release::V1_25),
    ("sidecar.istio.io/nativeSidecar", Release::V1_24),
    ("outlierLogPath", Release::V1_23),
    (".InboundTrafficPolicyMode", Release::V1_22),
    ("trunc 63", Release::V1_21),
];
/// A word that the template of 1.31 has and the one after it has no more.
const BEFORE_MASTER: &str = "GOMAXPROCS";
/// A word of 1.20's template that went away with 1.22: the sign of 1.20 where no marker is found.
const OLDEST: &str = "JWT_POLICY";
/// What every template that Istio ships for sidecars names. Without it a marker is a word that anybody may use.
const SHIPPED: &str = "istio-proxy";
/// How a profile of Pillion's own says that it is one: it is written for the newest behaviour.
const OWN_PROFILE: &str = "pillion.dev/profile";

/// Tells the release from the text of the `sidecar` template and the tag of the images; with a warning where
/// it had to be guessed.
///
/// A profile of Pillion's own is always the newest. A template of the user's, which Istio did not ship, takes the
/// release that the tag names, else the newest.
#[must_use]
pub fn fingerprint(sidecar: Option<&str>, tag: &str) -> (Level, Option<String>) {
    if sidecar.is_some_and(is_own_profile) {
        return (Release::Master.into(), None);
    }
    if let Some(release) = sidecar.and_then(shipped) {
        return (Level::from(release).refined(tag), None);
    }
    match Level::of_tag(tag) {
        Some(level) => (level, None),
        None => (Release::Master.into(), Some(unsure(sidecar, tag))),
    }
}

/// Whether a `sidecar` template is a profile of Pillion's own: a plain Envoy, without Istio's agent beside it.
#[must_use]
pub fn is_own_profile(sidecar: &str) -> bool {
    sidecar.contains(OWN_PROFILE)
}

/// The release that ships such a template.
fn shipped(text: &str) -> Option<Release> {
    if !text.contains(SHIPPED) {
        return None;
    }
    match MARKERS.iter().find(|(word, _)| text.contains(word)) {
        Some((_, Release::Master)) if text.contains(BEFORE_MASTER) => Some(Release::V1_31),
        Some((_, release)) => Some(*release),
        None => text.contains(OLDEST).then_some(Release::V1_20),
    }
}

fn unsure(sidecar: Option<&str>, tag: &str) -> String {
    let template = match sidecar {
        Some(_) => "the sidecar template is none that Istio ships",
        None => "there is no sidecar template",
    };
    format!(
        "{template} and global.tag {tag:?} names no release of Istio: the newest behaviour is taken; --compat \
         RELEASE says which one it shall be"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, tag: &str) -> Level {
        let (level, warning) = fingerprint(Some(text), tag);
        assert_eq!(warning, None, "{text} {tag}");
        level
    }

    const fn plain(release: Release) -> Level {
        Level { release, patch: None }
    }

    #[test]
    fn a_release_is_told_by_the_template_before_the_tag() {
        let template = |marker: &str| format!("containers: [{{name: istio-proxy}}] {marker}");
        for (marker, release) in MARKERS {
            assert_eq!(of(&template(marker), "latest"), plain(release));
        }
        assert_eq!(of(&template("{{ .ProxyInitImage }} GOMAXPROCS"), "latest"), plain(Release::V1_31));
        assert_eq!(of(&template("{{ .NativeSidecars }}"), "1.24.0"), plain(Release::V1_27));
        let patched = Level { release: Release::V1_20, patch: Some(1) };
        assert_eq!(of(&template("JWT_POLICY"), "1.20.1"), patched);
    }

    #[test]
    fn a_template_of_the_users_takes_the_tag_whatever_words_it_uses() {
        let patched = Level { release: Release::V1_26, patch: Some(2) };
        assert_eq!(of("my own", "1.26.2-distroless"), patched);
        assert_eq!(
            of("my own {{ .NativeSidecars }}", "1.26.2"),
            patched,
            "markers count in Istio's text only"
        );
        assert_eq!(of("an istio-proxy of my own", "1.26.2"), patched, "and without a marker there is none");
    }

    #[test]
    fn where_nothing_tells_the_release_the_newest_is_taken_with_a_warning() {
        for (text, tag, said) in [
            (Some("my own"), "latest", "is none that Istio ships and global.tag \"latest\""),
            (Some("{{ .NativeSidecars }}"), "", "is none that Istio ships"),
            (None, "nightly", "there is no sidecar template"),
        ] {
            let (level, warning) = fingerprint(text, tag);
            assert_eq!(level, plain(Release::Master));
            let warning = warning.unwrap();
            assert!(warning.contains(said) && warning.contains("--compat"), "{warning}");
        }
    }

    #[test]
    fn a_profile_of_our_own_is_always_the_newest() {
        let text = "{{/* pillion.dev/profile: envoy */}}{{ .NativeSidecars }} istio-proxy";
        assert_eq!(of(text, "1.24.3"), plain(Release::Master));
    }
}
