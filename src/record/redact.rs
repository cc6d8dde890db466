//! A review without what may be secret: values of variables, arguments and commands, headers of probes, attributes of
//! drivers, annotations that do not steer injection. Keys stay, and everything that decides about injection stays.
//! Never: a review that is answered; what is hidden here was answered as it came.

use pillion_core::inject::annotations;
use pillion_govalue::{Map, Value, json};

use crate::review;

/// What stands in the place of what is hidden. One word for all: it tells nothing, not even what is alike.
pub const HIDDEN: &str = "redacted";
/// Parts of a request that are kept. Who asked is none of them.
const KEPT: [&str; 11] = [
    "uid",
    "kind",
    "resource",
    "subResource",
    "requestKind",
    "requestResource",
    "requestSubResource",
    "name",
    "namespace",
    "operation",
    "object",
];
/// Annotations of these domains, and of domains below, steer injection.
const DOMAINS: [&str; 4] = ["istio.io", "pillion.dev", "prometheus.io", "k8s.v1.cni.cncf.io"];
/// An annotation whose value is YAML, with variables of the sidecar in it.
const PROXY_CONFIG: &str = "proxy.istio.io/config";
/// An annotation whose value is JSON, with containers in it.
const OVERRIDES: &str = "proxy.istio.io/overrides";

/// The review in `body` as an object, without what may be secret. It is a dry run: whoever answers it writes nothing.
///
/// # Errors
/// A body that is no review of an object.
pub fn redact(body: &[u8]) -> Result<Map<'static>, String> {
    let review = review::read(body).map_err(|error| error.to_string())?;
    let request = review.request.ok_or("the AdmissionReview holds no request")?;
    if request.object.value().map_err(|error| error.to_string())?.is_null() {
        return Err("the request holds no object".to_owned());
    }
    let whole = pillion_govalue::parse(body).map_err(|error| error.to_string())?;
    let mut kept = Map::new();
    for key in KEPT {
        if let Some(value) = whole.at(&["request", key]) {
            kept.insert(key, value.clone());
        }
    }
    kept.insert("dryRun", true);
    if let Some(object) = kept.get_mut("object") {
        redact_pod(object);
    }
    let mut out = Map::new();
    out.insert("kind", "AdmissionReview");
    out.insert("apiVersion", review.version.api_version());
    out.insert("request", kept);
    Ok(out.into_owned())
}

/// Lists of containers in a pod's specification.
const LISTS: [&str; 3] = ["containers", "initContainers", "ephemeralContainers"];
/// A variable in which Istio's injector gives the sidecar the probes of the pod, headers and all.
const PROBES: &str = "ISTIO_KUBE_APP_PROBERS";

/// Hides in `pod` what may be secret and was in `original` already: the user's own. What an injector has put there is
/// shown as it is, but for what it has copied of the user's probes.
pub fn hide_what_was_there(pod: &mut Value<'_>, original: &Value<'_>) {
    if let Some(annotations) = pod.get_mut("metadata").and_then(|metadata| metadata.get_mut("annotations")) {
        each(annotations, |name, value| {
            if original.at(&["metadata", "annotations", name]).is_some() {
                annotation(name, value);
            }
        });
    }
    let named = |item: &Value<'_>| item.get("name").and_then(Value::as_str).map(str::to_owned);
    let before: Vec<String> = LISTS
        .iter()
        .filter_map(|list| original.at(&["spec", *list])?.as_list())
        .flat_map(|items| items.iter().filter_map(named))
        .collect();
    let Some(spec) = pod.get_mut("spec") else { return };
    for list in LISTS {
        let Some(containers) = spec.get_mut(list) else { continue };
        items(containers, |item| match named(item) {
            Some(name) if before.contains(&name) => container(item),
            _ => probes(item),
        });
    }
    if let Some(volumes) = spec.get_mut("volumes") {
        items(volumes, volume);
    }
}

/// Hides the probes of the pod in a sidecar's variables.
fn probes(sidecar: &mut Value<'_>) {
    let Some(variables) = sidecar.get_mut("env").and_then(Value::as_list_mut) else { return };
    for variable in variables.iter_mut() {
        if variable.get("name").and_then(Value::as_str) == Some(PROBES)
            && let Some(value) = variable.get_mut("value")
        {
            hide(value);
        }
    }
}

fn redact_pod(pod: &mut Value<'_>) {
    if pod.as_map().is_none() {
        return hide(pod);
    }
    for part in ["metadata", "spec"] {
        if let Some(part) = pod.get_mut(part).filter(|part| part.as_map().is_none()) {
            hide(part);
        }
    }
    if let Some(metadata) = pod.get_mut("metadata").and_then(Value::as_map_mut) {
        metadata.remove("managedFields");
        if let Some(annotations) = metadata.get_mut("annotations") {
            each(annotations, annotation);
        }
    }
    let Some(spec) = pod.get_mut("spec") else { return };
    for list in LISTS {
        if let Some(containers) = spec.get_mut(list) {
            items(containers, container);
        }
    }
    if let Some(volumes) = spec.get_mut("volumes") {
        items(volumes, volume);
    }
}

