//! `pillion status`: which pods have their sidecar, which lack it, and which have an older one. Writes nothing, unless
//! --restart says so. Never: what a pod's state is (see `cluster::inventory`).

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::ValueEnum;
use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use kube::api::{Patch, PatchParams};
use kube::{Api, Client, ResourceExt};
use serde_json::json;
use tokio::time::sleep;

use super::cluster::{AccessArgs, on_cluster};
use super::named::Named;
use super::origin::{IstioctlArgs, OriginArgs};
use super::pillions::Pillions;
use super::{complain, duration, print};
use crate::clock::now;
use crate::cluster::client::answered;
use crate::cluster::inventory::{self, PodSeen, State, counted};
use crate::explain::Subject;

/// What was typed.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The namespace; without it that of the kubeconfig's context, or `default`.
    #[arg(long, short = 'n', value_name = "NS")]
    namespace: Option<String>,
    /// All namespaces.
    #[arg(long, short = 'A')]
    all_namespaces: bool,
    /// Only pods with these labels.
    #[arg(long, short = 'l', value_name = "SELECTOR")]
    selector: Option<String>,
    /// How it is shown.
    #[arg(long, short = 'o', value_enum, default_value = "table", value_name = "FORMAT")]
    output: Format,
    /// Restart workloads whose pods are missing their sidecar, have an older one, or one too many: one after the other,
    /// as `kubectl rollout restart` does.
    #[arg(long)]
    restart: bool,
    /// How long to wait between two restarts.
    #[arg(long, default_value = "10s", value_name = "TIME", value_parser = duration::of_a_day, requires = "restart")]
    restart_interval: Duration,
    #[command(flatten)]
    origin: OriginArgs,
    /// Where the configuration is in a cluster: the root namespace of the mesh with --config-source configmap, Pillion's
    /// own namespace with `embedded`.
    #[arg(long = "istioNamespace", visible_alias = "istio-namespace", short = 'i', value_name = "NS")]
    istio_namespace: Option<String>,
    #[command(flatten)]
    access: AccessArgs,
}

/// Formats of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Namespaces, and below them workloads that need a look.
    Table,
    /// All workloads, as JSON.
    Json,
}

/// A workload: namespace, kind, name.
type Workload = (String, String, String);

/// Runs the command.
pub(super) fn run(args: Args) -> Result<()> {
    let access = args.access.access();
    on_cluster(&access, async |client| {
        let default = client.default_namespace().to_owned();
        let namespace = args.namespace.clone().unwrap_or(default);
        let scope = (!args.all_namespaces).then_some(namespace.as_str());
        let named = Named {
            origin: args.origin,
            istioctl: IstioctlArgs::default(),
            istio_namespace: args.istio_namespace,
        };
        let pods = seen(&client, scope, args.selector.as_deref(), named).await?;
        let workloads = workloads(&client, pods).await;
        match args.output {
            Format::Table => print(&table(&workloads))?,
            Format::Json => print(&(as_json(&workloads).to_string() + "\n"))?,
        }
        if args.restart {
            restart(&client, &workloads, args.restart_interval).await?;
        }
        Ok(())
    })
}

async fn seen(
    client: &Client,
    namespace: Option<&str>,
    selector: Option<&str>,
    named: Named,
) -> Result<Vec<PodSeen>> {
    let mut pillions = Pillions::of(client.clone(), named).await?;
    let mut seen = Vec::new();
    inventory::pods(client, namespace, selector, async |pod| {
        let sent = inventory::as_sent(&pod);
        let pod = &sent.pod;
        let text = |key| pod.at(&["metadata", key]).and_then(|v| v.as_str()).unwrap_or_default().to_owned();
        let subject = Subject {
            label: format!("Pod \"{}/{}\"", text("namespace"), text("name")),
            namespace: text("namespace"),
            pod: pod.clone(),
        };
        let (calls, snapshot) = pillions.answering(&subject).await?;
        seen.push(inventory::judge(&sent, &calls, snapshot, now()));
        anyhow::Ok(())
    })
    .await
    .context("cannot list pods")?;
    Ok(seen)
}

/// Pods by the workload that people know: the Deployment above a ReplicaSet.
async fn workloads(client: &Client, pods: Vec<PodSeen>) -> BTreeMap<Workload, Vec<PodSeen>> {
    let mut above: BTreeMap<(String, String), Option<String>> = BTreeMap::new();
    let mut workloads: BTreeMap<Workload, Vec<PodSeen>> = BTreeMap::new();
    for pod in pods {
        let (mut kind, mut name) = pod.keeper.clone();
        if kind == "ReplicaSet" {
            let key = (pod.namespace.clone(), name.clone());
            if !above.contains_key(&key) {
                above.insert(key.clone(), deployment_of(client, &key).await);
            }
            if let Some(Some(deployment)) = above.get(&key) {
                (kind, name) = ("Deployment".to_owned(), deployment.clone());
            }
        }
        workloads.entry((pod.namespace.clone(), kind, name)).or_default().push(pod);
    }
    workloads
}

/// What cannot be read stays a ReplicaSet.
async fn deployment_of(client: &Client, (namespace, name): &(String, String)) -> Option<String> {
    let api: Api<ReplicaSet> = Api::namespaced(client.clone(), namespace);
    let set = answered(api.get_metadata_opt(name)).await.ok()??;
    let owner = set.owner_references().iter().find(|owner| owner.controller == Some(true))?.clone();
    (owner.kind == "Deployment").then_some(owner.name)
}

