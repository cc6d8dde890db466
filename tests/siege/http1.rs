//! Heads, bodies and answers of HTTP/1.1.

use std::time::Duration;

use tokio::io::AsyncWriteExt;

use crate::harness::{hold, many, pod, review};
use crate::wire::{Target, drip, head, pour_into, request1, rest};

const A_WHILE: Duration = Duration::from_secs(2);
/// Longer than anybody waits for an answer.
const LONGER: Duration = Duration::from_secs(12);

/// How many of so many connections answer these bytes with a status of `status`.
async fn answered(target: &Target, count: usize, bytes: Vec<u8>, status: &'static str) -> usize {
    let answered = many(count, |_| {
        let (target, bytes) = (target.clone(), bytes.clone());
        async move {
            let Ok(mut stream) = target.h1().await else { return false };
            // What is refused may be refused before all of it is sent.
            let _ = stream.write_all(&bytes).await;
            let (answer, _) = rest(&mut stream, A_WHILE).await;
            assert!(answer.is_empty() || answer.contains(status), "{answer:.200}");
            answer.contains(status)
        }
    });
    answered.await.into_iter().filter(|answered| *answered).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_heads() {
    let test = concat!(file!(), "::slow_heads");
    hold(test, "heads of one byte every 50 ms (slowloris)", &[], async |target| {
        let sent = many(400, |_| {
            let target = target.clone();
            async move {
                let mut stream = target.h1().await.unwrap();
                stream.write_all(b"POST /inject HTTP/1.1\r\nX-A: ").await.unwrap();
                drip(&mut stream, A_WHILE, Duration::from_millis(50), b"b").await
            }
        });
        format!("400 connections, {} bytes", sent.await.iter().sum::<usize>())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_bodies() {
    let test = concat!(file!(), "::slow_bodies");
    hold(test, "bodies of 6 MiB that stop just before their end", &[], async |target| {
        let held = many(100, |_| {
            let target = target.clone();
            async move {
                let stream = target.h1().await.unwrap();
                let (mut reads, mut writes) = tokio::io::split(stream);
                let first = head(&format!("Content-Length: {}\r\n", 6 << 20));
                writes.write_all(first.as_bytes()).await.unwrap();
                let answer = tokio::spawn(async move { rest(&mut reads, LONGER).await.0 });
                let poured = pour_into(&mut writes, LONGER, |n| (n < 383).then(|| vec![b' '; 16 << 10]));
                let poured = poured.await;
                let answer = answer.await.unwrap();
                (poured.sent, answer.contains(" 503 ") && answer.contains("retry-after: 1"))
            }
        });
        let held = held.await;
        let sent: usize = held.iter().map(|(sent, _)| sent / 64).sum();
        let shed = held.iter().filter(|(_, shed)| *shed).count();
        assert!(shed > 20, "{shed}: all of them found room");
        format!("100 bodies for 12 s, {sent} MiB sent, {shed} told to come again")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_byte_by_byte() {
    let test = concat!(file!(), "::bodies_byte_by_byte");
    hold(test, "bodies of one byte every 50 ms", &[], async |target| {
        let sent = many(400, |_| {
            let target = target.clone();
            async move {
                let mut stream = target.h1().await.unwrap();
                stream.write_all(head("Content-Length: 100000\r\n").as_bytes()).await.unwrap();
                drip(&mut stream, A_WHILE, Duration::from_millis(50), b" ").await
            }
        });
        format!("400 connections, {} bytes", sent.await.iter().sum::<usize>())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn declared_bodies_beyond_the_limit() {
    let test = concat!(file!(), "::declared_bodies_beyond_the_limit");
    hold(test, "bodies that announce more than they may have", &[], async |target| {
        let mut refused = 0;
        for length in [(6 << 20) + 1, 1 << 40, 1 << 60] {
            let bytes = head(&format!("Content-Length: {length}\r\n"));
            refused += answered(&target, 50, bytes.into_bytes(), " 400 ").await;
        }
        assert!(refused >= 100, "{refused}");
        format!("150 requests of 6 MiB and a byte to 1 EiB, {refused} answered by 400")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chunked_bodies_beyond_the_limit() {
    let test = concat!(file!(), "::chunked_bodies_beyond_the_limit");
    hold(test, "bodies in chunks that do not end", &[], async |target| {
        let sent = many(40, |_| {
            let target = target.clone();
            async move {
                let mut stream = target.h1().await.unwrap();
                stream.write_all(head("Transfer-Encoding: chunked\r\n").as_bytes()).await.unwrap();
                let chunk = [b"4000\r\n".as_slice(), &[b' '; 0x4000], b"\r\n"].concat();
                pour_into(&mut stream, A_WHILE, |n| (n < 2000).then(|| chunk.clone())).await
            }
        });
        let sent = sent.await;
        // What the buffers on the way hold is sent all the same.
        assert!(sent.iter().all(|poured| poured.sent < 1500), "{sent:?}");
        format!(
            "40 bodies, {} MiB before they were refused",
            sent.iter().map(|it| it.sent / 64).sum::<usize>()
        )
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chunks_of_one_byte() {
    let test = concat!(file!(), "::chunks_of_one_byte");
    hold(test, "bodies in chunks of one byte, with extensions", &[], async |target| {
        let chunk = b"1;x=yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n \r\n".repeat(400);
        let sent = many(16, |_| {
            let (target, chunk) = (target.clone(), chunk.clone());
            async move {
                let mut stream = target.h1().await.unwrap();
                stream.write_all(head("Transfer-Encoding: chunked\r\n").as_bytes()).await.unwrap();
                pour_into(&mut stream, A_WHILE, |n| (n < 400).then(|| chunk.clone())).await.sent * 400
            }
        });
        format!("16 bodies, {} chunks", sent.await.iter().sum::<usize>())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heads_beyond_the_limit() {
    let test = concat!(file!(), "::heads_beyond_the_limit");
    hold(test, "a field of 1 MiB in the head", &[], async |target| {
        let bytes = head(&format!("X-Large: {}\r\n", "x".repeat(1 << 20)));
        let refused = answered(&target, 200, bytes.into_bytes(), " 431 ").await;
        format!("200 requests, 200 closed, {refused} of them read the 431")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_fields() {
    let test = concat!(file!(), "::many_fields");
    hold(test, "heads of 10,000 fields", &[], async |target| {
        let lines: String = (0..10_000).map(|n| format!("a{n}: b\r\n")).collect();
        let refused = answered(&target, 200, head(&lines).into_bytes(), " 431 ").await;
        format!("200 requests, 200 closed, {refused} of them read the 431")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nonsense() {
    let test = concat!(file!(), "::nonsense");
    hold(test, "what is no HTTP, inside TLS", &[], async |target| {
        let mut refused = 0;
        for bytes in [
            b"\0\0\0\0\r\n\r\n".to_vec(),
            b"POST /inject HTTP/9.9\r\n\r\n".to_vec(),
            b"POST  HTTP/1.1\r\n\r\n".to_vec(),
            head("Content-Length: 5\r\nContent-Length: 6\r\n").into_bytes(),
            head("Content-Length: -1\r\n").into_bytes(),
            head("Transfer-Encoding: chunked\r\n").into_bytes().into_iter().chain(*b"zz\r\n").collect(),
        ] {
            refused += answered(&target, 30, bytes, " 400 ").await;
        }
        assert!(refused >= 150, "{refused}");
        format!("180 requests, {refused} answered by 400")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_that_are_not_read() {
    let test = concat!(file!(), "::answers_that_are_not_read");
    hold(test, "requests one behind the other, and no answer read", &[], async |target| {
        let sent = many(100, |n| {
            let target = target.clone();
            async move {
                let mut stream = target.h1().await.unwrap();
                let requests = request1(&review("u-1", &pod(&format!("unread-{n}")))).repeat(10);
                pour_into(&mut stream, A_WHILE, |n| (n < 200).then(|| requests.clone().into_bytes()))
                    .await
                    .sent
            }
        });
        format!("100 connections, {} requests sent", sent.await.iter().sum::<usize>() * 10)
    })
    .await;
}
