//! Applications of the tests: HTTP servers with a bounded pool of workers, as threads of the test in the network namespace
//! of a pod, and the calls that they and their clients make. They know nothing of Envoy. Never: who calls whom, and why.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use socket2::Domain;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinSet, spawn_blocking};
use ureq::Agent;

use crate::network::{begin_within, listen, within};

/// How long open requests have when a server is told to end.
const GRACE: Duration = Duration::from_secs(5);

/// A request.
pub struct Asked {
    pub path: String,
    pub version: Version,
    /// Who has connected.
    pub from: SocketAddr,
    pub headers: HeaderMap,
}

/// What is answered: a status and a text.
pub type Reply = (u16, String);

type Handler = dyn Fn(&Asked) -> Reply + Send + Sync;

/// The workers of a server: as many requests as there are of them are worked on at once, and others wait.
struct Workers {
    busy: AtomicUsize,
    peak: AtomicUsize,
    answered: AtomicUsize,
    handler: Box<Handler>,
}

impl Workers {
    fn work(&self, asked: &Asked) -> Reply {
        let busy = self.busy.fetch_add(1, Ordering::Relaxed) + 1;
        self.peak.fetch_max(busy, Ordering::Relaxed);
        let reply = (self.handler)(asked);
        self.busy.fetch_sub(1, Ordering::Relaxed);
        self.answered.fetch_add(1, Ordering::Relaxed);
        reply
    }
}

/// A running server.
pub struct Server {
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
    workers: Arc<Workers>,
}

impl Server {
    /// Serves on all addresses of a namespace.
    pub fn start(
        namespace: &str,
        ports: &[u16],
        workers: usize,
        handler: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let ports = ports.to_vec();
        let listeners = within(namespace, move || {
            let families = [Domain::IPV4, Domain::IPV6];
            let all = ports.iter().flat_map(|port| families.map(|family| listen(family, *port)));
            all.collect::<Vec<_>>()
        });
        let pool = Workers {
            busy: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
            answered: AtomicUsize::new(0),
            handler: Box::new(handler),
        };
        let pool = Arc::new(pool);
        let (stop, stopped) = watch::channel(false);
        let shared = Arc::clone(&pool);
        let thread = begin_within(namespace, move || {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = runtime.enable_all().max_blocking_threads(workers).build().unwrap();
            runtime.block_on(serve(listeners, stopped, shared));
            // A worker that still waits for somebody ends with the test.
            runtime.shutdown_background();
        });
        Self { stop, thread: Some(thread), workers: pool }
    }

    /// How many requests were answered so far.
    pub fn answered(&self) -> usize {
        self.workers.answered.load(Ordering::Relaxed)
    }

    /// The most workers that were busy at once since this was asked last.
    pub fn peak(&self) -> usize {
        let busy = self.workers.busy.load(Ordering::Relaxed);
        self.workers.peak.swap(busy, Ordering::Relaxed)
    }

    /// Ends it as a well-behaved server ends on SIGTERM: nothing new is taken, what is open is answered.
    pub fn stop(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

async fn serve(listeners: Vec<std::net::TcpListener>, stopped: watch::Receiver<bool>, workers: Arc<Workers>) {
    let (sender, mut arrived) = mpsc::unbounded_channel();
    let mut listening = JoinSet::new();
    for listener in listeners {
        listener.set_nonblocking(true).unwrap();
        let (listener, sender) = (TcpListener::from_std(listener).unwrap(), sender.clone());
        listening.spawn(async move {
            while let Ok(connection) = listener.accept().await {
                let _ = sender.send(connection);
            }
        });
    }
    let mut open = JoinSet::new();
    loop {
        tokio::select! {
            Some((stream, from)) = arrived.recv() => {
                open.spawn(connection(stream, from, stopped.clone(), Arc::clone(&workers)));
            }
            () = told(stopped.clone()) => break,
        }
    }
    listening.shutdown().await;
    while let Ok((stream, from)) = arrived.try_recv() {
        open.spawn(connection(stream, from, stopped.clone(), Arc::clone(&workers)));
    }
    let _ = tokio::time::timeout(GRACE, async { while open.join_next().await.is_some() {} }).await;
}

async fn told(mut stopped: watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

async fn connection(
    stream: TcpStream,
    from: SocketAddr,
    stopped: watch::Receiver<bool>,
    workers: Arc<Workers>,
) {
    let service = service_fn(move |request| answer(Arc::clone(&workers), from, request));
    // Whatever the client speaks, HTTP/1 or HTTP/2.
    let server = auto::Builder::new(TokioExecutor::new());
    let mut connection = std::pin::pin!(server.serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        _ = connection.as_mut() => return,
        () = told(stopped) => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

async fn answer(
    workers: Arc<Workers>,
    from: SocketAddr,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let asked = Asked {
        path: request.uri().path().to_owned(),
        version: request.version(),
        from,
        headers: request.headers().clone(),
    };
    let (status, text) = spawn_blocking(move || workers.work(&asked)).await.unwrap_or((500, String::new()));
    Ok(Response::builder().status(status).body(Full::new(Bytes::from(text))).unwrap())
}

/// An application that calls whom it is asked to call, by `/call/ADDRESS/HOST`, and otherwise tells who has asked it.
pub fn relay(name: &'static str, patience: Duration) -> impl Fn(&Asked) -> Reply {
    move |asked| {
        let call = asked.path.strip_prefix("/call/").and_then(|rest| rest.split_once('/'));
        let Some((to, host)) = call else { return (200, format!("{name} {}", asked.from.ip())) };
        let answer = Caller::new(patience).get(to.parse().unwrap(), host, "/");
        (answer.status.unwrap_or(502), answer.text)
    }
}

/// Who calls, over connections that are kept open.
#[derive(Clone)]
pub struct Caller(Agent);

/// What came of a call.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status; none where no answer came.
    pub status: Option<u16>,
    /// The text, or why there is none.
    pub text: String,
    /// Whether the server says that the connection ends.
    pub closes: bool,
    pub took: Duration,
}

impl Answer {
    pub fn is_ok(&self) -> bool {
        self.status == Some(200)
    }
}

impl Caller {
    /// One that waits this long for an answer.
    pub fn new(patience: Duration) -> Self {
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None)
            .max_redirects(0)
            .max_idle_connections(1000)
            .max_idle_connections_per_host(1000)
            .timeout_global(Some(patience))
            .build()
            .new_agent();
        Self(agent)
    }

    /// Asks the server at an address by a name, as who has looked the name up.
    pub fn get(&self, to: SocketAddr, host: &str, path: &str) -> Answer {
        let begun = Instant::now();
        let answered = self.0.get(format!("http://{to}{path}")).header("host", host).call();
        let read = answered.and_then(|mut response| {
            let closes = response.headers().get("connection").is_some_and(|value| value == "close");
            Ok((response.status().as_u16(), response.body_mut().read_to_string()?, closes))
        });
        let took = begun.elapsed();
        match read {
            Ok((status, text, closes)) => Answer { status: Some(status), text, closes, took },
            Err(error) => Answer { status: None, text: error.to_string(), closes: true, took },
        }
    }
}
