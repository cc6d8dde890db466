//! The process under siege: its memory, those who must not notice, and the line that is printed. Never: an attack.

use std::fmt::Write as _;
use std::fs;
use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use hyper::client::conn::{http1, http2};
use hyper::{Request, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use crate::program::Serving;
use crate::wire::Target;

/// How long an API server waits, unless a webhook configuration says otherwise.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// The most memory that any load may drive the process to: what is idle, the room for requests, and what connections take.
const MOST_MIB: u64 = 512;

/// The process.
pub struct Server {
    pub serving: Serving,
    pub target: Target,
    _state: tempfile::TempDir,
}

impl Server {
    /// With the embedded profile, on free ports.
    pub fn start(more: &[&str]) -> Self {
        Self::start_with(&quiet(more))
    }

    /// The same with a log of its decisions.
    pub fn start_with(arguments: &[&str]) -> Self {
        let state = tempfile::tempdir().unwrap();
        let serving = Serving::start(state.path(), arguments);
        Self::of(serving, state)
    }

    /// The same in a shell that first runs `setting`.
    pub fn start_under(setting: &str, more: &[&str]) -> Self {
        let state = tempfile::tempdir().unwrap();
        let serving = Serving::start_under(setting, state.path(), &quiet(more));
        Self::of(serving, state)
    }

    fn of(mut serving: Serving, state: tempfile::TempDir) -> Self {
        let ca = state.path().join("ca.crt");
        let target = Target::new(serving.port("https"), serving.port("admin"), ca.exists().then_some(&*ca));
        Self { serving, target, _state: state }
    }

    fn status(&self, name: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.serving.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim_matches([':', '\t', ' ']).trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
    }

    /// The most memory that it had since [`Server::forget_peak`], in MiB.
    pub fn peak(&self) -> u64 {
        self.status("VmHWM")
    }

    pub fn forget_peak(&self) {
        // 5 resets the peak (proc_pid_clear_refs(5)).
        fs::write(format!("/proc/{}/clear_refs", self.serving.id()), "5").unwrap();
    }

    /// A value of the metrics, by the whole name of its series; zero if there is none.
    pub async fn metric(&self, series: &str) -> f64 {
        metric(&self.page("/metrics").await.1, series)
    }

    /// A page of the public port.
    pub async fn page(&self, path: &str) -> (StatusCode, String) {
        timeout(PATIENCE, page(self.target.admin, path)).await.unwrap()
    }

    pub async fn is_ready(&self) -> bool {
        self.page("/readyz").await.0 == StatusCode::OK
    }
}

/// A value of metrics as text, by the whole name of its series; zero if there is none.
pub fn metric(text: &str, series: &str) -> f64 {
    text.lines()
        .find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
        .unwrap_or_default()
}

/// A page of a port without TLS, over a connection of its own.
pub async fn page(address: SocketAddr, path: &str) -> (StatusCode, String) {
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = Request::get(path).header("host", "localhost").body(Body::empty()).unwrap();
    let response = sender.send_request(request).await.unwrap();
    let status = response.status();
    let body = to_bytes(Body::new(response.into_body()), usize::MAX).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

fn quiet<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["--decision-log", "off"], more].concat()
}

/// A review of a pod that is injected.
pub fn review(uid: &str, pod: &str) -> String {
    format!(
        r#"{{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{{"uid":"{uid}","namespace":"shop","operation":"CREATE","object":{pod},"dryRun":false}}}}"#
    )
}

/// A pod of this name.
pub fn pod(name: &str) -> String {
    format!(
        r#"{{"metadata":{{"name":"{name}","labels":{{"app":"{name}"}}}},"spec":{{"containers":[{{"name":"app","image":"app:1"}}]}}}}"#
    )
}

/// What those saw who must not notice.
#[derive(Debug, Default)]
pub struct Seen {
    pub asked: usize,
    pub lost: usize,
    pub again: usize,
    /// The longest that one waited, in milliseconds.
    pub slowest: usize,
}

