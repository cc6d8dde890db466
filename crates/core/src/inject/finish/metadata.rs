//! Pass `metadata`: the network label, the status annotation by which a pod is known as injected, and the
//! installation's further annotations (Istio's `applyMetadata` and `getInjectionStatus`).

use pillion_govalue::{Value, json};

use super::FinishError;
use super::containers::{self, List};
use crate::inject::context::Context;

/// The annotation that every injected pod carries, which says what was injected.
pub const STATUS: &str = "sidecar.istio.io/status";

/// Writes label and annotations.
pub(super) fn run<'r>(
    pod: &mut Value<'r>,
    template_pod: &Value<'r>,
    cx: &Context<'_, 'r>,
) -> Result<bool, FinishError> {
    if let Some(network) = cx.proxy_env.get("ISTIO_META_NETWORK")
        && let Some(labels) = containers::metadata_mut(pod, "labels")
    {
        labels.insert("topology.istio.io/network", network.clone());
    }
    let status = status(template_pod, &cx.snapshot.settings.revision);
    if let Some(annotations) = containers::metadata_mut(pod, "annotations") {
        annotations.insert(STATUS, status);
        for (key, value) in &cx.snapshot.injector.injected_annotations {
            annotations.insert(key.clone(), value.clone());
        }
    }
    Ok(true)
}

/// The status text: names of what the templates made, in a fixed key order; a missing list is `null`.
fn status(template_pod: &Value<'_>, revision: &str) -> String {
    let lists: [(&str, &[Value<'_>]); 4] = [
        ("initContainers", containers::list(template_pod, List::InitContainers)),
        ("containers", containers::list(template_pod, List::Containers)),
        ("volumes", spec_list(template_pod, "volumes")),
        ("imagePullSecrets", spec_list(template_pod, "imagePullSecrets")),
    ];
    let mut out = String::from("{");
    for (key, items) in lists {
        json::write_string(&mut out, key, true);
        out.push(':');
        write_names(&mut out, items);
        out.push(',');
    }
    out.push_str("\"revision\":");
    json::write_string(&mut out, if revision.is_empty() { "default" } else { revision }, true);
    out.push('}');
    out
}

fn spec_list<'p, 'r>(pod: &'p Value<'r>, key: &str) -> &'p [Value<'r>] {
    pod.at(&["spec", key]).and_then(Value::as_list).unwrap_or_default()
}

/// Go writes a slice that nothing was appended to as `null`.
fn write_names(out: &mut String, items: &[Value<'_>]) {
    if items.is_empty() {
        out.push_str("null");
        return;
    }
    for (i, item) in items.iter().enumerate() {
        out.push(if i == 0 { '[' } else { ',' });
        json::write_string(out, containers::name(item), true);
    }
    out.push(']');
}

#[cfg(test)]
mod tests {
    use super::*;
    use pillion_govalue::parse;

    #[test]
    fn the_status_names_what_the_templates_made_in_istios_key_order() {
        let pod = parse(
            br#"{"spec":{"containers":[{"name":"istio-proxy"}],"volumes":[{"name":"a"},{"name":"b"}]}}"#,
        );
        assert_eq!(
            status(&pod.unwrap(), ""),
            r#"{"initContainers":null,"containers":["istio-proxy"],"volumes":["a","b"],"imagePullSecrets":null,"revision":"default"}"#
        );
    }
}
