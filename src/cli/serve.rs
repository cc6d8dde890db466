//! `pillion serve`: puts the parts together, runs them, and ends them in order.
//! Never: what the parts do.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::boot::{Routers, Shared};
use super::clients::ClientArgs;
use super::cluster::{AccessArgs, CertArgs, PlaceArgs, replica};
use super::origin::OriginArgs;
use super::plan::Plan;
use super::record::RecordArgs;
use super::{duration, print, tryout};
use crate::clock::now;
use crate::decisions::DecisionLog;
use crate::engine::Engine;
use crate::http::debug::Shown;
use crate::http::{Limits, Tls, listen};
use crate::lifecycle::{self, Asked, Part, Readiness, Shutdown, Signals};
use crate::runtime;
use crate::source::Status;
use crate::telemetry::Metrics;
use crate::telemetry::log::{self, Format, Level};
use crate::tls::{self, Compliance, Resolver, Trust};

/// What was typed.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) origin: OriginArgs,
    /// The namespace this webhook runs in: the root namespace of the mesh.
    #[arg(long, short = 'n', env = "POD_NAMESPACE", value_name = "NS")]
    pub(super) namespace: Option<String>,
    /// Where API servers call; `:15017` means every address, port 0 a free port.
    #[arg(long, alias = "httpsAddr", default_value = "[::]:15017", value_name = "ADDR")]
    pub(super) https_addr: String,
    /// Health, readiness and metrics, for everyone.
    #[arg(long, alias = "monitoringAddr", default_value = "[::]:15014", value_name = "ADDR")]
    pub(super) admin_addr: String,
    /// What shows or changes something: the configuration in use, the log level. Loopback only.
    #[arg(long, default_value = "127.0.0.1:15016", value_name = "ADDR")]
    pub(super) debug_addr: String,
    #[command(flatten)]
    pub(super) access: AccessArgs,
    #[command(flatten)]
    pub(super) place: PlaceArgs,
    #[command(flatten)]
    pub(super) certificates: CertArgs,
    #[command(flatten)]
    pub(super) clients: ClientArgs,
    /// Where the CA of a certificate made in memory and a sample review are written.
    #[arg(long, env = "PILLION_STATE_DIR", value_name = "DIR")]
    pub(super) state_dir: Option<PathBuf>,
    /// Connections at once; more wait.
    #[arg(long, default_value = "1000", value_name = "N")]
    pub(super) max_connections: NonZeroUsize,
    /// How long open requests may take to finish after SIGTERM.
    #[arg(long, alias = "shutdownDuration", default_value = "10s", value_name = "TIME", value_parser = duration::of_a_day)]
    pub(super) shutdown_duration: Duration,
    /// How long after SIGTERM new connections are still accepted, at most half of the time to shut down: API
    /// servers learn late that we are leaving.
    #[arg(long, default_value = "3s", value_name = "TIME", value_parser = duration::of_a_day)]
    pub(super) drain_delay: Duration,
    /// How log lines are written.
    #[arg(long, value_enum, default_value = "text", value_name = "FORMAT")]
    pub(super) log_format: Format,
    /// Which answers get a line of the log.
    #[arg(long, value_enum, default_value = "changed", value_name = "WHICH")]
    pub(super) decision_log: DecisionLog,
    /// Whether Events tell of pods that are refused or skipped by surprise, on the workload; where there is a cluster, yes.
    #[arg(long, value_name = "BOOL")]
    pub(super) events: Option<bool>,
    /// Count which pods of the cluster have their sidecar, lack it, or have an older one: gauges, and Events on workloads
    /// that lack it, by the replica that holds the Lease `pillion-status`, or `pillion-status-REV`.
    #[arg(long)]
    pub(super) report_status: bool,
    /// What is logged: error, warn, info, debug, trace, or target=level,…
    #[arg(long, env = "RUST_LOG", default_value = "info", value_name = "LEVEL")]
    pub(super) log_level: String,
    #[command(flatten)]
    pub(super) record: RecordArgs,
}

/// Runs until told to end.
pub(super) fn run(args: Args) -> Result<()> {
    start(Plan::new(args)?)
}

/// Runs what was understood.
pub(super) fn start(plan: Plan) -> Result<()> {
    let level =
        log::init(plan.log_format, &plan.log_level).map_err(|error| super::Usage(error.to_string()))?;
    log_panics();
    runtime::start().context("cannot start threads")?.block_on(serve(plan, level))
}

/// A panic is logged as any error, with its place; its message goes with it, for it is made of program text.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let error = panic.payload_as_str().unwrap_or("no message");
        tracing::error!(place, error, "panic");
    }));
}

