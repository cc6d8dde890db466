//! `otelResourceAttributes`: what a workload says of itself in traces, by OpenTelemetry's conventions for
//! Kubernetes (semconv/non-normative/k8s-attributes). Only where the mesh asks for it.

use pillion_gotmpl::Param::{Named, Str, StrMap};
use pillion_gotmpl::{Cx, Fault, Function, Val};
use pillion_govalue::Value;

pub(super) const TABLE: &[Function] = &[Function::new(
    "otelResourceAttributes",
    &[Named("*v1alpha1.MeshConfig"), StrMap, StrMap, Str, Named("[]v1.Container")],
    attributes,
)];

const CONVENTIONS: &str = "OTEL_SEMANTIC_CONVENTIONS";

fn attributes<'v>(_: &Cx<'v>, a: &[Val<'v>]) -> Result<Val<'v>, Fault> {
    if !wanted(&a[0]) {
        return Ok(Val::from(""));
    }
    let of = |map: &Val<'v>, key: &str| {
        map.entry(key.as_bytes()).map(|v| v.to_bytes().text().into_owned()).filter(|text| !text.is_empty())
    };
    let said = |name: &str| of(&a[1], &format!("resource.opentelemetry.io/{name}"));
    let namespace = a[3].to_bytes().text().into_owned();
    let containers = a[4].tree().and_then(|(list, _)| list.as_list()).unwrap_or_default();
    let field = |at: usize, key| containers.get(at)?.get(key).and_then(Value::as_str);

    let service_namespace =
        said("service.namespace").or_else(|| Some(namespace.clone()).filter(|n| !n.is_empty()));
    let version = said("service.version").or_else(|| of(&a[2], "app.kubernetes.io/version")).or_else(|| {
        if containers.len() == 1 { image_version(field(0, "image").unwrap_or_default()) } else { None }
    });
    // The name of the pod is not known yet; Kubernetes puts it in.
    let instance = said("service.instance.id").or_else(|| {
        let container = field(0, "name").unwrap_or_default();
        (!containers.is_empty()).then(|| format!("{namespace}.$(POD_NAME).{container}"))
    });
    let all = [
        ("service.namespace", service_namespace),
        ("service.version", version),
        ("service.instance.id", instance),
    ];
    let said = all.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", value?)));
    Ok(Val::from(said.collect::<Vec<_>>().join(",")))
}

/// Whether any OpenTelemetry provider of the mesh asks for the conventions.
fn wanted(mesh: &Val<'_>) -> bool {
    let providers =
        mesh.tree().and_then(|(mesh, _)| mesh.get("extensionProviders")?.as_list()).unwrap_or_default();
    providers.iter().any(|provider| {
        let enrichment = provider.at(&["opentelemetry", "serviceAttributeEnrichment"]);
        enrichment.and_then(Value::as_str) == Some(CONVENTIONS)
    })
}

/// Tag, digest or `tag@digest` of an image.
fn image_version(image: &str) -> Option<String> {
    let (name, digest) = image.split_once('@').unwrap_or((image, ""));
    let last = name.rsplit('/').next().unwrap_or(name);
    let tag = last.rsplit_once(':').map_or("", |(_, tag)| tag);
    match (tag.is_empty(), digest.is_empty()) {
        (true, true) => None,
        (false, true) => Some(String::from(tag)),
        (true, false) => Some(String::from(digest)),
        (false, false) => Some(format!("{tag}@{digest}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_an_image_is_its_tag_and_digest() {
        for (image, version) in [
            ("web", None),
            ("example.org:5000/team/web", None),
            ("example.org:5000/web:1.2", Some("1.2")),
            ("web@sha256:ab", Some("sha256:ab")),
            ("example.org/web:1@sha256:ab", Some("1@sha256:ab")),
        ] {
            assert_eq!(image_version(image).as_deref(), version, "{image}");
        }
    }
}
