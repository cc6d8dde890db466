//! [`Kubelet`]: runs the pods of one image as processes of one program, each in a network and a mount namespace of its
//! own, so that a test meets what a cluster would: Services with ready endpoints, Secrets that change in their volumes,
//! tokens, probes, graceful ends, Jobs. It is the scheduler too: every such pod goes to the one node that it makes.
//!
//! | module | holds |
//! |---|---|
//! | `life` | what happens to one pod, from its start to its end |
//! | `container` | the environment, and what it is made of |
//! | `sandbox` | the command line: mount namespace, volumes, user, capabilities |
//! | `volumes` | volumes as directories, kept up to date |
//! | `network` | network namespaces and addresses |
//! | `probe` | readiness |
//! | `status` | what is told to the API server |
//! | `node` | the node and its heartbeat |
//!
//! [`standalone`] runs single containers of pods in the same way, where a test stands for the kubelet.
//!
//! It needs root in a network namespace of the test's own (`scripts/netns`). It knows what it needs to know: one
//! container a pod, no liveness probes, no resources. What it does not know it refuses, and the pod's status says so.

mod container;
mod life;
mod network;
mod node;
mod probe;
mod sandbox;
mod status;
mod volumes;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use serde_json::Value;

use crate::children::Children;
use crate::{Client, ControlPlane};

pub use container::standalone;
pub use network::{Addresses, HOST, Network};
pub use sandbox::Place;

/// How long an API server that does not answer is left alone.
const PAUSE: Duration = Duration::from_millis(100);

/// What the kubelet runs.
#[derive(Clone, Debug)]
pub struct Options {
    /// Pods whose container has this image are run …
    pub image: String,
    /// … as processes of this program.
    pub program: PathBuf,
    /// The user that the image names, for pods that name none.
    pub user: u32,
    /// What becomes of all other pods.
    pub others: Others,
}

/// What becomes of pods of other images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    /// They stay `Pending`, as without any node.
    Pending,
    /// They are said to run and to be ready (pods of Jobs: to have succeeded), with no process behind them.
    Pretend,
}

