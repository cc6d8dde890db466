//! `pillion serve` for half an hour under a million requests of every kind, while certificates rotate, configurations
//! change (every third one is broken) and an API server breaks: each answer is checked, and memory and descriptors must
//! be at the end what they were at the beginning. `make soak` runs it; docs/reliability.md has the figures of one run.
//!
//! | module | holds |
//! |---|---|
//! | `subject` | one process: who asks it, what was expected, what went wrong |
//! | `kinds` | every kind of request, with what it must be answered |
//! | `pods` | the pods in them |
//! | `answer` | whether an answer is the right one |
//! | `line` | the connections that clients keep, or make anew |
//! | `strangers` | connections that ask nothing, half of something, or nonsense |
//! | `changes` | what changes meanwhile: certificates, configurations, levels of the log, recordings |
//! | `samples` | memory, threads and descriptors over time |
//! | `told` | the tables, and what did not hold |
//!
//! The process, an API server that breaks and connections by hand are those of `tests/siege`. Never: attacks.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    unreachable_pub,
    reason = "this is a test too; it prints its figures"
)]

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Parser;
use tokio::time::{Instant, sleep};

mod answer;
mod changes;
#[path = "../siege/harness.rs"]
#[allow(dead_code, reason = "attacks need the rest")]
mod harness;
mod kinds;
mod line;
#[path = "../siege/plane.rs"]
mod plane;
mod pods;
#[path = "../it/support/program.rs"]
#[allow(dead_code, reason = "other tests need the rest")]
mod program;
mod samples;
mod strangers;
mod subject;
mod told;
#[path = "../it/support/volume.rs"]
mod volume;
#[path = "../siege/wire.rs"]
#[allow(dead_code, reason = "attacks need the rest")]
mod wire;

use changes::Changing;
use samples::Watched;
use subject::{Subject, Who};

/// How long the run is, and what it is made from.
#[derive(Debug, Parser)]
pub struct Args {
    /// At least so many minutes.
    #[arg(long, default_value = "30")]
    minutes: f64,
    /// At least so many requests, evenly over that time; where the machine is too slow for that, it takes longer.
    #[arg(long, default_value = "1000000")]
    requests: u64,
    /// What the requests are made from; without it another one each time.
    #[arg(long)]
    seed: Option<u64>,
    /// Write the tables into docs/reliability.md, if everything held.
    #[arg(long)]
    write: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let good = runtime.block_on(run(&args));
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn run(args: &Args) -> bool {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let seed = args.seed.unwrap_or(now);
    println!("soak: seed {seed}, {} minutes, {} requests", args.minutes, args.requests);
    let time = Duration::from_secs_f64(args.minutes * 60.0);
    let mut watched = Vec::new();
    for who in Who::ALL {
        watched.push(start(who, seed, args.requests, time).await);
    }
    let began = Instant::now();
    let mut clients = Vec::new();
    for it in &watched {
        clients.extend(Arc::clone(&it.subject).clients(began));
    }
    // Sampled by the clock, until all is asked and the time is over.
    while began.elapsed() < time || clients.iter().any(|client| !client.is_finished()) {
        sleep(samples::EVERY.min(time / 12)).await;
        watched.iter_mut().for_each(|it| it.sample(began.elapsed()));
        let left: u64 = watched.iter().map(|it| it.subject.left()).sum();
        let memory =
            watched.iter().map(|it| it.samples.last().map_or(0, |sample| sample.rss_kib).to_string());
        let (minutes, memory) = (began.elapsed().as_secs_f64() / 60.0, memory.collect::<Vec<_>>().join(", "));
        println!("soak: {minutes:.1} minutes, {left} requests to come, memory {memory} KiB");
    }
    let took = began.elapsed();
    for client in clients {
        client.await.unwrap();
    }
    for it in &mut watched {
        it.end().await;
    }
    told::tell(args, seed, took, &watched)
}

/// Starts one process, and what changes around it.
async fn start(who: Who, seed: u64, requests: u64, time: Duration) -> Watched {
    let mut changing = Changing::new(who).await;
    let arguments = changing.arguments();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut server = harness::Server::start_with(&arguments);
    for _ in 0..6000 {
        if server.is_ready().await {
            break;
        }
        sleep(Duration::from_millis(10)).await;
    }
    assert!(server.is_ready().await, "never ready: {}", server.page("/readyz?verbose").await.1);
    let subject = Subject::new(who, seed, requests, time, &mut server);
    let subject = Arc::new(subject);
    let unasked = samples::Sample::of(server.serving.id(), Duration::ZERO);
    let tasks = changing.begin(&subject);
    Watched::new(server, subject, tasks, unasked, changing)
}
