//! More work than there is time for. Whoever cannot be answered in its time is told so at once, and when to come again.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;

use crate::harness::{Server, hold_out, many, review, send};
use crate::wire::Target;

/// A pod that takes a while: so many containers, and a name that nobody has seen.
fn heavy(name: &str, containers: usize) -> String {
    let all: Vec<String> = (0..containers).map(|n| format!(r#"{{"name":"c{n}","image":"x"}}"#)).collect();
    review(
        "u-1",
        &format!(r#"{{"metadata":{{"name":"{name}"}},"spec":{{"containers":[{}]}}}}"#, all.join(",")),
    )
}

/// What became of requests.
#[derive(Debug, Default)]
struct Became {
    answered: usize,
    again: usize,
    late: usize,
}

/// Most clients at once: fewer than connections may be open.
const MOST_CLIENTS: usize = 640;

/// Asks from so many clients at once, for a while, and from twice as many until somebody is told to come again; each waits
/// for its answer for so many seconds.
async fn press(server: Server, test: &str, what: &str, clients: usize, containers: usize, seconds: u64) {
    let became = Arc::new(Mutex::new(Became::default()));
    let seen = Arc::clone(&became);
    let server = hold_out(test, what, server, async move |target| {
        let mut clients = clients;
        loop {
            crowd(&target, &became, clients, containers, seconds).await;
            // How many are too many, the machine says.
            if became.lock().unwrap().again > 0 || clients >= MOST_CLIENTS {
                break;
            }
            clients *= 2;
        }
        let became = became.lock().unwrap();
        let (answered, again) = (became.answered, became.again);
        format!("{clients} clients, {answered} answered, {again} told to come again")
    })
    .await;
    let became = std::mem::take(&mut *seen.lock().unwrap());
    assert!(became.answered > 0 && became.again > 0 && became.late == 0, "{became:?}");
    let mut shed = 0.0;
    for why in ["queue", "deadline"] {
        shed += server.metric(&format!("pillion_requests_shed_total{{why=\"{why}\"}}")).await;
    }
    assert!(shed > 0.0);
}

/// So many clients for four seconds.
async fn crowd(
    target: &Target,
    became: &Arc<Mutex<Became>>,
    clients: usize,
    containers: usize,
    seconds: u64,
) {
    let path = format!("/inject?timeout={seconds}s");
    let end = Instant::now() + Duration::from_secs(4);
    many(clients, |client| {
        let (target, path, became) = (target.clone(), path.clone(), Arc::clone(became));
        async move {
            let mut count = 0;
            while Instant::now() < end {
                let review = heavy(&format!("heavy-{clients}-{client}-{count}"), containers);
                count += 1;
                let began = Instant::now();
                let (status, _, again) = send(&target, &path, &review).await.expect("no answer");
                // An answer that comes much later than anybody waits for it was worked on in vain.
                let late = began.elapsed() > Duration::from_secs(seconds * 3 + 5);
                let mut became = became.lock().unwrap();
                became.late += usize::from(late);
                match (status, again) {
                    (200, _) => became.answered += 1,
                    (503, Some(_)) => became.again += 1,
                    other => panic!("{other:?}"),
                }
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_pods_that_are_waited_for_two_seconds() {
    let test = concat!(file!(), "::large_pods_that_are_waited_for_two_seconds");
    let what = "more large pods than can be answered in their two seconds";
    press(Server::start(&[]), test, what, 40, 8_000, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn small_pods_with_many_parts() {
    let test = concat!(file!(), "::small_pods_with_many_parts");
    let what = "more pods of 3,000 containers than can be answered in their second";
    press(Server::start(&[]), test, what, 60, 3_000, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadline_that_is_over() {
    let test = concat!(file!(), "::a_deadline_that_is_over");
    let what = "requests whose time is over before they are read";
    let server = hold_out(test, what, Server::start(&[]), async |target| {
        let became = many(8, |client| {
            let target = target.clone();
            async move {
                let mut again = 0;
                for count in 0..50 {
                    let review = heavy(&format!("late-{client}-{count}"), 500);
                    let (status, _, told) = send(&target, "/inject?timeout=0.001ms", &review).await.unwrap();
                    assert!(status == 503 && told.is_some(), "{status}");
                    again += 1;
                }
                again
            }
        });
        format!("{} requests, each told so", became.await.iter().sum::<usize>())
    })
    .await;
    assert!(server.metric(r#"pillion_requests_shed_total{why="deadline"}"#).await >= 400.0);
}