/// A running kubelet; it and its pods' processes end when this is dropped.
#[derive(Debug)]
pub struct Kubelet {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// What the threads share.
#[derive(Debug)]
struct Shared {
    client: Client,
    options: Options,
    /// Where pods reach the API server.
    api_port: u16,
    children: Mutex<Children>,
    pods: Mutex<Pods>,
    addresses: network::Addresses,
    stopping: AtomicBool,
}

#[derive(Debug, Default)]
struct Pods {
    /// Pods as last seen, by their uid.
    seen: HashMap<String, Arc<Value>>,
    /// Uids that a thread runs or has run.
    taken: HashSet<String>,
}

impl Kubelet {
    /// Makes a node in this control plane and runs its pods. The control plane was started at [`HOST`]
    /// ([`ControlPlane::start_at`]).
    ///
    /// # Errors
    /// The node cannot be made.
    pub fn start(plane: &ControlPlane, options: Options) -> Result<Self> {
        let port = plane.url().rsplit(':').next().unwrap_or_default().parse()?;
        let shared = Arc::new(Shared {
            client: plane.client().clone(),
            options,
            api_port: port,
            children: Mutex::new(Children::new()?),
            pods: Mutex::default(),
            addresses: network::Addresses::default(),
            stopping: AtomicBool::new(false),
        });
        node::make(&shared.client)?;
        let running = Arc::clone(&shared);
        let thread =
            std::thread::Builder::new().name("kubelet".to_owned()).spawn(move || follow(&running))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Sends a running pod's process a signal, such as `KILL`.
    ///
    /// # Errors
    /// No process of this pod runs.
    pub fn kill(&self, namespace: &str, pod: &str, signal: &str) -> Result<()> {
        let mut children = self.shared.children();
        let name = children.ids().map(|(name, _)| name.to_owned()).find(|name| is_of(name, namespace, pod));
        match name {
            Some(name) => children.signal(&name, signal),
            None => bail!("no process of the pod {namespace}/{pod} runs"),
        }
    }

    /// The process id of a running pod.
    #[must_use]
    pub fn process(&self, namespace: &str, pod: &str) -> Option<u32> {
        self.shared.children().ids().find(|(name, _)| is_of(name, namespace, pod)).map(|(_, id)| id)
    }

    /// All that pods of this name printed, those that are gone included.
    #[must_use]
    pub fn logs(&self, namespace: &str, pod: &str) -> String {
        let children = self.shared.children();
        let mut text = String::new();
        let Ok(entries) = std::fs::read_dir(children.directory()) else { return text };
        for entry in entries.flatten() {
            let file = entry.file_name().to_string_lossy().into_owned();
            if let Some(name) = file.strip_suffix(".log").filter(|name| is_of(name, namespace, pod)) {
                text.push_str(&children.whole_log(name));
            }
        }
        text
    }

    /// The names of all pods of this namespace that ever ran here, and what they printed: for a failing test.
    #[must_use]
    pub fn all_logs(&self, namespace: &str) -> String {
        let children = self.shared.children();
        let mut text = String::new();
        let Ok(entries) = std::fs::read_dir(children.directory()) else { return text };
        for entry in entries.flatten() {
            let file = entry.file_name().to_string_lossy().into_owned();
            if let Some(name) =
                file.strip_suffix(".log").filter(|name| name.starts_with(&format!("{namespace}_")))
            {
                text.push_str(&format!("--- {name}\n{}\n", children.whole_log(name)));
            }
        }
        text
    }
}

impl Drop for Kubelet {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn children(&self) -> MutexGuard<'_, Children> {
        // A thread that panicked between two calls has left nothing half done.
        self.children.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pods(&self) -> MutexGuard<'_, Pods> {
        self.pods.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The pods that nobody has taken yet; they are taken now.
    fn untaken(&self) -> Vec<Arc<Value>> {
        let mut pods = self.pods();
        let Pods { seen, taken } = &mut *pods;
        let ours = seen.iter().filter(|(uid, pod)| !taken.contains(*uid) && is_ours(pod, &self.options));
        let fresh: Vec<_> = ours.map(|(uid, pod)| (uid.clone(), Arc::clone(pod))).collect();
        taken.extend(fresh.iter().map(|(uid, _)| uid.clone()));
        fresh.into_iter().map(|(_, pod)| pod).collect()
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }
}

/// Watches pods and gives each to a thread of its own, until told to stop.
fn follow(shared: &Arc<Shared>) {
    let mut threads = vec![];
    let mut beat: Option<Instant> = None;
    // What the pods were last seen at; nothing where they are to be listed.
    let mut version = None;
    while !shared.is_stopping() {
        if beat.is_none_or(|last| last.elapsed() > node::BEAT) {
            node::beat(&shared.client);
            beat = Some(Instant::now());
        }
        let mut take = |pods: Vec<Arc<Value>>| {
            for pod in pods {
                let shared = Arc::clone(shared);
                threads.push(std::thread::spawn(move || life::run(&shared, &pod)));
            }
        };
        match &version {
            None => version = list(shared),
            Some(from) => version = watch(shared, from, &mut take),
        }
        // Also those that could not be bound.
        take(shared.untaken());
        if version.is_none() {
            // An API server that does not answer is asked again soon.
            std::thread::sleep(PAUSE);
        }
        threads.retain(|thread| !thread.is_finished());
    }
    for thread in threads {
        let _ = thread.join();
    }
}

/// Looks at all pods; the version of what was seen.
fn list(shared: &Shared) -> Option<String> {
    let mut answer = shared.client.get("/api/v1/pods?resourceVersion=0").ok()?;
    let Value::Array(items) = answer.body["items"].take() else { return None };
    shared.pods().seen = items.into_iter().map(|pod| (uid(&pod), Arc::new(pod))).collect();
    Some(text(&answer.body, "/metadata/resourceVersion").to_owned()).filter(|version| !version.is_empty())
}

/// Sees what becomes of pods within a second; the version it was last seen at, or nothing where the thread was lost.
fn watch(shared: &Shared, from: &str, take: &mut impl FnMut(Vec<Arc<Value>>)) -> Option<String> {
    let mut version = Some(from.to_owned());
    let path =
        format!("/api/v1/pods?watch=true&allowWatchBookmarks=true&timeoutSeconds=1&resourceVersion={from}");
    let ended = shared.client.lines(&path, |mut event| {
        let (kind, pod) = (text(&event, "/type").to_owned(), event["object"].take());
        let at = text(&pod, "/metadata/resourceVersion").to_owned();
        version = version.take().filter(|_| kind != "ERROR").map(|_| at);
        match kind.as_str() {
            "ADDED" | "MODIFIED" => {
                shared.pods().seen.insert(uid(&pod), Arc::new(pod));
                take(shared.untaken());
            }
            "DELETED" => drop(shared.pods().seen.remove(&uid(&pod))),
            _ => {}
        }
    });
    version.filter(|_| ended.is_ok())
}

fn uid(pod: &Value) -> String {
    text(pod, "/metadata/uid").to_owned()
}

fn is_ours(pod: &Value, options: &Options) -> bool {
    options.others == Others::Pretend || has_image(pod, &options.image)
}

/// Whether the pod is to be run by a process.
fn has_image(pod: &Value, image: &str) -> bool {
    let containers = pod["spec"]["containers"].as_array();
    containers.is_some_and(|list| list.iter().any(|container| container["image"] == image))
}

/// The name of a pod's process and log. Names of namespaces and pods have no underscore.
fn process_name(pod: &Value) -> String {
    let [namespace, name, uid] =
        ["namespace", "name", "uid"].map(|key| text(&pod["metadata"], &format!("/{key}")));
    format!("{namespace}_{name}_{uid}")
}

fn is_of(process: &str, namespace: &str, pod: &str) -> bool {
    process.starts_with(&format!("{namespace}_{pod}_"))
}

/// The text at a JSON pointer, or none.
fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
