//! [`Client`]: one connection to a peer, as API servers make them: TLS, then HTTP/2 or HTTP/1.1. Never: when what is sent.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// What Go's HTTP/2 client grants a server to send ahead: on a stream, on a connection.
const STREAM_WINDOW: u32 = 4 << 20;
const CONNECTION_WINDOW: u32 = 1 << 30;

/// The protocol of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2.
    Http2,
}

/// An open connection.
pub(crate) enum Client {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

impl Client {
    /// Connects.
    pub(crate) async fn connect(
        address: SocketAddr,
        certificate: &CertificateDer<'static>,
        protocol: Protocol,
    ) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone())?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let mut config = config.with_root_certificates(roots).with_no_client_auth();
        let name: &[u8] = if protocol == Protocol::Http2 { b"h2" } else { b"http/1.1" };
        config.alpn_protocols = vec![name.to_vec()];
        let stream =
            TcpStream::connect(address).await.with_context(|| format!("no connection to {address}"))?;
        stream.set_nodelay(true)?;
        let host = ServerName::try_from("localhost")?;
        let stream = TlsConnector::from(Arc::new(config)).connect(host, stream).await.context("TLS")?;
        let agreed = stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
        if agreed.as_deref() != Some(name) {
            bail!("{address} does not speak {}", String::from_utf8_lossy(name));
        }
        let io = TokioIo::new(stream);
        Ok(match protocol {
            Protocol::Http1 => {
                let (sender, connection) = http1::handshake(io).await?;
                tokio::spawn(connection);
                Self::Http1(sender)
            }
            Protocol::Http2 => {
                let (sender, connection) = http2::Builder::new(TokioExecutor::new())
                    .initial_stream_window_size(STREAM_WINDOW)
                    .initial_connection_window_size(CONNECTION_WINDOW)
                    .handshake(io)
                    .await?;
                tokio::spawn(connection);
                Self::Http2(sender)
            }
        })
    }

    /// Another handle to the connection, where the protocol takes several requests at once.
    pub(crate) fn share(&self) -> Option<Self> {
        match self {
            Self::Http1(_) => None,
            Self::Http2(sender) => Some(Self::Http2(sender.clone())),
        }
    }

    /// Sends a review and reads the answer. An echo is told how many bytes to answer with.
    pub(crate) async fn post(&mut self, body: Vec<u8>, reply_bytes: Option<usize>) -> Result<Bytes> {
        let path = match self {
            Self::Http1(_) => "/inject?timeout=10s",
            Self::Http2(_) => "https://localhost/inject?timeout=10s",
        };
        let mut request = Request::post(path)
            .header("host", "localhost")
            .header("accept", "application/json, */*")
            .header("content-type", "application/json")
            .header("user-agent", "kube-apiserver-admission");
        if let Some(bytes) = reply_bytes {
            request = request.header("x-reply-bytes", bytes);
        }
        let request = request.body(Full::new(Bytes::from(body)))?;
        let response = match self {
            Self::Http1(sender) => {
                sender.ready().await?;
                sender.send_request(request).await?
            }
            Self::Http2(sender) => {
                sender.ready().await?;
                sender.send_request(request).await?
            }
        };
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        if status != 200 {
            bail!("status {status}: {}", String::from_utf8_lossy(&body));
        }
        Ok(body)
    }
}
