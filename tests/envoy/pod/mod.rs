//! A pod as a kubelet runs it, of its specification alone: a network namespace, init containers one after the other, native
//! sidecars awaited, Envoy as the injected user with the injected command line, and the application as threads of the
//! test; at its end preStop, SIGTERM and the order of native sidecars. The command lines are those of the tests' kubelet.
//! Never: an API server, and what is expected.
//!
//! | module | holds |
//! |---|---|
//! | `injected` | pods before and after injection |
//! | `stats` | what Envoy has counted |

pub mod injected;
pub mod stats;

use std::net::{IpAddr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use pillion_control_plane::children::Children;
use pillion_control_plane::kubelet::{Addresses, Network, Place, standalone};
use serde_json::Value;

use crate::app::{Caller, Server};
use stats::Stats;

const PAUSE: Duration = Duration::from_millis(20);
/// How long anything may take that is to come by itself, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long one probe may take.
const PROBE: Duration = Duration::from_secs(3);

/// A new network namespace with an address of each family.
pub fn network() -> Network {
    static ADDRESSES: LazyLock<Addresses> = LazyLock::new(Addresses::default);
    Network::make_dual(&ADDRESSES).unwrap()
}

/// The name of its namespace.
pub fn place(network: &Network) -> &str {
    network.name().unwrap()
}

/// Waits until something is so.
pub fn soon(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < until, "not within {} s: {what}", PATIENCE.as_secs());
        sleep(PAUSE);
    }
}

/// A running pod. Its processes end when it is dropped.
pub struct Pod {
    pod: Value,
    children: Mutex<Children>,
    app: Mutex<Option<Server>>,
    events: Mutex<Vec<String>>,
    network: Network,
}

impl Pod {
    /// Runs a pod whose programs look up these names. The container whose image is not known is the application, which is
    /// made in the pod's namespace when its turn comes.
    pub fn run(
        pod: Value,
        network: Network,
        names: &[(&str, IpAddr)],
        app: impl FnOnce(&str) -> Server,
    ) -> Self {
        let children = Children::new().unwrap();
        let lines: String = names.iter().map(|(name, address)| format!("{address} {name}\n")).collect();
        std::fs::write(children.directory().join("hosts"), format!("127.0.0.1 localhost\n{lines}")).unwrap();
        let volumes = children.directory().join("volumes");
        std::fs::create_dir(&volumes).unwrap();
        for volume in list(&pod["spec"]["volumes"]) {
            std::fs::create_dir(volumes.join(name(volume))).unwrap();
        }
        let children = Mutex::new(children);
        let pod = Self { pod, children, app: Mutex::default(), events: Mutex::default(), network };
        pod.begin(app);
        pod
    }

    fn begin(&self, app: impl FnOnce(&str) -> Server) {
        for container in list(&self.pod["spec"]["initContainers"]) {
            self.start(container);
            if is_sidecar(container) {
                self.await_probe(container, "startupProbe");
                self.note(format!("{} has started", name(container)));
            } else {
                let status = self.await_end(container, Instant::now() + PATIENCE);
                assert_eq!(status, Some(0), "{}: {}", name(container), self.log(name(container)));
                self.note(format!("{} is done", name(container)));
            }
        }
        let mut app = Some(app);
        for container in list(&self.pod["spec"]["containers"]) {
            if Image::of(container).is_some() {
                self.start(container);
            } else {
                let make = app.take().expect("one application in a pod");
                *locked(&self.app) = Some(make(place(&self.network)));
                self.note(format!("{} starts", name(container)));
            }
        }
        for container in self.lasting() {
            self.await_probe(container, "readinessProbe");
        }
        self.note("the pod is ready".to_owned());
    }

    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The name of its network namespace.
    pub fn place(&self) -> &str {
        place(&self.network)
    }

