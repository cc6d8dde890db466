//! [`Snapshot`]: everything that injection reads, complete and checked before it is used. A new configuration
//! makes a new one; none is ever changed.

use pillion_goyaml::Blocks;
use pillion_kubepatch::Parts;

use super::compat::{self, Gates, Level};
use super::injector::{RawConfig, SIDECAR};
use super::{
    Cluster, ClusterFacts, CompiledTemplate, ConfigError, ConfigWarning, DEFAULT_CLUSTER_ID, Declared,
    InjectorConfig, KnownRoots, Mesh, ProxyConfigResource, ProxyConfigs, Settings, Source, Sources, Values,
};
use crate::inject::functions::Dialect;
use crate::inject::root;

/// All that an injection reads besides the pod.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Policy, templates, selectors.
    pub injector: InjectorConfig,
    /// The chart's values.
    pub values: Values,
    /// The mesh configuration.
    pub mesh: Mesh,
    /// ProxyConfig resources.
    pub proxy_configs: ProxyConfigs,
    /// The annotations that the profile declares; none in Istio's configurations.
    pub declared: Declared,
    /// The release whose behaviour is followed.
    pub level: Level,
    /// What that release does.
    pub gates: Gates,
    /// Whether Istio's agent runs in the sidecar, which serves merged metrics. Pillion's own profiles have none.
    pub agent: bool,
    /// What whoever started the injector said.
    pub settings: Settings,
    /// Namespaces and nodes of clusters.
    pub cluster: Cluster,
    /// What templates can be folded over.
    pub known: KnownRoots,
    /// What was read of the templates' output. It changes how fast pods are answered, never what is answered.
    pub blocks: Blocks,
    /// Parts of overlays that were looked through.
    pub parts: Parts,
}

/// A snapshot, and what is odd about the configuration it was made of.
#[derive(Clone, Debug)]
pub struct Built {
    /// The snapshot.
    pub snapshot: Snapshot,
    /// What whoever runs the injector should know.
    pub warnings: Vec<ConfigWarning>,
}

impl Snapshot {
    /// Makes a snapshot out of the texts of a configuration.
    ///
    /// # Errors
    /// Text that is none, a mesh configuration that Istio refuses, or a default template that does not compile.
    /// Any other template that does not compile is a warning, and refuses the pods that ask for it.
    pub fn build(sources: &Sources<'_>, settings: Settings, cluster: Cluster) -> Result<Built, ConfigError> {
        Self::build_with(sources, settings, cluster, |_| {})
    }

    /// As [`Snapshot::build`], with some gates set otherwise than the release has them: shows what one gate does.
    ///
    /// # Errors
    /// As [`Snapshot::build`].
    pub fn build_with(
        sources: &Sources<'_>,
        settings: Settings,
        cluster: Cluster,
        change: impl FnOnce(&mut Gates),
    ) -> Result<Built, ConfigError> {
        let RawConfig { mut config, templates, empty } = RawConfig::read(&sources.injector)?;
        let values = Values::read(&sources.values)?;
        let mut warnings = Vec::new();

        let tag = values.tag();
        let sidecar = templates.get(SIDECAR).map(String::as_str);
        let agent = !sidecar.is_some_and(compat::is_own_profile);
        let (told, unsure) = compat::fingerprint(sidecar, &tag);
        let level = match settings.compat {
            Some(level) => level.refined(&tag),
            None => {
                warnings.extend(unsure.map(ConfigWarning::Release));
                told
            }
        };
        let mut gates = Gates::of(level);
        change(&mut gates);

        let dialect = Dialect::from(&gates);
        for (name, text) in &templates {
            let template = CompiledTemplate::compile(sources.injector.name, name, text, dialect);
            config.templates.insert(name.clone(), template);
        }
        warnings.extend(template_faults(&config)?);
        warnings.extend(empty.then_some(ConfigWarning::Empty));
        warnings.extend(config.warnings());

        let mesh = read_mesh(sources, &gates, &mut warnings)?;
        let resources = sources.proxy_configs.iter().map(ProxyConfigResource::read);
        let proxy_configs = ProxyConfigs::new(resources.collect::<Result<_, _>>()?, &gates);
        let declared = sources.annotations.as_ref();
        let declared = declared.map(|source| Declared::read(source, &sources.values, &values)).transpose()?;
        let (injector, known) = (config, KnownRoots::default());
        let (blocks, parts) = (Blocks::default(), Parts::default());
        let mut snapshot = Self {
            injector,
            values,
            mesh,
            proxy_configs,
            declared: declared.unwrap_or_default(),
            level,
            gates,
            agent,
            settings,
            cluster,
            known,
            blocks,
            parts,
        };
        snapshot.known = root::known(&snapshot);
        Ok(Built { snapshot, warnings })
    }

    /// What is known of the cluster `id`, as paths and values name it; empty means that nobody named one.
    #[must_use]
    pub fn facts_of(&self, id: &str) -> Option<&ClusterFacts> {
        // Istio's chart tells its injector the cluster that the values name.
        let named = [self.settings.cluster_id.as_str(), self.values.cluster_name()];
        let local = named.into_iter().find(|id| !id.is_empty()).unwrap_or(DEFAULT_CLUSTER_ID);
        self.cluster.of(if id.is_empty() { DEFAULT_CLUSTER_ID } else { id }, local)
    }
}

/// The faults of templates: of a default one an error, of others warnings.
fn template_faults(config: &InjectorConfig) -> Result<Vec<ConfigWarning>, ConfigError> {
    let defaults = config.resolved_default_templates();
    let mut warnings = Vec::new();
    for (name, template) in &config.templates {
        match template.fault() {
            Some(fault) if defaults.contains(&name.as_str()) => return Err(fault.clone()),
            Some(fault) => warnings.push(ConfigWarning::Template(fault.clone())),
            None => {}
        }
    }
    Ok(warnings)
}

fn read_mesh(
    sources: &Sources<'_>,
    gates: &Gates,
    warnings: &mut Vec<ConfigWarning>,
) -> Result<Mesh, ConfigError> {
    let mut mesh = Mesh::of(gates);
    for source in [&sources.shared_mesh, &sources.mesh].into_iter().flatten() {
        let (layered, odd) = layer(&mesh, source)?;
        mesh = layered;
        warnings.extend(odd.into_iter().map(ConfigWarning::Mesh));
    }
    Ok(mesh)
}

fn layer(mesh: &Mesh, source: &Source<'_>) -> Result<(Mesh, Vec<String>), ConfigError> {
    mesh.layered(source.text).map_err(|e| ConfigError::new(source.name, e.to_string()))
}

#[cfg(test)]
mod tests;
