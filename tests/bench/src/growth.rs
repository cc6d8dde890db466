//! How the cost of a request grows with the size of a pod and with the number of workloads: points, and a drawing of each.
//! Never: a bound; docs/performance.md says what the drawings show.

use std::cell::Cell;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::figures::Figures;
use crate::load::{Load, SHAPES, slot};
use crate::measure::Plan;
use crate::peers::{Kind, Setup};
use crate::report::say;
use crate::svg::{Chart, Line};
use crate::workloads::{Stream, deployments, sized};

/// One point: so many of something, and what a request cost each peer.
#[derive(Clone, Copy, Debug, Serialize)]
struct Point {
    count: u64,
    istiod_us: f64,
    pillion_us: f64,
    echo_us: f64,
}

/// A drawing: what grows, and how bodies are made of it.
struct Growth {
    file: &'static str,
    title: &'static str,
    axis: &'static str,
    counts: &'static [u64],
    make: fn(u64) -> Result<Stream>,
}

const VARIABLES: &[u64] = &[10, 30, 100, 300, 1000, 3000, 10_000];

const GROWTHS: &[Growth] = &[
    Growth {
        file: "growth-size",
        title: "CPU time of a request against the size of the pod (replicas of one pod)",
        axis: "environment variables",
        counts: VARIABLES,
        make: |count| sized(usize::try_from(count)?, false),
    },
    Growth {
        file: "growth-size-distinct",
        title: "CPU time of a request against the size of the pod (no two pods the same)",
        axis: "environment variables",
        counts: VARIABLES,
        make: |count| sized(usize::try_from(count)?, true),
    },
    Growth {
        file: "growth-workloads",
        title: "CPU time of a request against the number of workloads",
        axis: "Deployments, whose pods come in any order",
        counts: &[1, 10, 100, 1000, 10_000],
        make: |count| deployments(count, u32::try_from(10_000 / count)?),
    },
];

/// Measures all and writes `NAME.svg` and `NAME.json` into a directory.
pub(crate) async fn measure(setup: &Setup, plan: Plan, directory: &Path) -> Result<()> {
    fs::create_dir_all(directory).with_context(|| directory.display().to_string())?;
    for growth in GROWTHS {
        say(growth.title)?;
        let mut points = vec![];
        for &count in growth.counts {
            let point = point(setup, plan, growth, count).await.with_context(|| growth.file)?;
            let Point { istiod_us, pillion_us, echo_us, .. } = point;
            say(&format!(
                "{count:>8}: istiod {istiod_us:>9.1} us, pillion {pillion_us:>8.1} us, echo {echo_us:>7.1} us"
            ))?;
            points.push(point);
        }
        let line = |name, colour, of: fn(&Point) -> f64| Line {
            name,
            colour,
            points: points.iter().map(|point| (point.count as f64, of(point))).collect(),
        };
        let lines = vec![
            line("istiod", "#b4522d", |point| point.istiod_us),
            line("Pillion", "#1f5fa8", |point| point.pillion_us),
            line("echo", "#707070", |point| point.echo_us),
        ];
        let chart = Chart { title: growth.title, x: growth.axis, y: "microseconds of CPU", lines };
        let write = |ending: &str, text: String| {
            let path = directory.join(format!("{}.{ending}", growth.file));
            fs::write(&path, text).with_context(|| path.display().to_string())
        };
        write("svg", chart.draw())?;
        write("json", serde_json::to_string_pretty(&points)? + "\n")?;
    }
    say(&format!("drawings: {}", directory.display()))
}

async fn point(setup: &Setup, plan: Plan, growth: &Growth, count: u64) -> Result<Point> {
    let stream = (growth.make)(count)?;
    let kinds = [Kind::Istiod, Kind::Pillion, Kind::Echo];
    let peers = setup.start(&kinds)?;
    let mut cost = [0.0; 3];
    let next = kinds.map(|_| Cell::new(0));
    let mut slots = kinds.map(|_| vec![]);
    let mut reply = 0;
    for round in 0..=plan.rounds {
        for (at, kind) in kinds.into_iter().enumerate() {
            let peer = peers.of(kind).context("a peer that was not started")?;
            let reply_bytes = (kind == Kind::Echo).then_some(reply);
            let load = Load { shape: &SHAPES[0], stream: &stream, time: plan.slot, pace: None, reply_bytes };
            let done = slot(peer, &setup.certificate, load, &next[at]).await?;
            if kind == Kind::Pillion {
                reply = usize::try_from(done.received / done.requests.max(1))?;
            }
            if round > 0 {
                slots[at].push(done);
            }
        }
    }
    for (cost, slots) in cost.iter_mut().zip(&slots) {
        *cost = Figures::of(slots).cpu_us;
    }
    let [istiod_us, pillion_us, echo_us] = cost;
    Ok(Point { count, istiod_us, pillion_us, echo_us })
}
