//! Connections that say nothing, garbage, or not enough, before any request.

use std::future::Future;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout_at};

use crate::harness::{hold, many};
use crate::wire::{Target, head, rest};

const A_WHILE: Duration = Duration::from_secs(2);
/// Longer than anybody waits for an answer.
const LONGER: Duration = Duration::from_secs(12);

/// So many connections at any time for so long, each anew when it was closed. Gives how many there were.
async fn besiege<F>(
    count: usize,
    time: Duration,
    connect: impl Fn(usize) -> F + Clone + Send + 'static,
) -> usize
where
    F: Future<Output = bool> + Send,
{
    let end = Instant::now() + time;
    let counts = many(count, |n| {
        let connect = connect.clone();
        async move {
            let mut opened = 0;
            while Instant::now() < end {
                match timeout_at(end, connect(n)).await {
                    Ok(true) => opened += 1,
                    Ok(false) => sleep(Duration::from_millis(50)).await,
                    // It was open to the end.
                    Err(_) => return opened + 1,
                }
            }
            opened
        }
    });
    counts.await.iter().sum()
}

/// So many connections for so long that send `first` and then nothing.
async fn silent(target: &Target, count: usize, time: Duration, first: &'static [u8]) -> usize {
    let target = target.clone();
    besiege(count, time, move |_| {
        let target = target.clone();
        async move {
            let Ok(mut stream) = target.tcp().await else { return false };
            let sent = stream.write_all(first).await.is_ok();
            rest(&mut stream, LONGER).await;
            sent
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_open_tls() {
    let test = concat!(file!(), "::half_open_tls");
    hold(test, "connections that begin no handshake", &[], async |target| {
        let open = silent(&target, 2000, LONGER, b"").await;
        assert!(open > 1000, "{open}");
        format!("2000 at any time for 12 s, twice as many as are served; {open} in all")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn torn_handshakes() {
    let test = concat!(file!(), "::torn_handshakes");
    // The beginning of a record that would hold 512 bytes of a handshake.
    hold(test, "handshakes that stop after their first bytes", &[], async |target| {
        let first = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
        let open = silent(&target, 800, A_WHILE, first).await;
        assert!(open > 500, "{open}");
        format!("{open} connections for 2 s")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn handshakes_byte_by_byte() {
    let test = concat!(file!(), "::handshakes_byte_by_byte");
    hold(test, "handshakes of one byte every 50 ms (slowloris on TLS)", &[], async |target| {
        let sent = many(300, |_| {
            let target = target.clone();
            async move {
                let mut stream = target.tcp().await.unwrap();
                let mut sent = 0;
                for byte in b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".iter().cycle().take(40) {
                    if stream.write_all(&[*byte]).await.is_err() {
                        break;
                    }
                    sent += 1;
                    sleep(Duration::from_millis(50)).await;
                }
                sent
            }
        });
        format!("300 connections, {} bytes", sent.await.iter().sum::<usize>())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_opened_and_closed() {
    let test = concat!(file!(), "::connections_opened_and_closed");
    hold(test, "connections that are closed at once", &[], async |target| {
        let opened = many(20, |_| {
            let target = target.clone();
            async move {
                let mut opened = 0;
                for _ in 0..250 {
                    opened += usize::from(target.tcp().await.is_ok());
                }
                opened
            }
        });
        format!("{} connections", opened.await.iter().sum::<usize>())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn handshakes_for_nothing() {
    let test = concat!(file!(), "::handshakes_for_nothing");
    hold(test, "whole handshakes, and nothing asked", &[], async |target| {
        let done = many(8, |_| {
            let target = target.clone();
            async move {
                let mut done = 0;
                for _ in 0..60 {
                    done += usize::from(target.h2().await.is_ok());
                }
                done
            }
        });
        let done = done.await.iter().sum::<usize>();
        assert!(done > 400, "{done}");
        format!("{done} handshakes, 8 at once")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_connections_beyond_the_cap() {
    let test = concat!(file!(), "::idle_connections_beyond_the_cap");
    let cap = ["--max-connections", "100"];
    hold(test, "idle connections, three times as many as may be open", &cap, async |target| {
        let open = besiege(300, LONGER, move |n| {
            let target = target.clone();
            async move {
                let stream = if n % 2 == 0 { target.h1().await } else { target.h2_with(&[]).await };
                let Ok(mut stream) = stream else { return false };
                rest(&mut stream, LONGER).await;
                true
            }
        });
        let open = open.await;
        assert!(open > 100, "{open}");
        format!("300 at any time for 12 s, 100 served at once; {open} in all")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plain_http() {
    let test = concat!(file!(), "::plain_http");
    hold(test, "plain HTTP on the TLS port", &[], async |target| {
        let ended = ended(&target, 1000, |_| head("Content-Length: 0\r\n").into_bytes()).await;
        assert_eq!(ended, 1000);
        format!("{ended} connections, each closed")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage() {
    let test = concat!(file!(), "::garbage");
    hold(test, "garbage instead of TLS", &[], async |target| {
        let ended =
            ended(&target, 1000, |n| (0..4096).map(|i: usize| (i * 31 + n * 7 + i / 5) as u8).collect());
        let ended = ended.await;
        assert!(ended > 900, "{ended}");
        format!("1000 connections of 4 KiB, {ended} closed at once")
    })
    .await;
}

/// How many of so many connections the other side ends.
async fn ended(target: &Target, count: usize, bytes: impl Fn(usize) -> Vec<u8>) -> usize {
    let ended = many(count, |n| {
        let (target, bytes) = (target.clone(), bytes(n));
        async move {
            let mut stream: TcpStream = target.tcp().await.unwrap();
            stream.write_all(&bytes).await.is_err() || rest(&mut stream, A_WHILE).await.1
        }
    });
    ended.await.into_iter().filter(|ended| *ended).count()
}
