//! The engine alone, without sockets: reviews out of files, answered again and again. For profilers, such as
//! `valgrind --tool=callgrind --toggle-collect='*Engine*admit*'`, and to see what the transport adds. Never: a comparison.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use pillion::Capacity;
use pillion::engine::{Engine, Preview};
use pillion::source::{self, Origin};
use pillion::telemetry::Metrics;
use pillion_core::config::Settings;

/// Answers reviews without a network.
#[derive(Debug, Parser)]
struct Args {
    /// The configuration, as `pillion serve --config-dir` takes it; the embedded profile without it.
    #[arg(long, value_name = "DIR")]
    config_dir: Option<PathBuf>,
    /// How often each review is answered.
    #[arg(long, default_value = "1000", value_name = "N")]
    repeat: u32,
    /// A word of the reviews, such as a workload's name, that gets another number each time: no two are alike.
    #[arg(long, value_name = "WORD")]
    vary: Option<String>,
    /// Work every answer out, also one that is known.
    #[arg(long)]
    no_memo: bool,
    /// Reviews, as an API server sends them.
    #[arg(required = true, value_name = "FILE")]
    reviews: Vec<PathBuf>,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let origin = args.config_dir.map_or(Origin::Embedded, Origin::Directory);
    let built = source::build(&origin.read()?, Settings::default())?;
    let capacity = if args.no_memo { Capacity::Off } else { Capacity::default() };
    let engine = Engine::with_memo(Arc::new(Metrics::new("default")), capacity);
    engine.replace(built.snapshot);
    for path in &args.reviews {
        let body = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let bodies: Vec<String> = match &args.vary {
            Some(word) => (0..args.repeat).map(|n| body.replace(word, &format!("{word}{n:06}"))).collect(),
            None => vec![body],
        };
        let began = Instant::now();
        let mut bytes = 0;
        for body in bodies.iter().cycle().take(args.repeat as usize) {
            let (reply, _) = engine.admit("/inject", body.as_bytes(), Preview::No);
            ensure!(reply.report.allowed(), "{}: {:?}", path.display(), reply.report.message);
            bytes = reply.body.len();
        }
        let each = began.elapsed().as_secs_f64() * 1e6 / f64::from(args.repeat.max(1));
        let size = bodies.first().map_or(0, String::len);
        let line = format!("{}: {each:.1} us, {size} bytes in, {bytes} out\n", path.display());
        io::stdout().write_all(line.as_bytes())?;
    }
    Ok(())
}
