//! How the pods of a workload differ from the captured one: what teams write differently, what makes a pod large, how
//! many workloads of which kind a cluster has. managedFields grow with the pod, as an API server makes them. Never: the
//! order of requests.

use anyhow::{Context, Result};
use pillion_govalue::{Map, Value, parse};

use crate::captured::{Captured, Kind};
use crate::review::{Body, word};
use crate::workloads::named_apart;

/// Environment variables of a large pod.
pub(crate) const VARIABLES: usize = 1500;
/// Containers of a large pod.
const CONTAINERS: usize = 30;
/// managedFields' key of the first container.
const FIRST: &str = r#"k:{"name":"app"}"#;
/// What managedFields say of an environment variable.
const VARIABLE: &str = r#"{".":{},"f:name":{},"f:value":{}}"#;

/// How many workloads of a kind a cluster has, and their pods: 10,000 of 500.
const CLUSTER: &[(Kind, u64, u32)] = &[
    (Kind::Deployment, 300, 6000),
    (Kind::StatefulSet, 80, 800),
    (Kind::DaemonSet, 50, 2000),
    (Kind::Job, 70, 1200),
];

/// Annotations that some teams write.
const ANNOTATIONS: &[&[(&str, &str)]] = &[
    &[],
    &[("prometheus.io/scrape", "true"), ("prometheus.io/port", "9090")],
    &[],
    &[("traffic.sidecar.istio.io/excludeOutboundPorts", "5432,6379")],
    &[("sidecar.istio.io/proxyCPU", "200m"), ("sidecar.istio.io/proxyMemory", "256Mi")],
    &[],
    &[("proxy.istio.io/config", "holdApplicationUntilProxyStarts: true\n")],
];

/// The workloads of a cluster: kind, number, pods.
pub(crate) fn cluster() -> impl Iterator<Item = (Kind, u64, u32)> {
    let mut first = 0;
    CLUSTER.iter().flat_map(move |&(kind, count, pods)| {
        let from = first;
        first += count;
        let each = pods / u32::try_from(count).unwrap_or(1);
        let more = u64::from(pods) - u64::from(each) * count;
        // Deployments are of many sizes, which come to the same in pairs.
        (0..count).map(move |at| {
            let uneven = kind == Kind::Deployment && at < count / 2 * 2;
            let by = if uneven { u32::try_from(at / 2).unwrap_or_default() % each } else { 0 };
            let size = if at % 2 == 0 { each - by } else { each + by };
            (kind, from + at, size + u32::from(at < more))
        })
    })
}

/// Makes a pod that of another team: image, environment, annotations, and sometimes a second container.
pub(crate) fn vary(review: &mut Captured, number: u64) -> Result<()> {
    let container = review.container()?;
    let tag = format!("registry.example/team-{}/service-{number}:{}.{}", number % 8, number % 3, number % 17);
    set(container, "image", tag)?;
    let env = container.child_list("env").context("no environment")?;
    for at in 0..number % 6 {
        env.push(variable(&format!("FEATURE_{at}"), &format!("value-{number}-{at}"))?);
    }
    let names: Vec<String> = (0..number % 6).map(|at| format!("FEATURE_{at}")).collect();
    grow_managed(review, FIRST, &names)?;
    if number % 4 == 3 {
        repeat_container(review, &["worker".to_owned()])?;
    }
    let rows = ANNOTATIONS[usize::try_from(number % ANNOTATIONS.len() as u64)?];
    let annotations = review.pod()?.get_mut("metadata").and_then(|meta| meta.child_map("annotations"));
    let annotations = annotations.context("no annotations")?;
    for (key, value) in rows {
        annotations.insert(*key, Value::Str((*value).into()));
    }
    sort(annotations);
    Ok(())
}

/// Gives a pod more environment variables; `distinct`: with values that no other pod has.
pub(crate) fn environment(review: &mut Captured, count: usize, distinct: bool) -> Result<()> {
    let names: Vec<String> = (0..count).map(|at| format!("SETTING_{at:04}")).collect();
    let env = review.container()?.child_list("env").context("no environment")?;
    for (at, name) in names.iter().enumerate() {
        let own = if distinct { word(2000 + u32::try_from(at)?) } else { format!("{at:08}") };
        env.push(variable(name, &format!("value-{own}-of-the-service"))?);
    }
    grow_managed(review, FIRST, &names)
}

