//! One connection: the handshake, HTTP/1.1 or HTTP/2 as ALPN has it, requests handed to the router, and its end:
//! by the client, by the clock, or because the process drains. Every way out is bounded in time.
//! Never: what a request means.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{sleep_until, timeout};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use super::caller::{Caller, Connection};
use super::crowd::Place;
use super::pace::{Overdue, Pace, Paced, Times};
use crate::lifecycle::Shutdown;
use crate::telemetry::Metrics;

/// Largest head of a request.
const MAX_HEAD: usize = 64 * 1024;
/// Requests at once on one HTTP/2 connection. Each that is answered and not read takes some kilobytes beside its answer.
const MAX_STREAMS: u32 = 100;
/// How long a connection that was asked to end may take for its last bytes.
const LAST_BYTES: Duration = Duration::from_secs(2);
/// The same, where another one waits for its place.
const LAST_BYTES_OF_ONE_TOO_MANY: Duration = Duration::from_millis(100);
/// Why a connection ended that had to make room.
const CROWDED_OUT: &str = "crowded_out";

/// How much and how long. The times are those of Istio's webhook server where it has them.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at once.
    pub connections: usize,
    /// A TLS handshake.
    pub handshake: Duration,
    /// A request's head.
    pub head: Duration,
    /// Nothing asked.
    pub idle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1000,
            handshake: Duration::from_secs(10),
            head: Duration::from_secs(30),
            idle: Duration::from_secs(90),
        }
    }
}

/// A listener's TLS settings.
pub type Tls = Arc<rustls::ServerConfig>;

/// What all connections of a listener share.
pub(super) struct Server {
    pub(super) tls: Option<Tls>,
    pub(super) router: Router,
    pub(super) limits: Limits,
    pub(super) metrics: Arc<Metrics>,
    pub(super) shutdown: Shutdown,
}

/// Serves one connection to its end.
pub(super) async fn run(server: &Server, stream: TcpStream, peer: SocketAddr, place: Place) {
    // An answer is one write: waiting for more would only delay it.
    let _ = stream.set_nodelay(true);
    match &server.tls {
        None => drive(server, stream, Protocol::Http1, &place).await,
        // The webhook's port alone has TLS, and its connections alone are told: whoever asks for metrics has one too.
        Some(tls) => {
            server.metrics.connections.inc();
            encrypted(server, Arc::clone(tls), stream, peer, &place).await;
            server.metrics.connections.dec();
        }
    }
}

async fn encrypted(server: &Server, tls: Tls, stream: TcpStream, peer: SocketAddr, place: &Place) {
    let shaken = tokio::select! {
        shaken = timeout(server.limits.handshake, TlsAcceptor::from(tls).accept(stream)) => shaken,
        () = place.taken() => return server.metrics.connection_failed(CROWDED_OUT),
    };
    match shaken {
        Ok(Ok(stream)) => {
            let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            drive(server, stream, if http2 { Protocol::Http2 } else { Protocol::Http1 }, place).await;
        }
        Ok(Err(error)) => {
            server.metrics.connection_failed(why(&error));
            tracing::debug!(%peer, %error, "TLS handshake failed");
        }
        Err(_) => {
            server.metrics.connection_failed("handshake_timeout");
            tracing::debug!(%peer, "TLS handshake took too long");
        }
    }
}

/// Why a handshake failed: because of the client's certificate, where one is asked for, or anything else.
fn why(error: &io::Error) -> &'static str {
    match error.get_ref().and_then(|inner| inner.downcast_ref()) {
        Some(rustls::Error::NoCertificatesPresented | rustls::Error::InvalidCertificate(_)) => {
            "client_certificate"
        }
        _ => "handshake_failed",
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Http1,
    Http2,
}

async fn drive<S>(server: &Server, socket: S, protocol: Protocol, place: &Place)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let times = Times { head: server.limits.head, idle: server.limits.idle };
    let pace = Pace::new(times, protocol == Protocol::Http1);
    place.keeps(pace.clone());
    let router = server.router.clone();
    let clock = pace.clone();
    let caller = Connection::new(server.limits.connections, Some(pace.clone()));
    let service = service_fn(move |request: Request<Incoming>| {
        let (router, in_flight) = (router.clone(), clock.request());
        let caller = Caller::now(Arc::clone(&caller));
        async move {
            let answer = caller.asks(router.oneshot(request.map(Body::new))).await;
            drop(in_flight);
            answer
        }
    });
    let builder = builder(protocol);
    let mut connection =
        pin!(builder.serve_connection(TokioIo::new(Paced { socket, pace: pace.clone() }), service));
    let mut shutdown = server.shutdown.clone();
    let mut stopping = false;
    loop {
        tokio::select! {
            _ = connection.as_mut() => return,
            () = shutdown.requested(), if !stopping => {
                stopping = true;
                connection.as_mut().graceful_shutdown();
            }
            () = place.taken() => {
                server.metrics.connection_failed(CROWDED_OUT);
                connection.as_mut().graceful_shutdown();
                let _ = timeout(LAST_BYTES_OF_ONE_TOO_MANY, connection).await;
                return;
            }
            // The time until then is another one now.
            () = pace.hurried() => {}
            () = sleep_until(pace.deadline()) => match pace.overdue() {
                None => {}
                Some(Overdue::Head) => return server.metrics.connection_failed("slow_head"),
                Some(Overdue::Idle) => {
                    // Says goodbye where the protocol has a word for it.
                    connection.as_mut().graceful_shutdown();
                    let _ = timeout(LAST_BYTES, connection).await;
                    return;
                }
            },
        }
    }
}

fn builder(protocol: Protocol) -> Builder<TokioExecutor> {
    let mut builder = match protocol {
        Protocol::Http1 => Builder::new(TokioExecutor::new()).http1_only(),
        Protocol::Http2 => Builder::new(TokioExecutor::new()).http2_only(),
    };
    // The clock of `pace` holds for both protocols; hyper's own covers one.
    builder.http1().header_read_timeout(None).max_buf_size(MAX_HEAD);
    builder.http2().max_concurrent_streams(MAX_STREAMS).max_header_list_size(MAX_HEAD as u32);
    builder
}