fn table(workloads: &BTreeMap<Workload, Vec<PodSeen>>) -> String {
    let mut namespaces: BTreeMap<(&str, String), Vec<&PodSeen>> = BTreeMap::new();
    for pod in workloads.values().flatten() {
        let revision = if pod.revision.is_empty() { "-".to_owned() } else { pod.revision.clone() };
        namespaces.entry((&pod.namespace, revision)).or_default().push(pod);
    }
    if namespaces.is_empty() {
        return "There are no pods.\n".to_owned();
    }
    let mut rows = vec![header(&["NAMESPACE", "REVISION"], &State::ALL.map(State::name), &["NATIVE"])];
    for ((namespace, revision), pods) in &namespaces {
        let counts = counted(pods.iter().copied());
        let count = |state: &State| counts.get(state).copied().unwrap_or(0).to_string();
        let native = pods.iter().filter(|pod| pod.native).count().to_string();
        let cells = [(*namespace).to_owned(), revision.clone()].into_iter();
        rows.push(cells.chain(State::ALL.iter().map(count)).chain([native]).collect());
    }
    let mut out = aligned(&rows);
    let mut rows = vec![header(&["WORKLOAD"], &[], &["PODS", "STATE", "WHY"])];
    for ((namespace, kind, name), pods) in workloads {
        for (state, of_state) in by_state(pods) {
            if matches!(state, State::Injected | State::Left) {
                continue;
            }
            let first = of_state[0];
            let why = if first.changes.is_empty() { first.why.clone() } else { shortened(&first.changes) };
            let workload = format!("{namespace}/{kind}/{name}");
            rows.push(vec![workload, of_state.len().to_string(), state.name().to_owned(), why]);
        }
    }
    if rows.len() > 1 {
        out.push('\n');
        out.push_str(&aligned(&rows));
    }
    out
}

fn by_state(pods: &[PodSeen]) -> BTreeMap<State, Vec<&PodSeen>> {
    let mut states: BTreeMap<State, Vec<&PodSeen>> = BTreeMap::new();
    pods.iter().for_each(|pod| states.entry(pod.state).or_default().push(pod));
    states
}

/// The first changes, and how many more there are.
fn shortened(changes: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown = changes.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match changes.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        Some(more) => format!("{shown} and {more} more"),
        None => shown,
    }
}

fn header(first: &[&str], middle: &[&str], last: &[&str]) -> Vec<String> {
    first.iter().chain(middle).chain(last).map(|cell| cell.to_uppercase()).collect()
}

/// Columns as kubectl sets them.
fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|at| width(at).unwrap_or(0)).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("   ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

fn as_json(workloads: &BTreeMap<Workload, Vec<PodSeen>>) -> serde_json::Value {
    let pod = |pod: &PodSeen| {
        json!({
            "name": pod.name, "state": pod.state.name(), "why": pod.why, "revision": pod.revision,
            "native": pod.native, "changes": pod.changes,
        })
    };
    let items = workloads.iter().map(|((namespace, kind, name), pods)| {
        let counts: BTreeMap<&str, usize> =
            counted(pods).into_iter().map(|(state, count)| (state.name(), count)).collect();
        json!({
            "namespace": namespace, "kind": kind, "name": name, "counts": counts,
            "pods": pods.iter().map(pod).collect::<Vec<_>>(),
        })
    });
    json!({"apiVersion": "pillion.dev/v1", "kind": "Status", "workloads": items.collect::<Vec<_>>()})
}

/// Restarts what a restart mends, one workload after the other.
async fn restart(
    client: &Client,
    workloads: &BTreeMap<Workload, Vec<PodSeen>>,
    interval: Duration,
) -> Result<()> {
    let mut first = true;
    for ((namespace, kind, name), pods) in workloads {
        if !pods.iter().any(|pod| pod.state.is_mended_by_restart()) {
            continue;
        }
        if !["Deployment", "StatefulSet", "DaemonSet"].contains(&kind.as_str()) {
            complain(&format!("note: {namespace}/{kind}/{name} is not restarted: delete its pods yourself"));
            continue;
        }
        if !std::mem::take(&mut first) {
            sleep(interval).await;
        }
        // The annotation that kubectl writes for `rollout restart`.
        let at = Timestamp::from_second(now()).map(|at| at.to_string()).unwrap_or_default();
        let annotations = json!({"kubectl.kubernetes.io/restartedAt": at});
        let patch = Patch::Merge(json!({"spec": {"template": {"metadata": {"annotations": annotations}}}}));
        let params =
            PatchParams { field_manager: Some("pillion-status".to_owned()), ..PatchParams::default() };
        let done = match kind.as_str() {
            "Deployment" => answered(
                Api::<Deployment>::namespaced(client.clone(), namespace).patch(name, &params, &patch),
            )
            .await
            .map(drop),
            "StatefulSet" => answered(
                Api::<StatefulSet>::namespaced(client.clone(), namespace).patch(name, &params, &patch),
            )
            .await
            .map(drop),
            _ => {
                answered(Api::<DaemonSet>::namespaced(client.clone(), namespace).patch(name, &params, &patch))
                    .await
                    .map(drop)
            }
        };
        done.with_context(|| format!("cannot restart {namespace}/{kind}/{name}"))?;
        print(&format!("restarted {namespace}/{kind}/{name}\n"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [&["A", "B"][..], &["long", "x"]];
        let rows: Vec<Vec<String>> =
            rows.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect();
        assert_eq!(aligned(&rows), "A      B\nlong   x\n");
    }

    #[test]
    fn only_the_first_changes_are_shown() {
        let changes: Vec<String> = (1..=5).map(|at| format!("add {at}")).collect();
        assert_eq!(shortened(&changes), "add 1, add 2, add 3 and 2 more");
        assert_eq!(shortened(&changes[..1]), "add 1");
    }
}