async fn serve(plan: Plan, level: Level) -> Result<()> {
    let started = now();
    let mut signals = Signals::listen().context("cannot listen to signals")?;
    let metrics = Arc::new(Metrics::new(&plan.settings.revision));
    let engine = Engine::new(Arc::clone(&metrics));
    let readiness = Arc::new(Readiness::default());
    let status = Arc::new(Status::new(&plan.origin));
    let resolver = Arc::new(Resolver::default());
    let client = match &plan.access {
        Some(access) => Some(access.client().await.context("cluster")?),
        None => None,
    };
    let mut shared = Shared {
        engine: Arc::clone(&engine),
        readiness: Arc::clone(&readiness),
        status: Arc::clone(&status),
        resolver: Arc::clone(&resolver),
        trust: watch::Sender::new(Trust::default()),
        certificate_fault: watch::Sender::new(None),
        judge: None,
        tasks: JoinSet::new(),
    };
    shared.configuration(&plan, client.as_ref())?;
    let notices = shared.events(&plan, client.as_ref());
    shared.census(&plan, client.as_ref());
    let sockets = Sockets::bind(&plan)?;
    let ca_pem = shared.certificate(&plan, client.as_ref(), sockets.https_addr.ip()).await?;
    let clients = shared.clients(&plan)?;
    let tls = tls::server_config_for(clients, compliance(&plan), Arc::clone(&resolver)).context("TLS")?;
    let tls = Arc::new(tls);

    let shown = Shown {
        engine,
        status,
        readiness: Arc::clone(&readiness),
        resolver,
        trust: shared.trust.subscribe(),
        certificate_fault: shared.certificate_fault.subscribe(),
        certificates: plan.certificates.describe(),
        level,
        cluster: client,
        replica: replica(),
        started,
    };

    let routers = shared.routers(&plan, notices, shown)?;

    sockets.announce(&plan, ca_pem.as_deref())?;
    let (trigger, shutdown) = lifecycle::shutdown();
    let mut servers = sockets.serve(tls, routers, plan.limits, &metrics, &shutdown);
    readiness.is_there(Part::Listener);

    let asked = signals.next().await;
    readiness.stop();
    // What a process that ends keeps up is somebody else's from now on; the Lease is free at once.
    shared.tasks.abort_all();
    tracing::info!(?asked, "stopping: open requests may finish, a second signal ends at once");
    let drained = async {
        if asked == Asked::Terminate {
            sleep(plan.drain_delay).await;
        }
        trigger.pull();
        while servers.join_next().await.is_some() {}
    };
    tokio::select! {
        ended = timeout(plan.shutdown, drained) => match ended {
            Ok(()) => tracing::info!("stopped"),
            Err(_) => tracing::warn!("stopped with requests open: they did not finish in time"),
        },
        _ = signals.next() => anyhow::bail!("stopped at once by a second signal"),
    }
    Ok(())
}

/// What TLS may agree on.
pub(super) fn compliance(plan: &Plan) -> Compliance {
    let name = &plan.settings.compliance_policy;
    Compliance::parse(name).unwrap_or_else(|| {
        tracing::warn!(policy = %name, "COMPLIANCE_POLICY is unknown and restricts nothing");
        Compliance::None
    })
}

/// The three listeners, bound but not yet serving.
struct Sockets {
    https: TcpListener,
    https_addr: SocketAddr,
    admin: TcpListener,
    debug: TcpListener,
}

impl Sockets {
    fn bind(plan: &Plan) -> Result<Self> {
        let bind = |address, flag: &str| {
            listen::bind(address).with_context(|| format!("cannot listen on {address} ({flag})"))
        };
        let https = bind(plan.https, "--https-addr")?;
        let https_addr = https.local_addr()?;
        let (admin, debug) = (bind(plan.admin, "--admin-addr")?, bind(plan.debug, "--debug-addr")?);
        let (admin_addr, debug_addr) = (admin.local_addr()?, debug.local_addr()?);
        tracing::info!(https = %https_addr, admin = %admin_addr, debug = %debug_addr, "listening");
        Ok(Self { https, https_addr, admin, debug })
    }

    /// Writes what a person needs to try it, and the line to paste.
    fn announce(&self, plan: &Plan, ca_pem: Option<&str>) -> Result<()> {
        match tryout::prepare(plan.state_dir.as_deref(), self.https_addr, ca_pem) {
            Ok(line) => print(&format!("{line}\n")),
            // With a certificate of its own the webhook needs no files.
            Err(error) if ca_pem.is_none() => {
                tracing::debug!(error = %format!("{error:#}"), "no line to try the webhook with");
                Ok(())
            }
            Err(error) => {
                Err(error.context("cannot write the CA of the certificate made in memory (--state-dir)"))
            }
        }
    }

    fn serve(
        self,
        tls: Tls,
        routers: Routers,
        limits: Limits,
        metrics: &Arc<Metrics>,
        shutdown: &Shutdown,
    ) -> JoinSet<()> {
        let few = Limits { connections: 100, ..limits };
        let mut servers = JoinSet::new();
        for (listener, tls, router, limits) in [
            (self.https, Some(tls), routers.webhook, limits),
            (self.admin, None, routers.public, few),
            (self.debug, None, routers.private, few),
        ] {
            servers.spawn(listen::serve(
                listener,
                tls,
                router,
                limits,
                Arc::clone(metrics),
                shutdown.clone(),
            ));
        }
        servers
    }
}
