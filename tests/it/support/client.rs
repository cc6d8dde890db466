//! TLS clients: of each version, with HTTP/1.1 or HTTP/2, and raw ones that misbehave.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use hyper::client::conn::{http1, http2};
use hyper::{Request, StatusCode, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::webhook::Webhook;

/// What one request came to.
pub struct Got {
    pub status: StatusCode,
    pub version: Version,
    pub body: String,
}

/// Settings that trust `ca`, speak these versions of TLS and offer these protocols.
pub fn config(
    ca: &CertificateDer<'static>,
    versions: &[&'static SupportedProtocolVersion],
    protocols: &[&str],
) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(ca.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|p| p.as_bytes().to_vec()).collect();
    config
}

/// A connection after its handshake.
pub async fn connect(webhook: &Webhook, config: ClientConfig) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(webhook.address).await?;
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

/// A connection that speaks HTTP/1.1, for writing bytes by hand.
pub async fn raw(webhook: &Webhook) -> TlsStream<TcpStream> {
    connect(webhook, config(&webhook.ca, rustls::ALL_VERSIONS, &["http/1.1"])).await.unwrap()
}

/// Posts a review over a new connection, in the protocol that both sides agree on.
pub async fn post(webhook: &Webhook, config: ClientConfig, body: String) -> std::io::Result<Got> {
    let stream = connect(webhook, config).await?;
    let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let io = TokioIo::new(stream);
    let request = Request::post("https://localhost/inject")
        .header("host", "localhost")
        .header("content-type", "application/json")
        .body(Body::from(body))
        .unwrap();
    let response = if is_http2 {
        let (mut sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
        tokio::spawn(connection);
        sender.send_request(request).await
    } else {
        let (mut sender, connection) = http1::handshake(io).await.unwrap();
        tokio::spawn(connection);
        sender.send_request(request).await
    };
    let (head, body) = response.map_err(std::io::Error::other)?.into_parts();
    let body = to_bytes(Body::new(body), usize::MAX).await.unwrap();
    Ok(Got { status: head.status, version: head.version, body: String::from_utf8(body.to_vec()).unwrap() })
}
