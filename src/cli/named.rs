//! [`Named`]: the configuration that a command's flags name, and reading it once. Never: following it.

use anyhow::Result;
use pillion_core::config::{Built, Settings, Snapshot};

use super::cluster::{AccessArgs, on_cluster};
use super::complain;
use super::origin::{IstioctlArgs, OriginArgs};
use crate::cluster::watches;
use crate::source::{self, Origin};

/// Which configuration is meant.
#[derive(Debug, clap::Args)]
pub(super) struct Named {
    #[command(flatten)]
    pub(super) origin: OriginArgs,
    #[command(flatten)]
    pub(super) istioctl: IstioctlArgs,
    /// Where the configuration is in a cluster: the root namespace of the mesh with --config-source configmap, Pillion's
    /// own namespace with `embedded`.
    #[arg(long = "istioNamespace", visible_alias = "istio-namespace", short = 'i', value_name = "NS")]
    pub(super) istio_namespace: Option<String>,
}

impl Named {
    /// The configuration that the flags name, or their defaults.
    pub(super) fn origin(&self) -> Result<(Origin, Settings)> {
        let mut settings = self.origin.settings();
        if let Some(namespace) = &self.istio_namespace {
            settings.namespace.clone_from(namespace);
        }
        Ok((self.origin.origin(self.istioctl.clone(), &settings)?, settings))
    }

    /// The same where a cluster was named: the Envoy profile is what a Pillion there would have, in the root namespace.
    pub(super) fn origin_in_cluster(&self) -> Result<(Origin, Settings)> {
        let (origin, settings) = self.origin()?;
        Ok((origin.in_cluster(&settings.namespace, &settings.revision), settings))
    }

    /// Reads it, out of a cluster where it is in one.
    pub(super) fn read(&self, access: &AccessArgs) -> Result<Snapshot> {
        let (origin, settings) = if access.is_given() { self.origin_in_cluster()? } else { self.origin()? };
        let texts = match &origin {
            Origin::ConfigMaps(_) | Origin::EmbeddedWith(_) => {
                on_cluster(&access.access(), async |client| {
                    Ok(watches::read_once(&client, &origin, &settings).await?)
                })?
            }
            _ => origin.read()?,
        };
        Ok(built(source::build(&texts, settings)?))
    }
}

/// The configuration; what is odd about it is told.
pub(super) fn built(built: Built) -> Snapshot {
    for warning in &built.warnings {
        complain(&format!("warning: {warning}"));
    }
    built.snapshot
}
