//! The table has every row that code and schema name, and none of unknown kind.

use super::*;

#[test]
fn every_type_that_a_schema_names_has_a_kind() {
    let unknown: Vec<_> = table()
        .iter()
        .filter(|t| matches!(t.kind, Kind::Any) && t.name != "interface {}")
        .map(|t| t.name)
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    assert!(table().len() > 400, "{}", table().len());
}

#[test]
fn every_type_that_code_asks_for_is_there() {
    for (got, want) in [
        (KNOWN.any, "interface {}"),
        (KNOWN.bytes, "[]uint8"),
        (KNOWN.pod, "v1.Pod"),
        (KNOWN.container, "v1.Container"),
        (KNOWN.mesh_config, "*v1alpha1.MeshConfig"),
        (KNOWN.proxy_config, "*v1alpha1.ProxyConfig"),
        (KNOWN.values, "*apis.Values"),
        (KNOWN.template_data, "*inject.SidecarTemplateData"),
        (KNOWN.quantity, "resource.Quantity"),
        (KNOWN.map_string, "map[string]string"),
    ] {
        assert_eq!(got.name(), want);
    }
}

#[test]
fn fields_are_found_by_every_name_also_through_embedded_structs() {
    let pod = KNOWN.pod;
    assert_eq!(pod.field_by_json("apiVersion").unwrap().go, "APIVersion");
    assert_eq!(pod.field_by_go("Spec").unwrap().ty, KNOWN.pod_spec);
    let volume = named("v1.Volume").unwrap();
    assert_eq!(volume.field_by_json("emptyDir").unwrap().ty.name(), "*v1.EmptyDirVolumeSource");
    assert_eq!(volume.field_by_go("VolumeSource").unwrap().json, "");
    let containers = KNOWN.pod_spec.field_by_json("containers").unwrap();
    assert_eq!(containers.patch.merge_key, Some("name"));
    assert!(containers.patch.merge && !containers.patch.retain_keys);
    let proxy = KNOWN.proxy_config.deref();
    assert_eq!(proxy.field_by_proto("interception_mode").unwrap().json, "interceptionMode");
    assert_eq!(proxy.field_by_json("tracing").unwrap().ty.name(), "*v1alpha1.Tracing");
    assert_eq!(named("*v1alpha1.Tracing").unwrap().deref().field_by_json("zipkin").unwrap().oneof, "Tracer");
}

#[test]
fn a_field_is_also_found_by_a_name_in_other_case() {
    let volume = named("v1.Volume").unwrap();
    assert_eq!(volume.field_by_json_fold("EMPTYDIR").unwrap().json, "emptyDir");
    assert_eq!(volume.field_by_json_fold("name").unwrap().json, "name");
    assert!(volume.field_by_json_fold("none").is_none() && volume.field_by_json_fold("").is_none());
}

#[test]
fn named_scalars_keep_their_name_and_kind() {
    let port = named("v1.ContainerPort").unwrap();
    let protocol = port.field_by_json("protocol").unwrap().ty;
    assert_eq!((protocol.name(), protocol.kind()), ("v1.Protocol", Kind::String));
    let limits = named("v1.ResourceRequirements").unwrap().field_by_json("limits").unwrap().ty;
    assert_eq!(limits.name(), "v1.ResourceList");
    let add = named("v1.Capabilities").unwrap().field_by_json("add").unwrap().ty;
    let Kind::List(capability) = add.kind() else { panic!("{add:?}") };
    assert_eq!(
        (add.name(), capability.name(), capability.kind()),
        ("[]v1.Capability", "v1.Capability", Kind::String)
    );
    let policy = KNOWN.pod_spec.field_by_json("preemptionPolicy").unwrap().ty;
    assert_eq!((policy.name(), policy.deref().kind()), ("*v1.PreemptionPolicy", Kind::String));
    assert!(matches!(policy.kind(), Kind::Ptr(_)));
    let uid = KNOWN.object_meta.field_by_go("UID").unwrap().ty;
    assert_eq!(uid.name(), "types.UID");
}

#[test]
fn chart_values_are_known_beside_the_mesh_messages_of_the_same_name() {
    let global = KNOWN.values.deref().field_by_json("global").unwrap().ty.deref();
    assert_eq!(global.field_by_json("proxy").unwrap().ty.name(), "*apis.ProxyConfig");
    assert_eq!(global.field_by_json("tag").unwrap().ty, KNOWN.any);
    assert!(global.field_by_json("proxy_init").is_some());
    assert!(KNOWN.proxy_config.deref().field_by_json("configPath").is_some());
}
