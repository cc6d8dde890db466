//! A real listener on loopback: TLS versions, both protocols, clients that are slow or many, and draining.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::{StatusCode, Version};
use pillion::http::{Limits, listen};
use pillion::lifecycle::shutdown;
use pillion::telemetry::Metrics;
use pillion::tls::Compliance;
use rustls::version::{TLS12, TLS13};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::client::{self, config};
use crate::support::webhook::Webhook;
use crate::support::{POD, review};

const LONG: Duration = Duration::from_secs(20);

/// Times that a test can wait for.
fn quick() -> Limits {
    let short = Duration::from_millis(300);
    Limits { handshake: short, head: short, idle: short, ..Limits::default() }
}

fn head(length: usize) -> String {
    format!(
        "POST /inject HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    )
}

/// All that comes until the other side closes.
async fn rest(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut got = Vec::new();
    // A close without TLS's goodbye is a close all the same.
    let _ = timeout(LONG, stream.read_to_end(&mut got)).await.expect("the connection stays open");
    String::from_utf8_lossy(&got).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_protocols_are_served_over_both_versions_of_tls() {
    let webhook = Webhook::start().await;
    for tls in [&TLS12, &TLS13] {
        for (protocol, version) in [("h2", Version::HTTP_2), ("http/1.1", Version::HTTP_11)] {
            let got =
                client::post(&webhook, config(&webhook.ca, &[tls], &[protocol]), review(POD)).await.unwrap();
            assert_eq!((got.status, got.version), (StatusCode::OK, version), "{tls:?}");
            assert!(got.body.contains("\"patch\""), "{}", got.body);
        }
    }
    let got = client::post(&webhook, config(&webhook.ca, &[&TLS13], &[]), review(POD)).await.unwrap();
    assert_eq!(got.version, Version::HTTP_11);
    webhook.metric("sidecar_injection_requests_total 5").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_compliance_policy_narrows_what_handshakes_agree_on() {
    for (policy, refused, accepted) in
        [(Compliance::Fips140_2, &TLS13, &TLS12), (Compliance::Pqc, &TLS12, &TLS13)]
    {
        let webhook = Webhook::with(Limits::default(), policy);
        let post = |tls| client::post(&webhook, config(&webhook.ca, &[tls], &["h2"]), review(POD));
        assert!(post(refused).await.is_err(), "{policy:?}");
        assert_eq!(post(accepted).await.unwrap().status, StatusCode::OK, "{policy:?}");
    }
    let webhook = Webhook::with(Limits::default(), Compliance::Fips140_3);
    for tls in [&TLS12, &TLS13] {
        let got = client::post(&webhook, config(&webhook.ca, &[tls], &["h2"]), review(POD)).await.unwrap();
        assert_eq!(got.status, StatusCode::OK);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_handshake_ends_and_is_counted() {
    let webhook = Webhook::with(quick(), Compliance::None);
    let mut silent = TcpStream::connect(webhook.address).await.unwrap();
    rest(&mut silent).await;
    webhook.metric(r#"pillion_connection_failures_total{reason="handshake_timeout"} 1"#).await;

    let mut plain = TcpStream::connect(webhook.address).await.unwrap();
    plain.write_all(head(0).as_bytes()).await.unwrap();
    rest(&mut plain).await;
    webhook.metric(r#"pillion_connection_failures_total{reason="handshake_failed"} 1"#).await;
    webhook.metric("pillion_connections 0").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_of_other_ports_are_not_counted() {
    let metrics = Arc::new(Metrics::new("default"));
    let listener = listen::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    let (_trigger, stop) = shutdown();
    let router = Router::new();
    let served = tokio::spawn(listen::serve(listener, None, router, quick(), Arc::clone(&metrics), stop));
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    stream.read_u8().await.unwrap();
    assert!(metrics.render().lines().any(|line| line == "pillion_connections 0"));
    served.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_that_never_ends_and_an_idle_connection_are_closed() {
    let webhook = Webhook::with(quick(), Compliance::None);
    let mut slow = client::raw(&webhook).await;
    slow.write_all(b"POST /inject HTTP/1.1\r\nHost: loc").await.unwrap();
    rest(&mut slow).await;
    webhook.metric(r#"pillion_connection_failures_total{reason="slow_head"} 1"#).await;

    let mut idle = client::raw(&webhook).await;
    let body = review(POD);
    idle.write_all((head(body.len()) + &body).as_bytes()).await.unwrap();
    assert!(rest(&mut idle).await.starts_with("HTTP/1.1 200 OK"));
    webhook.metric("pillion_connections 0").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_may_take_longer_than_a_head() {
    let webhook = Webhook::with(quick(), Compliance::None);
    let mut client = client::raw(&webhook).await;
    let body = review(POD);
    let (first, second) = body.split_at(body.len() / 2);
    client.write_all((head(body.len()) + first).as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(700)).await;
    client.write_all(second.as_bytes()).await.unwrap();
    assert!(rest(&mut client).await.contains("\"allowed\":true"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beyond_the_cap_connections_wait_for_their_turn() {
    let webhook = Webhook::with(Limits { connections: 1, ..Limits::default() }, Compliance::None);
    let first = client::raw(&webhook).await;
    let second = client::post(&webhook, config(&webhook.ca, &[&TLS13], &["h2"]), review(POD));
    tokio::pin!(second);
    assert!(timeout(Duration::from_millis(300), &mut second).await.is_err(), "served beyond the cap");
    drop(first);
    let got = timeout(LONG, second).await.expect("never served").unwrap();
    assert_eq!(got.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn draining_finishes_what_was_begun_and_takes_nothing_new() {
    let webhook = Webhook::start().await;
    let mut open = client::raw(&webhook).await;
    let mut idle = client::raw(&webhook).await;
    let body = review(POD);
    let (first, second) = body.split_at(body.len() / 2);
    open.write_all((head(body.len()) + first).as_bytes()).await.unwrap();
    webhook.metric("pillion_requests_in_flight 1").await;

    webhook.trigger.pull();
    assert_eq!(rest(&mut idle).await, "");
    let refused = async {
        while TcpStream::connect(webhook.address).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(LONG, refused).await.expect("still accepting");
    assert!(!webhook.served.is_finished());

    open.write_all(second.as_bytes()).await.unwrap();
    let answer = rest(&mut open).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.contains("\"allowed\":true"), "{answer}");
    timeout(LONG, webhook.served).await.expect("not drained").unwrap();
}
