//! What templates may see: the fields of Istio's `SidecarTemplateData`, by their Go names.
//! Never: what a template does with it.

use pillion_govalue::{Map, Value};

use super::context::Context;
use super::facts;
use super::finish::containers::annotation;
use super::request::Owner;
use crate::config::image;

/// The root for one pod. `pod` is stripped of what an earlier injection put in.
pub(crate) fn root<'r>(cx: &Context<'_, 'r>, pod: &Value<'r>, owner: &Owner) -> Value<'r> {
    let snapshot = cx.snapshot;
    let (uid, gid) = facts::proxy_ids(cx.namespace_facts);
    let kind = annotation(pod, image::IMAGE_TYPE_ANNOTATION);
    let proxy_image =
        image::proxy_image(&snapshot.values, cx.proxy_config.get("image"), kind, &snapshot.gates);
    let mut root = Map::new();
    root.insert("TypeMeta", strings(&[("kind", &owner.kind), ("apiVersion", &owner.api_version)]));
    root.insert("DeploymentMeta", strings(&[("Name", &owner.name), ("Namespace", &owner.namespace)]));
    root.insert("ObjectMeta", metadata(cx, pod, owner));
    root.insert("Spec", pod.get("spec").filter(|s| !s.is_null()).cloned().unwrap_or_else(Value::empty_map));
    root.insert("ProxyConfig", cx.proxy_config.clone());
    root.insert("MeshConfig", snapshot.mesh.config.clone());
    root.insert("Values", snapshot.values.tree.clone());
    root.insert("Revision", snapshot.settings.revision.clone());
    root.insert("NativeSidecars", cx.native);
    root.insert("ProxyImage", proxy_image);
    root.insert("ProxyInitImage", image::proxy_init_image(&snapshot.values, kind));
    root.insert("ProxyUID", uid);
    root.insert("ProxyGID", gid);
    root.insert("InboundTrafficPolicyMode", String::from(snapshot.mesh.inbound_traffic_policy_mode()));
    root.insert("CompliancePolicy", snapshot.settings.compliance_policy.clone());
    root.into()
}

/// The pod's metadata without the API server's bookkeeping, which is large and none of a template's business.
fn metadata<'r>(cx: &Context<'_, 'r>, pod: &Value<'r>, owner: &Owner) -> Value<'r> {
    let mut metadata = pod.get("metadata").filter(|m| !m.is_null()).cloned().unwrap_or_else(Value::empty_map);
    if metadata.get("managedFields").is_some()
        && let Some(map) = metadata.as_map_mut()
    {
        map.remove("managedFields");
    }
    // Guessing the owner, old releases take the label off what templates see.
    if !cx.snapshot.gates.deploymentconfig_label_seen
        && owner.kind == "DeploymentConfig"
        && let Some(labels) = metadata.get_mut("labels").and_then(Value::as_map_mut)
    {
        labels.remove("deploymentconfig");
    }
    metadata
}

fn strings<'r>(members: &[(&'static str, &str)]) -> Value<'r> {
    members.iter().map(|(key, value)| (*key, String::from(*value))).collect::<Map<'r>>().into()
}
