//! [`Upstream`]: asking the other injector over connections that are kept: HTTP/2 where it speaks it. What comes back is
//! passed on as it is, within bounds. Its authorities are read again when their file changes.
//! Never: what an answer means.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::body::{Body, Bytes};
use axum::http::header::{self, HeaderMap, HeaderName};
use axum::http::uri::{Authority, PathAndQuery, Scheme};
use axum::http::{Method, Request, StatusCode, Uri};
use http_body_util::Full;
use hyper_rustls::{FixedServerNameResolver, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::ServerName;
use tokio::time::timeout;

use crate::body::{self, Budget, Received, Unread};
use crate::telemetry::Metrics;
use crate::tls::{self, Compliance, IdentityError, Trust};
use crate::watch::{Changes, Watch};

/// Largest answer: a patch can be larger than the pod that it is for.
pub const MAX_ANSWER: usize = 16 * 1024 * 1024;
/// What all answers may take together.
const BUDGET: usize = 256 * 1024 * 1024;
/// How long connecting may take; the API server waits longer, and perhaps for another address.
const CONNECT: Duration = Duration::from_secs(5);
/// A connection that says nothing is asked whether it lives this often, and given up after that much longer.
const PING: Duration = Duration::from_secs(10);
const PONG: Duration = Duration::from_secs(5);
const IDLE: Duration = Duration::from_secs(90);
/// Idle connections that are kept, where it is HTTP/1.1.
const MAX_IDLE: usize = 16;

/// Headers that belong to a connection and not to what is said on it (RFC 9110, 7.6.1), and those that are ours to write.
/// Answers are asked for as they are, for they are compared.
static HOP_BY_HOP: [HeaderName; 8] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::CONTENT_LENGTH,
];
static OURS: [HeaderName; 3] = [header::HOST, header::ACCEPT_ENCODING, header::EXPECT];

/// Where the upstream is, and who it must be.
#[derive(Clone, Debug)]
pub struct Address {
    base: Uri,
    /// The name in its certificate, if it is not the host of its URL.
    pub server_name: Option<ServerName<'static>>,
    /// A file with its authorities; without it the system's count.
    pub authorities: Option<PathBuf>,
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// The method.
    pub method: Method,
    /// Path and query.
    pub target: PathAndQuery,
    /// Headers, as they came.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// Headers that are passed on.
    pub headers: HeaderMap,
    /// The body.
    pub body: Arc<Received>,
}

/// Why nothing came back.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// There is no connection.
    #[error("cannot connect: {0}")]
    Unreachable(String),
    /// It took too long.
    #[error("no answer within {0:?}")]
    TimedOut(Duration),
    /// The connection or the answer broke off.
    #[error("the answer broke off: {0}")]
    Broken(String),
    /// The answer is too large.
    #[error("the answer is larger than {MAX_ANSWER} bytes")]
    TooLarge,
    /// Too many answers are being read.
    #[error("too many answers at once")]
    NoRoom,
}

/// Why there is no way to ask the upstream.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    /// The file of authorities cannot be used.
    #[error("the upstream's authorities: {0}")]
    Authorities(#[from] IdentityError),
    /// TLS cannot be set up.
    #[error("TLS to the upstream: {0}")]
    Tls(String),
}

type Https = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// A client, and the authorities that it trusts where a file names them.
struct Trusting {
    client: Https,
    authorities: Option<Trust>,
}

/// The other injector.
pub struct Upstream {
    address: Address,
    compliance: Compliance,
    client: ArcSwap<Trusting>,
    budget: Arc<Budget>,
    metrics: Arc<Metrics>,
    /// It did not answer the last time, and that was told.
    away: AtomicBool,
}

impl Address {
    /// Reads the URL of an upstream: `https://HOST[:PORT][/PATH]`.
    ///
    /// # Errors
    /// Another URL.
    pub fn parse(url: &str) -> Result<Self, String> {
        let wrong = |what: &str| format!("{url:?} {what}: say https://HOST[:PORT]");
        let base: Uri = url.parse().map_err(|_| wrong("is no URL"))?;
        if base.scheme() != Some(&Scheme::HTTPS) {
            return Err(wrong("does not begin with https://"));
        }
        let plain = |authority: &Authority| !authority.as_str().contains('@') && !authority.host().is_empty();
        if !base.authority().is_some_and(plain) || base.query().is_some() || url.contains('#') {
            return Err(wrong("is no address of a server"));
        }
        Ok(Self { base, server_name: None, authorities: None })
    }