/// Those who must not notice: API servers with a connection that is kept, for pods that come again and for new ones, and
/// one that connects anew each time.
pub struct Others {
    stop: Arc<AtomicBool>,
    counts: Arc<Counts>,
    tasks: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Counts {
    asked: AtomicUsize,
    lost: AtomicUsize,
    again: AtomicUsize,
    slowest: AtomicUsize,
}

#[derive(Clone, Copy)]
enum Habit {
    /// The same pod, over a connection that is kept.
    Same,
    /// Another pod each time, over a connection that is kept.
    New,
    /// Over a connection of its own each time.
    Connects,
}

impl Others {
    pub fn start(target: &Target) -> Self {
        let (stop, counts) = (Arc::new(AtomicBool::new(false)), Arc::new(Counts::default()));
        let tasks = [(Habit::Same, 10), (Habit::New, 20), (Habit::Connects, 100)].map(|(habit, every)| {
            let (target, stop, counts) = (target.clone(), Arc::clone(&stop), Arc::clone(&counts));
            tokio::spawn(async move {
                let mut line = None;
                while !stop.load(Ordering::Relaxed) {
                    ask(&target, habit, &mut line, &counts).await;
                    sleep(Duration::from_millis(every)).await;
                }
            })
        });
        Self { stop, counts, tasks: tasks.into() }
    }

    pub async fn end(self) -> Seen {
        self.stop.store(true, Ordering::Relaxed);
        for task in self.tasks {
            task.await.unwrap();
        }
        let of = |count: &AtomicUsize| count.load(Ordering::Relaxed);
        let Counts { asked, lost, again, slowest } = &*self.counts;
        Seen { asked: of(asked), lost: of(lost), again: of(again), slowest: of(slowest) }
    }
}

type Line = http2::SendRequest<Body>;

/// Asks as an API server does: connects again where a connection was closed, comes again when it is told to, and gives up
/// after its time.
async fn ask(target: &Target, habit: Habit, line: &mut Option<Line>, counts: &Counts) {
    let number = counts.asked.fetch_add(1, Ordering::Relaxed);
    let name = if matches!(habit, Habit::Same) { "web".to_owned() } else { format!("web-{number}") };
    let review = review(&format!("u-{number}"), &pod(&name));
    let began = Instant::now();
    let answered = async {
        loop {
            match once(target, habit, line, &review).await {
                Ok((StatusCode::OK, body, _)) => return body.contains(r#""patch":"#),
                Ok((StatusCode::SERVICE_UNAVAILABLE, _, Some(seconds))) => {
                    counts.again.fetch_add(1, Ordering::Relaxed);
                    sleep(Duration::from_secs(seconds)).await;
                }
                Ok(_) => return false,
                // A connection that ended before it was used.
                Err(()) => {
                    *line = None;
                    sleep(Duration::from_millis(20)).await;
                }
            }
        }
    };
    let answered = timeout(PATIENCE, answered).await.unwrap_or(false);
    let took = usize::try_from(began.elapsed().as_millis()).unwrap();
    counts.slowest.fetch_max(took, Ordering::Relaxed);
    if !answered {
        counts.lost.fetch_add(1, Ordering::Relaxed);
    }
}

type Got = (StatusCode, String, Option<u64>);

async fn once(target: &Target, habit: Habit, line: &mut Option<Line>, review: &str) -> Result<Got, ()> {
    let request = request("/inject?timeout=10s", review);
    let response = if matches!(habit, Habit::Connects) {
        let io = TokioIo::new(target.h1().await.map_err(drop)?);
        let (mut sender, connection) = http1::handshake(io).await.map_err(drop)?;
        tokio::spawn(connection);
        sender.send_request(request).await
    } else {
        if line.as_ref().is_none_or(http2::SendRequest::is_closed) {
            let io = TokioIo::new(target.h2().await.map_err(drop)?);
            let (sender, connection) = http2::handshake(TokioExecutor::new(), io).await.map_err(drop)?;
            tokio::spawn(connection);
            *line = Some(sender);
        }
        line.as_mut().ok_or(())?.send_request(request).await
    };
    got(response.map_err(drop)?).await
}

fn request(path: &str, review: &str) -> Request<Body> {
    Request::post(format!("https://localhost{path}"))
        .header("host", "localhost")
        .header("content-type", "application/json")
        .body(Body::from(review.to_owned()))
        .unwrap()
}

async fn got(response: hyper::Response<hyper::body::Incoming>) -> Result<Got, ()> {
    let (head, body) = response.into_parts();
    let again = head.headers.get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
    let body = to_bytes(Body::new(body), usize::MAX).await.map_err(drop)?;
    Ok((head.status, String::from_utf8_lossy(&body).into_owned(), again))
}

/// Sends one review over a connection of its own. Gives status, body, and when to come again.
pub async fn send(target: &Target, path: &str, review: &str) -> Result<(u16, String, Option<u64>), ()> {
    let io = TokioIo::new(target.h2().await.map_err(drop)?);
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), io).await.map_err(drop)?;
    tokio::spawn(connection);
    let response = sender.send_request(request(path, review)).await;
    let (status, body, again) = got(response.map_err(drop)?).await?;
    Ok((status.as_u16(), body, again))
}

