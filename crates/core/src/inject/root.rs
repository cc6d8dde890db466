//! What templates may see: the fields of Istio's `SidecarTemplateData`, by their Go names, and what a profile declares; and what of it is known
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
    let [proxy_image, proxy_init_image] = images(cx, annotation(pod, image::IMAGE_TYPE_ANNOTATION));
    Value::map(Map::from_unique(vec![
        ("TypeMeta".into(), strings([("kind", &owner.kind), ("apiVersion", &owner.api_version)])),
        ("DeploymentMeta".into(), strings([("Name", &owner.name), ("Namespace", &owner.namespace)])),
        ("ObjectMeta".into(), metadata(cx, pod, owner)),
        ("Spec".into(), pod.get("spec").filter(|s| !s.is_null()).cloned().unwrap_or_else(Value::empty_map)),
        ("ProxyConfig".into(), cx.proxy_config.clone()),
        ("MeshConfig".into(), snapshot.mesh.config.clone()),
        ("Values".into(), snapshot.values.tree.clone()),
        ("Revision".into(), snapshot.settings.revision.clone().into()),
        ("NativeSidecars".into(), cx.native.into()),
        ("ProxyImage".into(), proxy_image),
        ("ProxyInitImage".into(), proxy_init_image),
        ("ProxyUID".into(), uid.into()),
        ("ProxyGID".into(), gid.into()),
        ("InboundTrafficPolicyMode".into(), snapshot.mesh.inbound_traffic_policy_mode().into()),
        ("CompliancePolicy".into(), snapshot.settings.compliance_policy.clone().into()),
        ("Settings".into(), cx.declared.settings.clone()),
    ]))
}

/// The images of the sidecar and of its init container: put together beforehand for pods that name no type of image.
fn images<'r>(cx: &Context<'_, '_>, kind: Option<&str>) -> [Value<'r>; 2] {
    let (snapshot, usual) = (cx.snapshot, &cx.snapshot.known.usual);
    if kind.is_none() && usual.get("ProxyConfig").is_some_and(|config| config.same_pointer(&cx.proxy_config))
    {
        return ["ProxyImage", "ProxyInitImage"].map(|name| usual.get(name).cloned().unwrap_or_default());
    }
    let image = cx.proxy_config.get("image");
    let proxy_image = image::proxy_image(&snapshot.values, image, kind, &snapshot.gates);
    [proxy_image.into(), image::proxy_init_image(&snapshot.values, kind).into()]
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
    usual.insert("Settings", snapshot.declared.defaults().clone());
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

fn strings<'r>(members: [(&'static str, &str); 2]) -> Value<'r> {
    let members = members.map(|(key, value)| (key.into(), String::from(value).into()));
    Value::map(Map::from_unique(members.into()))
}
