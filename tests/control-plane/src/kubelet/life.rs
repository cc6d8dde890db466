//! The life of one pod: bound to the node, started, watched, started again where its policy says so, ended in order and
//! deleted. One thread runs each. Never decides which pods are run.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::{Value, json};

use super::container;
use super::network::Network;
use super::node;
use super::probe::Probe;
use super::status::{self, Report, State};
use super::volumes::Volumes;
use super::{Others, Shared, has_image, process_name, text};

const PAUSE: Duration = Duration::from_millis(50);
/// How often volumes are looked after.
const REFRESH: Duration = Duration::from_secs(1);
/// How long a process that ended stays down: much shorter than a kubelet's ten seconds, and twice as long each time.
const BACKOFF: Duration = Duration::from_millis(250);
const LONGEST_BACKOFF: Duration = Duration::from_secs(5);

/// Runs a pod until it is gone.
pub(super) fn run(shared: &Shared, pod: &Value) {
    if !bind(shared, pod) {
        // It is gone, or the API server is busy: it is found again.
        shared.pods().taken.remove(text(pod, "/metadata/uid"));
        return;
    }
    if has_image(pod, &shared.options.image) {
        Life::new(shared, pod).live();
    } else if shared.options.others == Others::Pretend {
        pretend(shared, pod);
    }
}

/// Gives the pod to the node; whether it is there now.
fn bind(shared: &Shared, pod: &Value) -> bool {
    if !text(pod, "/spec/nodeName").is_empty() {
        return true;
    }
    let binding = json!({
        "apiVersion": "v1", "kind": "Binding",
        "metadata": {"name": pod["metadata"]["name"], "uid": pod["metadata"]["uid"]},
        "target": {"apiVersion": "v1", "kind": "Node", "name": node::NAME},
    });
    let said = shared.client.post(&format!("{}/binding", status::path(pod)), &binding);
    said.is_ok_and(|said| said.is_success())
}

/// Says that a pod runs which does not, until it is to go.
fn pretend(shared: &Shared, pod: &Value) {
    let address = shared.addresses.next_free();
    let mut told = false;
    while !shared.is_stopping() {
        let Some(latest) = seen(shared, pod) else { return };
        if !latest["metadata"]["deletionTimestamp"].is_null() {
            return delete(shared, pod);
        }
        told = told || status::tell(shared, pod, &status::pretended(pod, address));
        std::thread::sleep(PAUSE * 4);
    }
}

fn seen(shared: &Shared, pod: &Value) -> Option<Arc<Value>> {
    shared.pods().seen.get(text(pod, "/metadata/uid")).cloned()
}

/// Takes a pod that has ended out of the API server, for good.
fn delete(shared: &Shared, pod: &Value) {
    let options = json!({
        "apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0,
        "preconditions": {"uid": pod["metadata"]["uid"]},
    });
    let text = options.to_string();
    for _ in 0..50 {
        let said = shared.client.call("DELETE", &status::path(pod), Some(("application/json", &text)));
        // 404: gone already; 409: a newer pod of this name.
        if said.is_ok_and(|said| said.is_success() || matches!(said.status, 404 | 409)) {
            return;
        }
        std::thread::sleep(PAUSE);
    }
}

/// What a pod needs to run.
struct Body {
    network: Network,
    volumes: Volumes,
    probe: Probe,
}

struct Life<'a> {
    shared: &'a Shared,
    pod: Arc<Value>,
    name: String,
    body: Option<Body>,
    report: Report,
    told: Option<Report>,
    /// When the process is started, where none runs and one is to.
    start_at: Option<Instant>,
    refreshed: Instant,
    /// When the end is told and when it is forced.
    end: Option<(Instant, Instant)>,
    terminated: bool,
}

impl<'a> Life<'a> {
    fn new(shared: &'a Shared, pod: &Value) -> Self {
        let state = State::Waiting { reason: "ContainerCreating", message: String::new() };
        Self {
            shared,
            pod: Arc::new(pod.clone()),
            name: process_name(pod),
            body: None,
            report: Report { state, address: None, is_ready: false, restarts: 0 },
            told: None,
            start_at: Some(Instant::now()),
            refreshed: Instant::now(),
            end: None,
            terminated: false,
        }
    }