    /// Its addresses with a port, IPv4 and IPv6.
    pub fn at(&self, port: u16) -> [SocketAddr; 2] {
        at(&self.network, port)
    }

    /// What has happened to it, in order.
    pub fn events(&self) -> Vec<String> {
        locked(&self.events).clone()
    }

    /// What Envoy has counted, as its admin interface tells the pod itself.
    pub fn stats(&self) -> Stats {
        Stats::of(self.place())
    }

    /// What a program of it printed.
    pub fn log(&self, container: &str) -> String {
        locked(&self.children).log(container)
    }

    /// What the application tells of itself.
    pub fn with_app<T>(&self, ask: impl FnOnce(&Server) -> T) -> T {
        ask(locked(&self.app).as_ref().expect("the application has not ended"))
    }

    /// Kills a container's process.
    pub fn kill(&self, container: &str) {
        let container = self.named(container);
        locked(&self.children).signal(name(container), "KILL").unwrap();
        self.await_end(container, Instant::now() + PATIENCE);
        self.note(format!("{} was killed", name(container)));
    }

    /// Starts a container again whose process has ended, and waits until it is ready.
    pub fn start_again(&self, container: &str) {
        let container = self.named(container);
        self.start(container);
        self.await_probe(container, "readinessProbe");
        self.note(format!("{} is ready again", name(container)));
    }

    /// Ends it as a kubelet does: what comes before the end of each container begins at once for all; each is told to end
    /// when that is done, native sidecars when all others have ended; who is not done by then is killed.
    pub fn end(&self) {
        let grace = self.pod["spec"]["terminationGracePeriodSeconds"].as_u64().unwrap_or(30);
        let until = Instant::now() + Duration::from_secs(grace);
        self.note("the pod is to end".to_owned());
        std::thread::scope(|scope| {
            let sidecars: Vec<_> = list(&self.pod["spec"]["initContainers"])
                .iter()
                .rev()
                .filter(|container| is_sidecar(container))
                .map(|container| (container, scope.spawn(move || self.before_end(container, until))))
                .collect();
            let others: Vec<_> = list(&self.pod["spec"]["containers"])
                .iter()
                .map(|container| {
                    scope.spawn(move || {
                        self.before_end(container, until);
                        self.terminate(container, until);
                    })
                })
                .collect();
            others.into_iter().for_each(|thread| thread.join().unwrap());
            for (container, hook) in sidecars {
                hook.join().unwrap();
                self.terminate(container, until);
            }
        });
    }

    /// preStop, if there is one.
    fn before_end(&self, container: &Value, until: Instant) {
        let hook = &container["lifecycle"]["preStop"];
        let left = until.saturating_duration_since(Instant::now());
        if let Some(seconds) = hook["sleep"]["seconds"].as_u64() {
            sleep(left.min(Duration::from_secs(seconds)));
        } else if !hook["httpGet"].is_null() {
            let answer = self.get(container, &hook["httpGet"], left);
            assert!(answer, "{}: the answer to preStop: {hook}", name(container));
        } else {
            return;
        }
        self.note(format!("{} has done its preStop", name(container)));
    }

    fn terminate(&self, container: &Value, until: Instant) {
        if Image::of(container).is_none() {
            let app = locked(&self.app).take();
            app.expect("it has not ended yet").stop();
        } else {
            locked(&self.children).signal(name(container), "TERM").unwrap();
            if self.await_end(container, until).is_none() {
                locked(&self.children).signal(name(container), "KILL").unwrap();
                self.await_end(container, until + PATIENCE);
                return self.note(format!("{} was killed", name(container)));
            }
        }
        self.note(format!("{} has ended", name(container)));
    }