/// One row of the table.
pub fn row(test: &str, what: &str, load: &str, seen: &Seen, peak: u64) {
    let mut line = String::new();
    let Seen { asked, lost, again, slowest } = seen;
    let _ = write!(line, "reliability: {what} | {load} | {lost} of {asked}");
    let told = if *again > 0 { format!("{again} told to come again, ") } else { String::new() };
    let _ = write!(line, ", {told}slowest {slowest} ms | {peak} MiB | `{test}`");
    println!("{line}");
}

/// Applies `load` to a server of its own while others ask. Nobody of them may be lost, the memory stays within bounds, no
/// panic is caught, and the server is there afterwards. `load` gives what it was, in words.
pub async fn hold<L, F>(test: &str, what: &str, more: &[&str], load: L)
where
    L: FnOnce(Target) -> F,
    F: Future<Output = String>,
{
    hold_out(test, what, Server::start(more), load).await;
}

/// The same, with this server. It is given back.
pub async fn hold_out<L, F>(test: &str, what: &str, server: Server, load: L) -> Server
where
    L: FnOnce(Target) -> F,
    F: Future<Output = String>,
{
    let others = Others::start(&server.target);
    sleep(Duration::from_millis(300)).await;
    server.forget_peak();
    let told = load(server.target.clone()).await;
    let seen = others.end().await;
    let peak = server.peak();
    row(test, what, &told, &seen, peak);
    // Few where the machine is slow, but some.
    assert!(seen.asked > 2, "{seen:?}");
    assert_eq!(seen.lost, 0, "{seen:?}");
    assert!(peak < MOST_MIB, "{peak} MiB");
    assert_eq!(server.metric("pillion_panics_total").await, 0.0);
    assert!(server.is_ready().await);
    let last = review("u-1", &pod("afterwards"));
    let (status, body, _) = timeout(PATIENCE, send(&server.target, "/inject", &last)).await.unwrap().unwrap();
    assert!(status == 200 && body.contains("\"patch\""), "{status} {body}");
    server
}

/// Many at once, of which each gives a number.
pub async fn many<F>(count: usize, of: impl Fn(usize) -> F) -> Vec<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let tasks: Vec<_> = (0..count).map(|n| tokio::spawn(of(n))).collect();
    let mut results = Vec::with_capacity(count);
    for task in tasks {
        results.push(task.await.unwrap());
    }
    results
}

/// The path of a file in a directory, as text.
pub fn within(directory: &Path, name: &str) -> String {
    directory.join(name).to_str().unwrap().to_owned()
}
