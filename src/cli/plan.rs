//! `pillion serve` as understood: addresses parsed, contradictions refused, nothing half-valid left.
//! Never: opening anything.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use pillion_core::config::Settings;

use super::Usage;
use super::cluster::{Certificates, named, replica};
use super::origin::IstioctlArgs;
use super::serve::Args;
use super::shadow::Shadow;
use crate::cluster::client::Access;
use crate::cluster::lease::Holder;
use crate::cluster::registration::Target;
use crate::decisions::DecisionLog;
use crate::http::{Limits, listen};
use crate::record::Place;
use crate::source::Origin;
use crate::telemetry::log::Format;
use crate::tls::clients::Allowed;

/// What shall be served, where and how.
pub(super) struct Plan {
    pub(super) origin: Origin,
    pub(super) settings: Settings,
    pub(super) https: SocketAddr,
    pub(super) admin: SocketAddr,
    pub(super) debug: SocketAddr,
    /// The cluster, where one is needed.
    pub(super) access: Option<Access>,
    /// How API servers call us.
    pub(super) target: Target,
    pub(super) certificates: Certificates,
    /// Who may call the webhook's port; everybody, if it is not said.
    pub(super) clients: Option<Allowed>,
    pub(super) manage_webhooks: bool,
    pub(super) manage_validating_webhooks: bool,
    pub(super) limits: Limits,
    pub(super) shutdown: Duration,
    pub(super) drain_delay: Duration,
    pub(super) state_dir: Option<PathBuf>,
    pub(super) decision_log: DecisionLog,
    /// Whether Events tell of pods.
    pub(super) events: bool,
    /// The Lease under which pods are counted, if they are.
    pub(super) census: Option<Holder>,
    pub(super) log_format: Format,
    pub(super) log_level: String,
    /// Where reviews are recorded.
    pub(super) record: Option<Place>,
    /// Who answers, if not we.
    pub(super) shadow: Option<Shadow>,
}

impl Plan {
    /// Understands what was typed.
    pub(super) fn new(args: Args) -> Result<Self> {
        let mut settings = args.origin.settings();
        if let Some(namespace) = args.namespace.clone().filter(|namespace| !namespace.is_empty()) {
            settings.namespace = namespace;
        }
        let origin = args.origin.origin(IstioctlArgs::default(), &settings)?;
        let target = args.place.target(&settings)?;
        let certificates = args.certificates.certificates(&settings, &target)?;
        let needs_cluster = args.needs_cluster(&origin);
        // What is asked all the same may say more of the profile.
        let origin = match needs_cluster {
            true => origin.in_cluster(&target.namespace, &settings.revision),
            false => origin,
        };
        let debug = listen::address(&args.debug_addr).map_err(Usage)?;
        if !debug.ip().is_loopback() {
            let message =
                format!("--debug-addr {debug} is not on loopback: this port shows and changes things");
            return Err(Usage(message).into());
        }
        let census = args.report_status.then(|| Holder {
            namespace: target.namespace.clone(),
            name: named("pillion-status", &settings.revision),
            owner: args.certificates.owner(),
            replica: replica(),
        });
        Ok(Self {
            origin,
            settings,
            https: listen::address(&args.https_addr).map_err(Usage)?,
            admin: listen::address(&args.admin_addr).map_err(Usage)?,
            debug,
            access: needs_cluster.then(|| args.access.access()),
            certificates,
            clients: args.clients.allowed(),
            manage_webhooks: args.certificates.manage_webhooks,
            manage_validating_webhooks: args.certificates.manage_validating_webhooks,
            target,
            limits: Limits { connections: args.max_connections.get(), ..Limits::default() },
            shutdown: args.shutdown_duration,
            drain_delay: drain_delay(args.drain_delay, args.shutdown_duration),
            state_dir: args.state_dir,
            decision_log: args.decision_log,
            events: args.events.unwrap_or(needs_cluster),
            census,
            log_format: args.log_format,
            log_level: args.log_level,
            record: args.record.place()?,
            shadow: None,
        })
    }
}

impl Args {
    /// Whether a cluster is needed for what was typed.
    pub(super) fn needs_cluster(&self, origin: &Origin) -> bool {
        matches!(origin, Origin::ConfigMaps(_))
            || self.certificates.in_secret()
            || self.certificates.manage_webhooks
            || self.report_status
            || self.events == Some(true)
    }
}

/// Half of the time to shut down at most: what was begun must be able to finish too.
fn drain_delay(asked: Duration, shutdown: Duration) -> Duration {
    asked.min(shutdown / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_drain_delay_leaves_half_of_the_time_to_open_requests() {
        let seconds = Duration::from_secs;
        assert_eq!(drain_delay(seconds(3), seconds(10)), seconds(3));
        assert_eq!(drain_delay(seconds(3), seconds(2)), seconds(1));
    }
}
