//! An API server that breaks: watches that end, expire or are torn, lists that fail. A real one is in `tests/e2e`; this one
//! does what a real one does seldom.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::sleep;

use crate::harness::{Server, hold_out};
use crate::plane::Plane;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn watches_that_expire_break_and_are_torn() {
    let test = concat!(file!(), "::watches_that_expire_break_and_are_torn");
    let plane = Arc::new(Plane::default());
    let directory = tempfile::tempdir().unwrap();
    let (kubeconfig, served) = plane.serve(directory.path()).await;
    let server = Server::start(&Plane::arguments(&kubeconfig));
    for _ in 0..2000 {
        if server.is_ready().await {
            break;
        }
        sleep(Duration::from_millis(10)).await;
    }
    let what = "watches that expire (410), are torn or fail, and lists that fail";
    let of = Arc::clone(&plane);
    let server = hold_out(test, what, server, async move |_| {
        of.breaks.store(true, Ordering::Relaxed);
        sleep(Duration::from_secs(6)).await;
        of.breaks.store(false, Ordering::Relaxed);
        let broken = of.broken.load(Ordering::Relaxed);
        assert!(broken >= 5, "{broken}");
        format!("{broken} of them in 6 s")
    })
    .await;
    // It is followed again: what changes is taken into use.
    plane.generation.store(1, Ordering::Relaxed);
    let loads = server.metric("pillion_config_loads_total").await;
    for _ in 0..6000 {
        if server.metric("pillion_config_loads_total").await > loads {
            served.abort();
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("never followed again: {}", server.page("/readyz?verbose").await.1);
}