    fn live(&mut self) {
        while !self.shared.is_stopping() {
            let Some(latest) = seen(self.shared, &self.pod) else { return self.vanish() };
            self.pod = latest;
            self.note_end();
            if self.end.is_none() && self.start_at.is_some_and(|at| Instant::now() >= at) {
                self.start();
            }
            if let Some(status) = self.ended() {
                self.after(status);
            }
            self.look_after();
            if self.told.as_ref() != Some(&self.report)
                && status::tell(self.shared, &self.pod, &self.report.status(&self.pod))
            {
                self.told = Some(self.report.clone());
            }
            if self.end.is_some() && !self.is_running() {
                return delete(self.shared, &self.pod);
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// The pod was deleted by force: so is its process.
    fn vanish(&self) {
        self.kill();
        while self.is_running() && self.ended().is_none() && !self.shared.is_stopping() {
            std::thread::sleep(PAUSE);
        }
    }

    const fn is_running(&self) -> bool {
        matches!(self.report.state, State::Running { .. })
    }

    /// Begins the end of a pod that is deleted: the process is told, later forced.
    fn note_end(&mut self) {
        if self.end.is_none() && !self.pod["metadata"]["deletionTimestamp"].is_null() {
            let grace = self.pod["metadata"]["deletionGracePeriodSeconds"].as_u64().unwrap_or(30);
            let lifecycle = &self.pod["spec"]["containers"][0]["lifecycle"];
            let pause = lifecycle["preStop"]["sleep"]["seconds"].as_u64().unwrap_or(0);
            let now = Instant::now();
            self.end = Some((now + Duration::from_secs(pause.min(grace)), now + Duration::from_secs(grace)));
        }
        let Some((tell, force)) = self.end else { return };
        let now = Instant::now();
        if !self.terminated && now >= tell {
            let _ = self.shared.children().signal(&self.name, "TERM");
            self.terminated = true;
        }
        if now >= force {
            self.kill();
        }
    }

    /// Kills the process; the loop, or what waits after it, sees it end.
    fn kill(&self) {
        // It may have ended by itself just now.
        let _ = self.shared.children().signal(&self.name, "KILL");
    }

    fn ended(&self) -> Option<ExitStatus> {
        self.shared.children().take_ended(&self.name)
    }

    fn start(&mut self) {
        self.start_at = None;
        match self.try_to_start() {
            Ok(()) => self.report.state = State::Running { since: node::now() },
            Err(error) => {
                let message = format!("{error:#}");
                self.report.state = State::Waiting { reason: "CreateContainerError", message };
                self.start_at = Some(Instant::now() + REFRESH / 2);
            }
        }
    }

    fn try_to_start(&mut self) -> Result<()> {
        if self.body.is_none() {
            self.body = Some(self.make_body()?);
        }
        let Some(body) = &mut self.body else { return Ok(()) };
        body.volumes.refresh(self.shared, &self.pod)?;
        body.probe.reset();
        self.report.address = Some(body.network.address());
        let mut command = container::command(self.shared, &self.pod, &body.network, &body.volumes)?;
        self.shared.children().start(&self.name, &mut command)
    }

    fn make_body(&self) -> Result<Body> {
        let container = container::only(&self.pod)?;
        let directory = self.shared.children().directory().join("pods").join(&self.name);
        let owner = container::owner(self.shared, &self.pod, container);
        let volumes = Volumes::make(self.shared, &self.pod, directory, owner)?;
        let network = if self.pod["spec"]["hostNetwork"] == true {
            Network::Host
        } else {
            Network::make(&self.shared.addresses)?
        };
        let probe = Probe::of(container, network.address())?;
        Ok(Body { network, volumes, probe })
    }

    /// What becomes of the pod when its process has ended.
    fn after(&mut self, status: ExitStatus) {
        // As a container runtime says it.
        let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
        let State::Running { since } = self.report.state.clone() else { return };
        self.report.is_ready = false;
        let policy = text(&self.pod, "/spec/restartPolicy");
        let again = policy == "Always" || policy == "OnFailure" && code != 0;
        if self.end.is_some() || !again {
            self.report.state = State::Ended { code, since };
            return;
        }
        let message =
            format!("ended with {code}; the end of its log:\n{}", self.shared.children().log(&self.name));
        self.report.state = State::Waiting { reason: "CrashLoopBackOff", message };
        let pause = (BACKOFF * 2_u32.saturating_pow(self.report.restarts.min(10))).min(LONGEST_BACKOFF);
        self.start_at = Some(Instant::now() + pause);
        self.report.restarts += 1;
    }

    /// Readiness and volumes of a running process.
    fn look_after(&mut self) {
        if !self.is_running() {
            return;
        }
        let Some(body) = &mut self.body else { return };
        body.probe.ask();
        self.report.is_ready = body.probe.is_ready;
        if self.refreshed.elapsed() > REFRESH {
            self.refreshed = Instant::now();
            // A Secret that is gone leaves the files as they are.
            let _ = body.volumes.refresh(self.shared, &self.pod);
        }
    }
}
