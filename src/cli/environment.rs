//! The environment variables that Istio's injector reads, under their names and with their meaning.
//! Never: the environment itself elsewhere; the core is told through [`Settings`].

use std::collections::BTreeMap;

use pillion_core::config::{NativeSidecars, Platform, Settings};

/// What templates may read with `env`: settings of an injector, none of them secret. `--template-env` adds others.
const FOR_TEMPLATES: [&str; 12] = [
    "CLUSTER_ID",
    "COMPLIANCE_POLICY",
    "ENABLE_NATIVE_SIDECARS",
    "INJECTION_WEBHOOK_CONFIG_NAME",
    "INJECT_ENABLED",
    "ISTIOD_CUSTOM_HOST",
    "PILOT_CERT_PROVIDER",
    "PLATFORM",
    "POD_NAME",
    "POD_NAMESPACE",
    "REVISION",
    "SHARED_MESH_CONFIG",
];

/// Settings out of variables; `lookup` reads one.
pub(super) fn settings(lookup: impl Fn(&str) -> Option<String>, more_for_templates: &[String]) -> Settings {
    let defaults = Settings::default();
    let named = |name| lookup(name).filter(|value| !value.is_empty());
    let for_templates = FOR_TEMPLATES.into_iter().chain(more_for_templates.iter().map(String::as_str));
    Settings {
        revision: named("REVISION").unwrap_or(defaults.revision),
        namespace: named("POD_NAMESPACE").unwrap_or(defaults.namespace),
        native_sidecars: NativeSidecars::parse(lookup("ENABLE_NATIVE_SIDECARS").as_deref()),
        platform: platform(lookup("PLATFORM").as_deref()),
        cluster_id: lookup("CLUSTER_ID").unwrap_or_default(),
        compliance_policy: lookup("COMPLIANCE_POLICY").unwrap_or_default(),
        compat: None,
        env: for_templates
            .filter_map(|name| Some((name.to_owned(), lookup(name)?)))
            .collect::<BTreeMap<_, _>>(),
    }
}

fn platform(value: Option<&str>) -> Platform {
    match value {
        Some("openshift") => Platform::OpenShift,
        Some("gcp") => Platform::Gcp,
        _ => Platform::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(pairs: &[(&str, &str)]) -> Settings {
        let lookup = |name: &str| pairs.iter().find(|(k, _)| *k == name).map(|(_, v)| (*v).to_owned());
        settings(lookup, &["EXTRA".to_owned()])
    }

    #[test]
    fn nothing_set_is_istios_default() {
        let settings = from(&[]);
        assert_eq!((settings.revision.as_str(), settings.namespace.as_str()), ("default", "istio-system"));
        assert_eq!(settings.native_sidecars, NativeSidecars::Auto);
        assert!(settings.env.is_empty());
    }

    #[test]
    fn variables_keep_their_meaning() {
        let settings = from(&[
            ("REVISION", "1-27"),
            ("POD_NAMESPACE", "mesh"),
            ("ENABLE_NATIVE_SIDECARS", "true"),
            ("PLATFORM", "openshift"),
            ("COMPLIANCE_POLICY", "fips-140-2"),
            ("CLUSTER_ID", "east"),
        ]);
        assert_eq!((settings.revision.as_str(), settings.namespace.as_str()), ("1-27", "mesh"));
        assert_eq!(settings.native_sidecars, NativeSidecars::True);
        assert_eq!(settings.platform, Platform::OpenShift);
        assert_eq!(settings.compliance_policy, "fips-140-2");
        assert_eq!(settings.cluster_id, "east");
        for (text, meant) in [
            ("auto", NativeSidecars::Auto),
            ("false", NativeSidecars::False),
            ("maybe", NativeSidecars::False),
            ("", NativeSidecars::False),
            ("1", NativeSidecars::TrueOnce),
            ("TRUE", NativeSidecars::TrueOnce),
        ] {
            assert_eq!(from(&[("ENABLE_NATIVE_SIDECARS", text)]).native_sidecars, meant, "{text}");
        }
    }

    #[test]
    fn templates_see_settings_and_what_was_allowed_and_nothing_else() {
        let settings = from(&[("PLATFORM", "gcp"), ("AWS_SECRET_ACCESS_KEY", "s"), ("EXTRA", "e")]);
        assert_eq!(settings.env.keys().collect::<Vec<_>>(), ["EXTRA", "PLATFORM"]);
    }
}