    /// The URL of a question.
    fn of(&self, target: &PathAndQuery) -> Result<Uri, axum::http::Error> {
        let below = self.base.path().trim_end_matches('/');
        let mut parts = axum::http::uri::Parts::default();
        parts.scheme = Some(Scheme::HTTPS);
        parts.authority = self.base.authority().cloned();
        parts.path_and_query = Some(match below {
            "" => target.clone(),
            below => PathAndQuery::try_from(format!("{below}{target}"))?,
        });
        Ok(Uri::from_parts(parts)?)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.base.fmt(f)
    }
}

impl Failure {
    /// The label of it.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "unreachable",
            Self::TimedOut(_) => "timeout",
            Self::Broken(_) => "broken",
            Self::TooLarge => "too_large",
            Self::NoRoom => "no_room",
        }
    }

    /// The status that says so to whoever asked.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::TimedOut(_) => StatusCode::GATEWAY_TIMEOUT,
            Self::NoRoom => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_GATEWAY,
        }
    }
}

impl Upstream {
    /// A way to ask the injector at this address.
    ///
    /// # Errors
    /// Its authorities cannot be read.
    pub fn new(
        address: Address,
        compliance: Compliance,
        metrics: Arc<Metrics>,
    ) -> Result<Arc<Self>, UpstreamError> {
        let authorities = address.authorities.as_deref().map(Trust::from_file).transpose()?;
        let client = client(&address, compliance, authorities.as_ref())?;
        let budget = Budget::new(BUDGET);
        let client = ArcSwap::from_pointee(Trusting { client, authorities });
        let away = AtomicBool::new(false);
        Ok(Arc::new(Self { address, compliance, client, budget, metrics, away }))
    }

    /// Where it is.
    #[must_use]
    pub const fn address(&self) -> &Address {
        &self.address
    }

    /// Asks, and waits this long at most for the whole answer.
    ///
    /// # Errors
    /// No answer came.
    pub async fn ask(&self, question: Question, patience: Duration) -> Result<Answer, Failure> {
        let answered = timeout(patience, self.asked(question)).await;
        answered.unwrap_or(Err(Failure::TimedOut(patience)))
    }

    async fn asked(&self, question: Question) -> Result<Answer, Failure> {
        let client = self.client.load().client.clone();
        let (head, body) = match client.request(self.request(&question)?).await {
            Ok(response) => response.into_parts(),
            Err(error) if error.is_connect() => return Err(Failure::Unreachable(causes(&error))),
            // A kept connection may have ended as it was used. To inject a pod once more changes nothing.
            Err(_) => match client.request(self.request(&question)?).await {
                Ok(response) => response.into_parts(),
                Err(error) if error.is_connect() => return Err(Failure::Unreachable(causes(&error))),
                Err(error) => return Err(Failure::Broken(causes(&error))),
            },
        };
        let body = body::read_up_to(MAX_ANSWER, Body::new(body), &self.budget).await;
        let body = body.map_err(|unread| match unread {
            Unread::TooLarge => Failure::TooLarge,
            Unread::NoRoom => Failure::NoRoom,
            Unread::Broken(why) => Failure::Broken(why),
            Unread::Slow => Failure::Broken(unread.to_string()),
        })?;
        let mut headers = head.headers;
        without(&mut headers, &HOP_BY_HOP);
        Ok(Answer { status: head.status, headers, body: Arc::new(body) })
    }

    fn request(&self, question: &Question) -> Result<Request<Full<Bytes>>, Failure> {
        let broken = |error: axum::http::Error| Failure::Broken(error.to_string());
        let mut request = Request::new(Full::new(question.body.clone()));
        *request.method_mut() = question.method.clone();
        *request.uri_mut() = self.address.of(&question.target).map_err(broken)?;
        *request.headers_mut() = question.headers.clone();
        without(request.headers_mut(), &HOP_BY_HOP);
        without(request.headers_mut(), &OURS);
        Ok(request)
    }

