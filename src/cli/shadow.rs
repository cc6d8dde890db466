//! `pillion shadow`: `serve`, with another injector that answers. Never: what is compared (see `shadow`).

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use axum::Router;
use rustls::pki_types::ServerName;

use super::boot::Shared;
use super::plan::Plan;
use super::{Usage, serve};
use crate::http::relay;
use crate::lifecycle::Part;
use crate::record::Store;
use crate::shadow::{Address, Desk, Differences, Upstream};
use crate::tls::Compliance;

/// What was typed.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The injector that answers: https://HOST[:PORT]. Paths and parameters are passed on.
    #[arg(long, value_name = "URL")]
    upstream: String,
    /// The authorities of its certificate (PEM), watched; without it those of the system.
    #[arg(long, value_name = "FILE")]
    upstream_ca: Option<PathBuf>,
    /// The name in its certificate, if that is not the host of the URL.
    #[arg(long, value_name = "NAME")]
    upstream_server_name: Option<String>,
    /// How many of a hundred answers are compared.
    #[arg(long, default_value = "100", value_name = "PERCENT", value_parser = percent)]
    sample: f64,
    /// How many differences are kept for GET /differences at the debug port.
    #[arg(long, default_value = "100", value_name = "N", value_parser = clap::value_parser!(u16).range(0..=10_000))]
    keep: u16,
    #[command(flatten)]
    pub(super) serve: serve::Args,
}

/// Shadow mode, as understood.
pub(super) struct Shadow {
    address: Address,
    sample: f64,
    keep: usize,
}

/// Runs until told to end.
pub(super) fn run(args: Args) -> Result<()> {
    let mut address = Address::parse(&args.upstream).map_err(|wrong| Usage(format!("--upstream {wrong}")))?;
    address.authorities = args.upstream_ca;
    if let Some(name) = args.upstream_server_name {
        let parsed = ServerName::try_from(name.clone());
        let wrong = |_| Usage(format!("--upstream-server-name {name:?} is no name of a server"));
        address.server_name = Some(parsed.map_err(wrong)?);
    }
    let mut plan = Plan::new(args.serve)?;
    // What we would have answered is nothing that workloads should be told of.
    plan.events = false;
    plan.shadow = Some(Shadow { address, sample: args.sample, keep: usize::from(args.keep) });
    serve::start(plan)
}

impl Shadow {
    /// What the webhook's listener serves, and what the debug listener serves beside the rest.
    pub(super) fn routers(
        &self,
        shared: &mut Shared,
        compliance: Compliance,
        store: Option<Store>,
    ) -> Result<(Router, Router)> {
        let metrics = Arc::clone(shared.engine.metrics());
        let upstream = Upstream::new(self.address.clone(), compliance, Arc::clone(&metrics))
            .with_context(|| format!("--upstream {}", self.address))?;
        let kept = Arc::new(Differences::new(self.keep));
        let engine = Arc::clone(&shared.engine);
        let (desk, work) = Desk::open(self.sample, engine, Arc::clone(&upstream), Arc::clone(&kept), store);
        shared.tasks.spawn(work);
        shared.tasks.spawn(Arc::clone(&upstream).follow());
        // The upstream answers whether or not we have a configuration; without one nothing is compared.
        shared.readiness.is_there(Part::Config);
        let readiness = Arc::clone(&shared.readiness);
        let webhook = relay::router(upstream, Arc::new(desk), readiness, Arc::clone(&metrics));
        Ok((webhook, relay::differences(kept, metrics)))
    }
}

fn percent(text: &str) -> Result<f64, String> {
    let number = text.trim_end_matches('%').parse::<f64>().ok();
    let number = number.filter(|number| (0.0..=100.0).contains(number));
    number.ok_or_else(|| format!("{text:?} is no percentage from 0 to 100"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_are_from_0_to_100() {
        for (text, wanted) in [("0", 0.0), ("12.5", 12.5), ("100%", 100.0)] {
            assert!((percent(text).unwrap() - wanted).abs() < f64::EPSILON, "{text}");
        }
        for bad in ["", "-1", "101", "NaN", "half"] {
            assert!(percent(bad).is_err(), "{bad}");
        }
    }
}