/// Gives a pod 30 containers; `distinct`: with images and environments that no other pod has.
pub(crate) fn containers(review: &mut Captured, distinct: bool) -> Result<()> {
    let names: Vec<String> = (1..CONTAINERS).map(|at| format!("app-{at:02}")).collect();
    repeat_container(review, &names)?;
    let spec = review.pod()?.get_mut("spec").and_then(|spec| spec.child_list("containers"));
    for (at, container) in spec.context("no containers")?.iter_mut().enumerate().skip(1) {
        let own = if distinct { word(100 + u32::try_from(at)?) } else { format!("{at:02}") };
        set(container, "image", format!("registry.example/team/part-{own}:1.14.2"))?;
        let first = container.child_list("env").and_then(|env| env.first_mut()).context("no environment")?;
        set(first, "value", format!("level-{own}"))?;
    }
    Ok(())
}

/// Gives each pod an image, an environment and labels that no other has.
pub(crate) fn own_words(review: &mut Captured) -> Result<()> {
    let container = review.container()?;
    set(container, "image", format!("registry.example/{}/app:{}", word(10), word(11)))?;
    let env = container.child_list("env").context("no environment")?;
    for (at, variable) in env.iter_mut().take(2).enumerate() {
        set(variable, "value", format!("{}.storage.svc.cluster.local", word(12 + u32::try_from(at)?)))?;
    }
    env.push(variable("OWN", &word(15))?);
    let labels = review.pod()?.get_mut("metadata").and_then(|meta| meta.child_map("labels"));
    let labels = labels.context("no labels")?;
    labels.insert("team", Value::Str(word(16).into()));
    labels.insert("app.kubernetes.io/version", Value::Str(word(11).into()));
    sort(labels);
    Ok(())
}

/// The body of a pod whose names, its first container's too, no other pod has.
pub(crate) fn name_apart(review: &Captured) -> Result<Body> {
    let mut review = review.clone();
    let name = word(17);
    set(review.container()?, "name", name.clone())?;
    let managed = review.managed()?;
    let fields = managed.remove(FIRST).context("managedFields without the first container")?;
    managed.insert(format!(r#"k:{{"name":"{name}"}}"#), fields);
    review.body(&named_apart())
}

/// Adds copies of the first container under other names.
fn repeat_container(review: &mut Captured, names: &[String]) -> Result<()> {
    let first = review.container()?.clone();
    let list = review.pod()?.get_mut("spec").and_then(|spec| spec.child_list("containers"));
    let list = list.context("no containers")?;
    for name in names {
        let mut copy = first.clone();
        set(&mut copy, "name", name.clone())?;
        // Ports of one pod have names of their own.
        copy.as_map_mut().and_then(|map| map.remove("ports"));
        for probe in ["readinessProbe", "livenessProbe"] {
            copy.as_map_mut().and_then(|map| map.remove(probe));
        }
        list.push(copy);
    }
    let managed = review.managed()?;
    let mut fields = managed.get(FIRST).context("managedFields without the first container")?.clone();
    for gone in ["f:ports", "f:readinessProbe", "f:livenessProbe"] {
        fields.as_map_mut().and_then(|map| map.remove(gone));
    }
    for name in names {
        managed.insert(format!(r#"k:{{"name":"{name}"}}"#), fields.clone());
    }
    sort(managed);
    Ok(())
}

/// Adds environment variables to what managedFields know of a container.
fn grow_managed(review: &mut Captured, container: &str, names: &[String]) -> Result<()> {
    let env = review.managed()?.get_mut(container).and_then(|fields| fields.child_map("f:env"));
    let env = env.context("managedFields without environment")?;
    let fields = parse(VARIABLE.as_bytes())?.into_owned();
    // One by one into an empty map: inserting looks for the key.
    let mut entries: Vec<_> = env.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    entries.extend(names.iter().map(|name| (format!(r#"k:{{"name":"{name}"}}"#).into(), fields.clone())));
    *env = Map::from_unique(entries);
    sort(env);
    Ok(())
}

/// Puts the keys in the order in which Go writes those of a map.
pub(crate) fn sort(map: &mut Map<'static>) {
    let entries = map.sorted().into_iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    *map = Map::from_unique(entries);
}

fn variable(name: &str, value: &str) -> Result<Value<'static>> {
    let mut variable = Value::empty_map();
    set(&mut variable, "name", name.to_owned())?;
    set(&mut variable, "value", value.to_owned())?;
    Ok(variable)
}

/// Sets a string field of an object.
fn set(object: &mut Value<'static>, key: &'static str, text: String) -> Result<()> {
    object
        .as_map_mut()
        .with_context(|| format!("{key} of what is no object"))?
        .insert(key, Value::Str(text.into()));
    Ok(())
}
