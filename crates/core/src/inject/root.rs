//! What templates may see: the fields of Istio's `SidecarTemplateData`, by their Go names; and what of it is known
//! before there is a pod. Never: what a template does with it.

use pillion_govalue::{Map, Value};

use super::context::Context;
use super::facts;
use super::finish::containers::annotation;
use super::request::Owner;
use crate::config::{KnownRoots, Platform, Snapshot, image};

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
    root.insert("InboundTrafficPolicyMode", snapshot.mesh.inbound_traffic_policy_mode());
    root.insert("CompliancePolicy", snapshot.settings.compliance_policy.clone());
    root.into()
}

/// What the root of every pod has, and of one of which nothing asks for anything else. Members are in the order of
/// [`root`].
pub(crate) fn known(snapshot: &Snapshot) -> KnownRoots {
    let proxy_config = snapshot.mesh.usual_proxy_config();
    let (native, _) =
        facts::native_sidecar(snapshot, &Value::Null, snapshot.facts_of(snapshot.values.cluster_name()));
    let image = image::proxy_image(&snapshot.values, proxy_config.get("image"), None, &snapshot.gates);
    let mut usual = Map::new();
    usual.insert("ProxyConfig", proxy_config.clone());
    usual.insert("MeshConfig", snapshot.mesh.config.clone());
    usual.insert("Values", snapshot.values.tree.clone());
    usual.insert("Revision", snapshot.settings.revision.clone());
    usual.insert("NativeSidecars", native);
    usual.insert("ProxyImage", image);
    usual.insert("ProxyInitImage", image::proxy_init_image(&snapshot.values, None));
    // There the ids are those of the namespace.
    if snapshot.settings.platform != Platform::OpenShift {
        let (uid, gid) = facts::proxy_ids(None);
        usual.insert("ProxyUID", uid);
        usual.insert("ProxyGID", gid);
    }
    usual.insert("InboundTrafficPolicyMode", snapshot.mesh.inbound_traffic_policy_mode());
    usual.insert("CompliancePolicy", snapshot.settings.compliance_policy.clone());
    let mut fixed = usual.clone();
    fixed.retain(|key, _| FIXED.contains(&key));
    KnownRoots { usual: usual.into(), fixed: fixed.into() }
}

/// Members that no pod and no cluster changes.
const FIXED: [&str; 5] = ["MeshConfig", "Values", "Revision", "InboundTrafficPolicyMode", "CompliancePolicy"];

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