    fn start(&self, container: &Value) {
        let image = Image::of(container).unwrap();
        let mut children = locked(&self.children);
        let [volumes, hosts] = ["volumes", "hosts"].map(|entry| children.directory().join(entry));
        let variables: Vec<(&str, &str)> = image.variables.iter().map(|(k, v)| (*k, v.as_str())).collect();
        let place = Place {
            network: &self.network,
            volumes: &volumes,
            program: &image.program,
            variables: &variables,
            user: 0,
            hosts: Some(&hosts),
        };
        let mut command = standalone(&self.pod, container, &place).unwrap();
        children.start(name(container), &mut command).unwrap();
    }

    /// The status with which a process has ended; none if it still runs at that time.
    fn await_end(&self, container: &Value, until: Instant) -> Option<i32> {
        loop {
            if let Some(status) = locked(&self.children).take_ended(name(container)) {
                return Some(status.code().unwrap_or(-1));
            }
            if Instant::now() > until {
                return None;
            }
            sleep(PAUSE);
        }
    }

    fn await_probe(&self, container: &Value, probe: &str) {
        let what = &container[probe];
        let until = Instant::now() + PATIENCE;
        loop {
            let good = if !what["httpGet"].is_null() {
                self.get(container, &what["httpGet"], PROBE)
            } else if !what["tcpSocket"].is_null() {
                TcpStream::connect_timeout(&self.at(port(container, &what["tcpSocket"]))[0], PROBE).is_ok()
            } else {
                true
            };
            if good {
                return;
            }
            let late = Instant::now() > until;
            let (name, ended) = (name(container), locked(&self.children).ended());
            assert!(!late && ended.is_none(), "{name}: {probe}: {ended:?}\n{}", self.log(name));
            sleep(PAUSE);
        }
    }

    /// Whether a GET of the kubelet's is answered well.
    fn get(&self, container: &Value, get: &Value, patience: Duration) -> bool {
        let at = self.at(port(container, get))[0];
        let path = get["path"].as_str().unwrap_or("/");
        let answer = Caller::new(patience).get(at, &at.to_string(), path);
        answer.status.is_some_and(|status| (200..400).contains(&status))
    }

    fn named(&self, wanted: &str) -> &Value {
        self.lasting().find(|container| name(container) == wanted).expect("the pod has this container")
    }

    /// The containers that run as long as the pod does.
    fn lasting(&self) -> impl Iterator<Item = &Value> {
        let sidecars = list(&self.pod["spec"]["initContainers"]).iter().filter(|it| is_sidecar(it));
        sidecars.chain(list(&self.pod["spec"]["containers"]))
    }

    fn note(&self, event: String) {
        locked(&self.events).push(event);
    }
}

/// What stands for the image of a container.
struct Image {
    program: PathBuf,
    variables: Vec<(&'static str, String)>,
}

impl Image {
    /// None for the application's.
    fn of(container: &Value) -> Option<Self> {
        let image = container["image"].as_str().unwrap();
        match image.split(':').next().unwrap() {
            "envoyproxy/envoy" => Some(Self { program: crate::envoy(), variables: vec![] }),
            "pillion-redirect" => Some(Self {
                program: env!("CARGO_BIN_EXE_pillion").into(),
                variables: vec![("PILLION_NFT", crate::nft())],
            }),
            _ => None,
        }
    }
}

/// The addresses of a namespace with a port, IPv4 and IPv6.
pub fn at(network: &Network, port: u16) -> [SocketAddr; 2] {
    [(network.address(), port).into(), (network.address_v6(), port).into()]
}

fn is_sidecar(container: &Value) -> bool {
    container["restartPolicy"] == "Always"
}

fn name(object: &Value) -> &str {
    object["name"].as_str().unwrap()
}

/// The port of a probe or a hook, which may be the name of one of the container's.
fn port(container: &Value, action: &Value) -> u16 {
    let number = match &action["port"] {
        Value::String(named) => {
            let mut ports = list(&container["ports"]).iter();
            ports.find(|port| name(port) == named).and_then(|port| port["containerPort"].as_u64())
        }
        number => number.as_u64(),
    };
    number.unwrap().try_into().unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
