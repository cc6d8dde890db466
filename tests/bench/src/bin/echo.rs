//! The floor that `make bench` measures the webhook against: its listener, threads, TLS and log settings, and a handler
//! that reads the body and answers with as many bytes as the header `x-reply-bytes` asks for. What it costs is what the
//! transport costs. Never: a review.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use clap::Parser;
use pillion::http::body::{self, Budget};
use pillion::http::{Limits, listen};
use pillion::lifecycle::{self, Signals};
use pillion::telemetry::Metrics;
use pillion::telemetry::log::{self, Format};
use pillion::tls::{self, Compliance, Identity, Resolver};

/// What all bodies may take together, as in the webhook.
const BUDGET: usize = 256 * 1024 * 1024;
/// How many bytes the answer shall have.
const REPLY_BYTES: &str = "x-reply-bytes";
/// The largest answer.
const MAX_REPLY: usize = 64 * 1024 * 1024;

/// Answers with bytes of a wanted number.
#[derive(Debug, Parser)]
struct Args {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:0")]
    https_addr: SocketAddr,
    /// The certificate chain, a PEM file.
    #[arg(long)]
    tls_cert: PathBuf,
    /// Its key, a PEM file.
    #[arg(long)]
    tls_key: PathBuf,
}

fn main() -> Result<()> {
    let args = Args::parse();
    log::init(Format::Text, "info")?;
    pillion::runtime::start().context("cannot start threads")?.block_on(serve(args))
}

async fn serve(args: Args) -> Result<()> {
    let mut signals = Signals::listen().context("cannot listen to signals")?;
    let resolver = Arc::new(Resolver::default());
    resolver.set(&Identity::load(&args.tls_cert, &args.tls_key)?);
    let tls = Arc::new(tls::server_config(Compliance::None, resolver)?);
    let listener = listen::bind(args.https_addr)
        .with_context(|| format!("cannot listen on {} (--https-addr)", args.https_addr))?;
    tracing::info!(https = %listener.local_addr()?, "listening");
    let router = Router::new().route("/{*path}", any(echo)).with_state(Budget::new(BUDGET));
    let metrics = Arc::new(Metrics::new("default"));
    let (trigger, shutdown) = lifecycle::shutdown();
    let server = listen::serve(listener, Some(tls), router, Limits::default(), metrics, shutdown);
    tokio::select! {
        () = server => {}
        _ = signals.next() => trigger.pull(),
    }
    Ok(())
}

async fn echo(State(budget): State<Arc<Budget>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let wanted = head.headers.get(REPLY_BYTES).and_then(|value| value.to_str().ok()?.parse().ok());
    let (Some(wanted), Ok(received)) = (wanted, body::read(body, &budget).await) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    if received.bytes().is_empty() || wanted > MAX_REPLY {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
    (headers, vec![b' '; wanted]).into_response()
}