    /// Counts what became of a question, and tells when the upstream goes away and comes back.
    pub fn note(&self, answered: &Result<Answer, Failure>) {
        let upstream = &self.address;
        match answered {
            Ok(answer) if answer.status == StatusCode::OK => {
                if self.away.swap(false, Ordering::AcqRel) {
                    tracing::info!(%upstream, "the upstream answers again");
                }
            }
            Ok(answer) => {
                self.metrics.beside.upstream_failed("status");
                if !self.away.swap(true, Ordering::AcqRel) {
                    tracing::warn!(%upstream, status = answer.status.as_u16(), "the upstream answers with another status than 200");
                }
            }
            Err(failure) => {
                self.metrics.beside.upstream_failed(failure.reason());
                if !self.away.swap(true, Ordering::AcqRel) {
                    tracing::warn!(%upstream, error = %failure, "the upstream does not answer: pods get what the webhook's failurePolicy says");
                }
            }
        }
    }

    /// Follows the file of its authorities for ever.
    pub async fn follow(self: Arc<Self>) {
        let Some(file) = &self.address.authorities else { return };
        let directory = file.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut watch = Watch::start(vec![directory.to_owned()]);
        loop {
            // Against what the client trusts: the file may have changed before anybody followed it.
            let found = Trust::from_file(file).map_err(UpstreamError::from).and_then(|trust| {
                let changed = self.client.load().authorities.as_ref() != Some(&trust);
                let made = changed.then(|| client(&self.address, self.compliance, Some(&trust)));
                Ok((trust, made.transpose()?))
            });
            match found {
                Ok((trust, Some(client))) => {
                    self.client.store(Arc::new(Trusting { client, authorities: Some(trust) }));
                    tracing::info!(file = %file.display(), "the upstream's authorities are new");
                }
                Ok((_, None)) => {}
                Err(error) => tracing::warn!(%error, "the old authorities of the upstream stay in use"),
            }
            watch.changed().await;
        }
    }
}

fn without(headers: &mut HeaderMap, names: &[HeaderName]) {
    for name in names {
        headers.remove(name);
    }
}

fn client(address: &Address, compliance: Compliance, trust: Option<&Trust>) -> Result<Https, UpstreamError> {
    let tls = tls::client_config(compliance, trust).map_err(UpstreamError::Tls)?;
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT));
    let mut builder = HttpsConnectorBuilder::new().with_tls_config(tls).https_only();
    if let Some(name) = &address.server_name {
        builder = builder.with_server_name_resolver(FixedServerNameResolver::new(name.clone()));
    }
    let connector = builder.enable_all_versions().wrap_connector(tcp);
    Ok(Client::builder(TokioExecutor::new())
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(MAX_IDLE)
        .http2_adaptive_window(true)
        .http2_keep_alive_interval(PING)
        .http2_keep_alive_timeout(PONG)
        .http2_keep_alive_while_idle(true)
        .build(connector))
}

/// An error with what it came from: the outermost says the least.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_of_a_question_is_the_upstreams_with_path_and_query_as_they_came() {
        let target = PathAndQuery::from_static("/inject/cluster/a%2Fb/net/n?timeout=10s");
        let of = |url: &str| Address::parse(url).unwrap().of(&target).unwrap().to_string();
        assert_eq!(of("https://istiod:15017"), "https://istiod:15017/inject/cluster/a%2Fb/net/n?timeout=10s");
        assert_eq!(of("https://[::1]/"), "https://[::1]/inject/cluster/a%2Fb/net/n?timeout=10s");
        assert_eq!(of("https://h/x/"), "https://h/x/inject/cluster/a%2Fb/net/n?timeout=10s");
    }

    #[test]
    fn what_is_no_address_of_a_server_is_refused() {
        for bad in [
            "",
            "istiod:15017",
            "http://istiod",
            "https://",
            "https://u:p@h",
            "https://h?x=y",
            "https://h/#f",
        ] {
            assert!(Address::parse(bad).is_err(), "{bad}");
        }
    }
}
