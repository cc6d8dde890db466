//! The connections of clients: HTTP/1.1 and HTTP/2, over TLS or not. Never: what is sent over them.

use std::net::SocketAddr;

use axum::body::{Body, to_bytes};
use hyper::Request;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use crate::answer::Got;
use crate::kinds::Ask;
use crate::wire::Target;

/// The protocol of a connection to the webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    Http1,
    Http2,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Lost {
    /// The connection was closed before the request was on it: another one will do.
    Unsent,
    /// What happened instead.
    Ended(String),
}

/// An open connection.
pub enum Line {
    Http1(http1::SendRequest<Body>),
    Http2(http2::SendRequest<Body>),
}

impl Line {
    /// To the webhook, by TLS.
    pub async fn open(target: &Target, protocol: Protocol) -> Result<Self, String> {
        let failed = |error: &dyn std::fmt::Display| format!("no connection: {error}");
        match protocol {
            Protocol::Http1 => {
                let io = TokioIo::new(target.h1().await.map_err(|error| failed(&error))?);
                let (sender, connection) = http1::handshake(io).await.map_err(|error| failed(&error))?;
                tokio::spawn(connection);
                Ok(Self::Http1(sender))
            }
            Protocol::Http2 => {
                let io = TokioIo::new(target.h2().await.map_err(|error| failed(&error))?);
                let made = http2::handshake(TokioExecutor::new(), io).await;
                let (sender, connection) = made.map_err(|error| failed(&error))?;
                tokio::spawn(connection);
                Ok(Self::Http2(sender))
            }
        }
    }

    /// To a port without TLS.
    pub async fn plain(address: SocketAddr) -> Result<Self, String> {
        let stream = TcpStream::connect(address).await.map_err(|error| error.to_string())?;
        let made = http1::handshake(TokioIo::new(stream)).await;
        let (sender, connection) = made.map_err(|error| error.to_string())?;
        tokio::spawn(connection);
        Ok(Self::Http1(sender))
    }

    /// The same connection for another request at the same time, where its protocol has that.
    pub fn share(&self) -> Option<Self> {
        match self {
            Self::Http1(_) => None,
            Self::Http2(sender) => Some(Self::Http2(sender.clone())),
        }
    }

    pub fn is_closed(&self) -> bool {
        match self {
            Self::Http1(sender) => sender.is_closed(),
            Self::Http2(sender) => sender.is_closed(),
        }
    }

    /// Sends one request, and reads all of its answer.
    pub async fn send(&mut self, ask: &Ask) -> Result<Got, Lost> {
        let response = match self {
            Self::Http1(sender) => {
                sender.ready().await.map_err(|_| Lost::Unsent)?;
                sender.send_request(request(ask, "")).await
            }
            Self::Http2(sender) => {
                sender.ready().await.map_err(|_| Lost::Unsent)?;
                sender.send_request(request(ask, "https://localhost")).await
            }
        };
        let (head, body) = response.map_err(|error| lost(&error))?.into_parts();
        let again = head.headers.get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
        let body = to_bytes(Body::new(body), usize::MAX).await;
        let body = body.map_err(|error| Lost::Ended(format!("in the middle of an answer: {error}")))?;
        Ok(Got { status: head.status, body: String::from_utf8_lossy(&body).into_owned(), again })
    }
}

fn lost(error: &hyper::Error) -> Lost {
    if error.is_canceled() { Lost::Unsent } else { Lost::Ended(format!("{error:?}")) }
}

/// The request as hyper has it; its URI begins with `origin`, which HTTP/2 needs.
fn request(ask: &Ask, origin: &str) -> Request<Body> {
    let mut request = Request::builder().method(ask.method.clone()).uri(format!("{origin}{}", ask.path));
    if !ask.headers.iter().any(|(name, _)| *name == "host") {
        request = request.header("host", "localhost");
    }
    for (name, value) in &ask.headers {
        request = request.header(*name, *value);
    }
    request.body(Body::from(ask.body.clone())).unwrap()
}