fn volume(volume: &mut Value<'_>) {
    if volume.as_map().is_none() {
        return hide(volume);
    }
    for (source, field) in [("csi", "volumeAttributes"), ("flexVolume", "options")] {
        if let Some(found) = volume.get_mut(source).and_then(|source| source.get_mut(field)) {
            hide(found);
        }
    }
}

fn annotation(name: &str, value: &mut Value<'_>) {
    let redacted = match (name, value.as_str()) {
        (PROXY_CONFIG, Some(text)) => proxy_config(text),
        (OVERRIDES, Some(text)) => overrides(text),
        (name, Some(_)) if steers(name) => return,
        _ => None,
    };
    match redacted {
        Some(text) => *value = Value::from(text),
        None => hide(value),
    }
}

/// Whether injection may depend on an annotation.
fn steers(name: &str) -> bool {
    let domain = name.split_once('/').map_or("", |(domain, _)| domain);
    let below = |parent: &&str| {
        domain.strip_suffix(*parent).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    DOMAINS.iter().any(below) || annotations::TABLE.iter().any(|row| row.name == name)
}

/// A proxy configuration without the values of the sidecar's variables. One that cannot be read is hidden.
fn proxy_config(text: &str) -> Option<String> {
    let mut config = pillion_goyaml::parse(text).ok()?;
    let map = config.as_map_mut()?;
    let mut changed = false;
    for key in ["proxyMetadata", "proxy_metadata"] {
        if let Some(variables) = map.get_mut(key) {
            changed = true;
            each(variables, |_, value| {
                // Switches are no secrets, and templates ask for them.
                if !matches!(value.as_str(), Some("true" | "false")) && value.as_bool().is_none() {
                    hide(value);
                }
            });
        }
    }
    let tracer = map.get_mut("tracing").and_then(|tracing| tracing.get_mut("lightstep"));
    if let Some(tracer) = tracer.and_then(Value::as_map_mut) {
        for key in ["accessToken", "access_token"] {
            if let Some(token) = tracer.get_mut(key) {
                changed = true;
                hide(token);
            }
        }
    }
    if changed { pillion_goyaml::to_yaml(&config).ok() } else { Some(text.to_owned()) }
}

/// Containers of the user that an injector has remembered.
fn overrides(text: &str) -> Option<String> {
    let mut remembered = pillion_govalue::parse(text.as_bytes()).ok()?;
    remembered.as_map()?;
    each(&mut remembered, |_, list| items(list, container));
    Some(json::to_string(&remembered, json::PLAIN))
}

fn container(container: &mut Value<'_>) {
    each(container, |field, value| match field {
        "env" => items(value, |variable| {
            each(variable, |field, value| {
                if field == "value" {
                    hide(value);
                }
            });
        }),
        "args" | "command" => hide(value),
        "livenessProbe" | "readinessProbe" | "startupProbe" => handler(value),
        "lifecycle" => each(value, |_, hook| handler(hook)),
        _ => {}
    });
}

/// What runs or calls something: a probe, a hook.
fn handler(handler: &mut Value<'_>) {
    each(handler, |kind, action| match kind {
        "exec" => hide(action),
        "httpGet" => each(action, |field, value| match field {
            "httpHeaders" => items(value, |header| {
                each(header, |field, value| {
                    if field == "value" {
                        hide(value);
                    }
                });
            }),
            "path" => {
                let query = value.as_str().and_then(|path| path.split_once('?'));
                if let Some((path, _)) = query {
                    *value = Value::from(format!("{path}?{HIDDEN}"));
                }
            }
            _ => {}
        }),
        _ => {}
    });
}

/// Does something to each member of an object. What is of another kind than it should be is hidden whole.
fn each<'v>(value: &mut Value<'v>, mut with: impl FnMut(&str, &mut Value<'v>)) {
    match value.as_map_mut() {
        Some(map) => map.iter_mut().for_each(|(key, member)| with(key.as_str(), member)),
        None => hide(value),
    }
}

/// The same with each item of a list.
fn items<'v>(value: &mut Value<'v>, with: impl FnMut(&mut Value<'v>)) {
    match value.as_list_mut() {
        Some(list) => list.iter_mut().for_each(with),
        None => hide(value),
    }
}

/// Hides every text and number; keys, lengths of lists and kinds of values stay.
fn hide(value: &mut Value<'_>) {
    match value {
        Value::Null | Value::Bool(_) => {}
        Value::Str(text) if text.as_str().is_empty() => {}
        Value::Str(_) => *value = Value::from(HIDDEN),
        Value::Int(_) | Value::Uint(_) | Value::Float(_) => *value = Value::Int(0),
        Value::List(_) => {
            if let Some(list) = value.as_list_mut() {
                list.iter_mut().for_each(hide);
            }
        }
        Value::Map(_) => {
            if let Some(map) = value.as_map_mut() {
                map.iter_mut().for_each(|(_, member)| hide(member));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redacted(pod: &str) -> Value<'static> {
        let body = format!(
            r#"{{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{{"uid":"u","userInfo":{{"username":"secret"}},"options":{{"a":"secret"}},"oldObject":{{"b":"secret"}},"object":{pod}}}}}"#
        );
        let review = Value::map(redact(body.as_bytes()).unwrap());
        let text = json::to_string(&review, json::PLAIN);
        assert!(!text.contains("secret"), "{text}");
        review.at(&["request", "object"]).unwrap().clone()
    }

    #[test]
    fn what_may_be_secret_is_hidden_wherever_it_stands() {
        let container = r#"{"name":"a","image":"a:1","command":["sh","secret"],"args":["secret"],
            "env":[{"name":"PASSWORD","value":"secret"},{"name":"T","valueFrom":{"secretKeyRef":{"name":"s","key":"k"}}}],
            "livenessProbe":{"httpGet":{"path":"/x?token=secret","port":1,"httpHeaders":[{"name":"A","value":"secret"}]}},
            "readinessProbe":{"exec":{"command":["secret"]}},
            "lifecycle":{"preStop":{"exec":{"command":["secret"]}}}}"#
            .replace("secretKeyRef", "configMapKeyRef");
        let pod = redacted(&format!(
            r#"{{"metadata":{{"name":"p","managedFields":[{{"x":"secret"}}],"labels":{{"app":"web"}},"annotations":{{
              "kubectl.kubernetes.io/last-applied-configuration":"secret","example.com/x":"secret","notistio.io/x":"secret",
              "sidecar.istio.io/proxyCPU":"100m","prometheus.io/port":"80",
              "proxy.istio.io/config":"proxyMetadata: {{A: secret, ISTIO_META_DNS_CAPTURE: \"true\"}}\nconcurrency: 2\ntracing: {{lightstep: {{accessToken: secret}}}}",
              "proxy.istio.io/overrides":"{{\"containers\":[{{\"name\":\"istio-proxy\",\"env\":[{{\"name\":\"A\",\"value\":\"secret\"}}]}}]}}"
            }}}},"spec":{{"containers":[{container}],"initContainers":[{container}],"ephemeralContainers":[{container}],
              "volumes":[{{"name":"v","csi":{{"driver":"d","volumeAttributes":{{"k":"secret"}}}}}}]}}}}"#
        ));
        let annotations = pod.at(&["metadata", "annotations"]).unwrap();
        let of = |name: &str| annotations.get(name).and_then(Value::as_str).unwrap().to_owned();
        assert_eq!(of("kubectl.kubernetes.io/last-applied-configuration"), HIDDEN);
        assert_eq!(of("sidecar.istio.io/proxyCPU"), "100m");
        assert_eq!(of("prometheus.io/port"), "80");
        let config = of("proxy.istio.io/config");
        assert!(config.contains("DNS_CAPTURE: \"true\"") && config.contains("concurrency: 2"), "{config}");
        assert!(of("proxy.istio.io/overrides").contains(r#"{"name":"A","value":"redacted"}"#));
        let first = &pod.at(&["spec", "containers"]).unwrap().as_list().unwrap()[0];
        assert_eq!(json::to_string(first.get("args").unwrap(), json::PLAIN), r#"["redacted"]"#);
        let probe = first.at(&["livenessProbe", "httpGet", "path"]).unwrap();
        assert_eq!(probe.as_str(), Some("/x?redacted"));
        assert_eq!(first.get("image").and_then(Value::as_str), Some("a:1"));
        assert!(pod.at(&["metadata", "labels", "app"]).is_some());
    }

    #[test]
    fn what_is_of_the_wrong_kind_hides_nothing_behind_it() {
        for pod in [
            r#"{"metadata":{"annotations":["secret"]},"spec":{"containers":"secret"}}"#,
            r#"{"metadata":{"annotations":{"istio.io/x":{"a":"secret"}}},"spec":{"containers":[{"env":"secret","args":"secret"}]}}"#,
            r#"{"spec":{"containers":[["secret"]],"volumes":"secret","initContainers":[{"env":["secret",{"value":{"a":"secret"}}]}]}}"#,
            r#"{"metadata":{"annotations":{"proxy.istio.io/config":"{secret","proxy.istio.io/overrides":"[\"secret\"]"}}}"#,
            r#"{"metadata":"secret","spec":["secret"]}"#,
            r#"{"spec":{"volumes":["secret"]}}"#,
            r#"["secret"]"#,
        ] {
            redacted(pod);
        }
    }

    #[test]
    fn what_is_no_review_of_an_object_is_not_recorded() {
        for body in [
            "",
            "{}",
            r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u"}}"#,
        ] {
            assert!(redact(body.as_bytes()).is_err(), "{body}");
        }
    }
}
