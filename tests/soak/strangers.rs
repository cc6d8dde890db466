//! Connections that ask nothing, half of something, or nonsense, while others ask. Never: more of them than anybody would
//! notice (that is `tests/siege`).

use std::io;
use std::sync::Arc;
use std::time::Duration;

use pillion_core::inject::Reason;
use tokio::io::AsyncWriteExt;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::pods::{self, review};
use crate::subject::Subject;
use crate::wire::{
    self, DATA, END_HEADERS, HEADERS, RST_STREAM, Target, frame, head, request1, rest, review_head,
};
use pillion_chance::Rng;

/// How often one comes.
const EVERY: Duration = Duration::from_millis(500);
/// How many pods they ask for.
const PODS: u64 = 27;
/// How long those stay that say nothing: some longer than a handshake may take.
const STAYS: Duration = Duration::from_secs(15);

/// Has strangers come until the task is ended.
pub fn begin(subject: &Arc<Subject>) -> JoinHandle<()> {
    let subject = Arc::clone(subject);
    tokio::spawn(async move {
        for number in 0_u64.. {
            sleep(EVERY).await;
            let subject = Arc::clone(&subject);
            // What it does is over before long, whatever becomes of it.
            tokio::spawn(async move {
                if let Err(error) = come(&subject, number).await {
                    subject.failed(format!("a stranger who could not even connect: {error}"));
                }
            });
        }
    })
}

async fn come(subject: &Subject, number: u64) -> io::Result<()> {
    let target = subject.target.load_full();
    let target: &Target = &target;
    // What is asked again and again is remembered: new pods each time would fill that memory for as long as this runs.
    let mut rng = Rng::of(1, "strangers", number % PODS);
    let pod = pods::pod(&mut rng, "stranger").to_string();
    let asked = review("admission.k8s.io/v1", "stranger", "shop", &pod);
    let half = &asked[..asked.len() / 2];
    match number % 9 {
        0 => {
            let _stream = target.tcp().await?;
            subject.did("connections that begin no handshake");
            sleep(STAYS).await;
        }
        1 => {
            let mut stream = target.tcp().await?;
            let _ = stream.write_all(&[22, 3, 1, 2, 0, 1]).await;
            subject.did("handshakes that stop");
            sleep(STAYS).await;
        }
        2 => {
            let _stream = target.h2_with(&[]).await?;
            subject.did("idle connections");
            sleep(STAYS).await;
        }
        3 => {
            let mut stream = target.h1().await?;
            let _ = stream.write_all(b"POST /inject HTTP/1.1\r\nHost: local").await;
            subject.did("heads that stop");
            sleep(STAYS).await;
        }
        4 => {
            let mut stream = target.h1().await?;
            subject.counts.lock().unwrap().abandoned += 1;
            let _ = stream
                .write_all((head(&format!("Content-Length: {}\r\n", asked.len())) + half).as_bytes())
                .await;
            subject.did("bodies that stop");
            sleep(Duration::from_millis(200)).await;
        }
        5 => {
            let mut stream = target.h2_with(&[]).await?;
            subject.counts.lock().unwrap().abandoned += 1;
            let _ = stream.write_all(&reset(half)).await;
            subject.did("streams that are reset");
            sleep(Duration::from_millis(200)).await;
        }
        6 => {
            let mut stream = target.tcp().await?;
            let _ = stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await;
            rest(&mut stream, STAYS).await;
            subject.did("plain HTTP");
        }
        7 => too_large(subject, target).await?,
        _ => behind_each_other(subject, target, &asked).await?,
    }
    Ok(())
}

/// Half of a review on a stream that is then reset.
fn reset(half: &str) -> Vec<u8> {
    let begun = frame(HEADERS, END_HEADERS, 1, &review_head("/inject"));
    [begun, frame(DATA, 0, 1, half.as_bytes()), frame(RST_STREAM, 0, 1, &8_u32.to_be_bytes())].concat()
}

/// A body that says that it is larger than it may be.
async fn too_large(subject: &Subject, target: &Target) -> io::Result<()> {
    let mut stream = target.h1().await?;
    let _ = stream.write_all(head(&format!("Content-Length: {}\r\n", (6 << 20) + 1)).as_bytes()).await;
    let (answer, _) = rest(&mut stream, STAYS).await;
    if answer.contains(" 400 ") {
        subject.answered(Reason::BodyTooLarge);
        subject.did("bodies beyond the limit");
    } else {
        subject.failed(format!("a body beyond the limit was answered by {answer:.300}"));
    }
    Ok(())
}

/// Requests that are sent before the answer to the one before is there.
async fn behind_each_other(subject: &Subject, target: &Target, asked: &str) -> io::Result<()> {
    const COUNT: usize = 4;
    let mut stream: wire::Tls = target.h1().await?;
    let last = format!(
        "POST /inject HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{asked}",
        asked.len()
    );
    let all = request1(asked).repeat(COUNT - 1) + &last;
    let _ = stream.write_all(all.as_bytes()).await;
    let (answers, _) = rest(&mut stream, Duration::from_secs(60)).await;
    let injected = answers.matches("\"allowed\":true,\"patch\":").count();
    (0..injected).for_each(|_| subject.answered(Reason::Injected));
    if injected == COUNT {
        subject.did("requests behind each other");
    } else {
        subject.failed(format!(
            "{injected} of {COUNT} requests behind each other were answered: {answers:.300}"
        ));
    }
    Ok(())
}
