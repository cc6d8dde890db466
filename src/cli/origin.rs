//! Which configuration is meant: the flags that `serve` and `inject` share, made one [`Origin`].
//! Never: reading it.

use std::path::PathBuf;

use anyhow::Result;
use clap::ValueEnum;
use pillion_core::config::{Level, Settings};

use super::{Usage, environment};
use crate::source::Origin;
use crate::source::configmap::Names;
use crate::source::directory::Files;

/// Kinds of sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ConfigSource {
    /// The Envoy profile in the program.
    Embedded,
    /// A directory; --config-dir names it.
    Dir,
    /// The ConfigMaps of a running Istio, in the cluster.
    Configmap,
}

/// Flags that say which configuration is meant and how it is read.
#[derive(Debug, clap::Args)]
pub(super) struct OriginArgs {
    /// Where the configuration comes from: `dir` if --config-dir is given, otherwise `embedded`. There is no falling
    /// back from one source to another.
    #[arg(long, value_enum, value_name = "SOURCE")]
    config_source: Option<ConfigSource>,
    /// Directory with the files `config`, `values` and `mesh`, as Istio's ConfigMaps hold them under these keys, and the
    /// folders `nodes`, `namespaces` and `proxyconfigs`, as `kubectl get … -o yaml` writes them.
    #[arg(long, value_name = "DIR")]
    config_dir: Option<PathBuf>,
    /// The revision to serve.
    #[arg(long, short = 'r', env = "REVISION", default_value = "default", value_name = "REV")]
    revision: String,
    /// Behave like this release of Istio (1.20 … 1.31) instead of the one the configuration was made for.
    #[arg(long, value_name = "RELEASE", value_parser = release)]
    compat: Option<Level>,
    /// Let templates read this variable of the environment, besides the settings of an injector.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    template_env: Vec<String>,
}

/// The same of `istioctl kube-inject`.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct IstioctlArgs {
    /// Injector configuration, or a template alone, as istioctl takes it.
    #[arg(long = "injectConfigFile", alias = "inject-config-file", value_name = "FILE")]
    inject_config_file: Option<PathBuf>,
    /// Mesh configuration, with --injectConfigFile.
    #[arg(
        long = "meshConfigFile",
        alias = "mesh-config-file",
        value_name = "FILE",
        requires = "inject_config_file"
    )]
    mesh_config_file: Option<PathBuf>,
    /// Values, with --injectConfigFile.
    #[arg(long = "valuesFile", alias = "values-file", value_name = "FILE", requires = "inject_config_file")]
    values_file: Option<PathBuf>,
}

impl OriginArgs {
    /// Whether a source is named outright.
    pub(super) fn is_given(&self) -> bool {
        self.config_source.is_some() || self.config_dir.is_some()
    }

    /// The revision that is meant.
    pub(super) fn revision(&self) -> &str {
        if self.revision.is_empty() { "default" } else { &self.revision }
    }

    /// The source that is meant.
    pub(super) fn origin(&self, istioctl: IstioctlArgs, settings: &Settings) -> Result<Origin> {
        self.origin_by(istioctl, settings, own_variable)
    }

    /// The same where `lookup` reads variables.
    pub(super) fn origin_by(
        &self,
        istioctl: IstioctlArgs,
        settings: &Settings,
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Origin> {
        let files = istioctl.inject_config_file.map(|injector| Files {
            injector,
            values: istioctl.values_file,
            mesh: istioctl.mesh_config_file,
        });
        let origin = match (self.config_source, self.config_dir.clone(), files) {
            (Some(ConfigSource::Configmap), None, None) => {
                let shared = lookup("SHARED_MESH_CONFIG").filter(|name| !name.is_empty());
                Ok(Origin::ConfigMaps(Names::of(settings, shared)))
            }
            (Some(ConfigSource::Configmap), ..) => {
                Err("--config-source configmap takes no --config-dir and no --injectConfigFile".to_owned())
            }
            (None, None, None) | (Some(ConfigSource::Embedded), None, None) => Ok(Origin::Embedded),
            (None | Some(ConfigSource::Dir), Some(directory), None) => Ok(Origin::Directory(directory)),
            (None, None, Some(files)) => Ok(Origin::Files(files)),
            (Some(ConfigSource::Dir), None, _) => {
                Err("--config-source dir needs --config-dir DIR".to_owned())
            }
            (Some(ConfigSource::Embedded), ..) => {
                Err("--config-source embedded takes no --config-dir and no --injectConfigFile".to_owned())
            }
            (_, Some(_), Some(_)) => {
                Err("--config-dir and --injectConfigFile name two configurations: give one".to_owned())
            }
        };
        Ok(origin.map_err(Usage)?)
    }

    /// What the injector is told: variables, and flags over them.
    pub(super) fn settings(&self) -> Settings {
        self.settings_by(own_variable)
    }

    /// The same where `lookup` reads variables.
    pub(super) fn settings_by(&self, lookup: impl Fn(&str) -> Option<String>) -> Settings {
        let settings = environment::settings(lookup, &self.template_env);
        // `--revision ""` means what no revision means, as in Istio.
        let revision =
            if self.revision.is_empty() { settings.revision.clone() } else { self.revision.clone() };
        Settings { revision, compat: self.compat, ..settings }
    }
}

fn own_variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// A release of Istio, as flags take it.
pub(super) fn release(text: &str) -> Result<Level, String> {
    text.parse().map_err(|error| format!("{error}"))
}
