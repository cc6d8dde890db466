//! Pods that a configuration is tried on: what most workloads look like, each with the default templates, and for every
//! other template a pod that asks for it. Never: pods that a user sent.

use pillion_core::config::InjectorConfig;
use pillion_govalue::{Map, Value};

use super::Case;

/// Pods of applications.
const APPLICATIONS: [(&str, &str); 4] = [
    ("plain pod", include_str!("../source/samples/pod.json")),
    ("pod with probes, ports and an init container", include_str!("../source/samples/busy.json")),
    ("restricted pod", include_str!("samples/restricted.json")),
    ("pod of a Job", include_str!("samples/job.json")),
];
/// The pod of a gateway: the template fills its only container.
const GATEWAY: (&str, &str) = ("gateway", include_str!("samples/gateway.json"));

/// Templates that istiod's gateway controller renders, by another root than that of pods: no pod can ask for them.
const OF_THE_GATEWAY_CONTROLLER: [&str; 4] =
    ["waypoint", "kube-gateway", "agentgateway", "agentgateway-waypoint"];
/// How a pod asks for templates.
const TEMPLATES: &str = "inject.istio.io/templates";
/// What says that a template is for a pod that is a proxy and nothing else.
const FOR_GATEWAYS: &str = "gateway";

/// Every sample of the default templates.
#[must_use]
pub fn of_defaults() -> Vec<Case> {
    APPLICATIONS.iter().filter_map(|(name, text)| case(name, text, None)).collect()
}

/// A template that is no default one, and the samples that ask for it: alone, and behind the default ones, as whoever
/// wrote it may have meant it.
pub struct OfTemplate {
    /// The template or alias.
    pub name: String,
    /// Pods that ask for it alone.
    pub alone: Vec<Case>,
    /// Pods that ask for it behind the default ones.
    pub behind: Vec<Case>,
}

/// The samples of all other templates and aliases.
#[must_use]
pub fn of_others(config: &InjectorConfig) -> Vec<OfTemplate> {
    let defaults = config.resolved_default_templates();
    let names = config.templates.keys().chain(config.aliases.keys());
    let others = names.filter(|name| {
        !defaults.contains(&name.as_str())
            && !config.default_templates.contains(name)
            && !OF_THE_GATEWAY_CONTROLLER.contains(&name.as_str())
    });
    others
        .map(|name| {
            let pods: &[_] = if name.contains(FOR_GATEWAYS) { &[GATEWAY] } else { &APPLICATIONS };
            let all = |asked: &str| {
                let title = |pod: &str| format!("{pod} with template {name}");
                pods.iter().filter_map(|(pod, text)| case(&title(pod), text, Some(asked))).collect()
            };
            let behind = format!("{},{name}", config.default_templates.join(","));
            OfTemplate { name: name.clone(), alone: all(name), behind: all(&behind) }
        })
        .collect()
}

fn case(label: &str, text: &str, templates: Option<&str>) -> Option<Case> {
    let mut pod = pillion_govalue::parse(text.as_bytes()).ok()?.into_owned();
    if let Some(templates) = templates {
        let metadata = pod.child_map("metadata")?;
        let annotations = metadata.entry_or_insert("annotations", Value::map(Map::new()));
        annotations.as_map_mut()?.insert(TEMPLATES, templates.to_owned());
    }
    Some(Case { label: label.to_owned(), namespace: "default".to_owned(), pod })
}

#[cfg(test)]
mod tests {
    use super::*;
    use pillion_core::config::{Cluster, Settings};

    #[test]
    fn every_sample_is_a_pod() {
        assert_eq!(of_defaults().len(), APPLICATIONS.len());
        let snapshot =
            crate::source::embedded::build(Settings::default(), Cluster::default()).unwrap().snapshot;
        let mut config = snapshot.injector;
        let sidecar = config.templates["sidecar"].clone();
        for name in ["gateway", "custom", "waypoint"] {
            config.templates.insert(name.to_owned(), sidecar.clone());
        }
        config.aliases.insert("both".to_owned(), vec!["sidecar".to_owned(), "custom".to_owned()]);
        let others = of_others(&config);
        let names: Vec<_> = others.iter().map(|other| (other.name.as_str(), other.alone.len())).collect();
        assert_eq!(names, [("custom", 4), ("gateway", 1), ("both", 4)]);
        let asked = others[0].behind[0].pod.at(&["metadata", "annotations", TEMPLATES]);
        assert_eq!(asked.and_then(Value::as_str), Some("sidecar,custom"));
    }
}
