//! The rows: name, kind, whether the value is checked, and what it is for.
//! Never: how a kind is checked (see `validators`).

use super::validators;
use crate::config::{Gates, Release};

/// One annotation.
#[derive(Clone, Copy, Debug)]
pub struct Annotation {
    /// Its name.
    pub name: &'static str,
    /// What its value is.
    pub kind: Kind,
    /// Whether a bad value refuses the pod.
    pub checked: Checked,
    /// What it is for, in one sentence.
    pub doc: &'static str,
    /// Where Istio's own table of annotations calls it deprecated.
    pub deprecated: Option<Deprecated>,
}

/// Since when an annotation is deprecated.
#[derive(Clone, Copy, Debug)]
pub struct Deprecated {
    /// The first release whose table says so; those before 1.20 count as 1.20.
    pub since: Release,
    /// What to do instead.
    pub instead: &'static str,
}

impl Annotation {
    /// What is wrong with `value`, where that refuses the pod under these gates.
    #[must_use]
    pub fn problem(&self, value: &str, gates: &Gates) -> Option<String> {
        if self.checked.applies(gates) { self.kind.problem(value, gates) } else { None }
    }
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// `true` or `false`, in any of the spellings of Go's `ParseBool`.
    Bool,
    /// One of a few words.
    Word(&'static [&'static str]),
    /// A whole number from 0 to 4294967295.
    Uint32,
    /// A port.
    Port,
    /// Ports, comma-separated; the text is the name in messages.
    Ports(&'static str),
    /// `*`, or ports, comma-separated.
    PortsOrAll(&'static str),
    /// Networks in CIDR notation, comma-separated.
    Networks(&'static str),
    /// `*`, or networks.
    NetworksOrAll(&'static str),
    /// Names of network interfaces, comma-separated.
    Interfaces,
    /// A quantity of CPU or memory.
    Quantity,
    /// A `ProxyConfig` in YAML.
    ProxyConfig,
    /// Names of templates, comma-separated.
    Templates,
    /// JSON that the injector reads or writes.
    Json,
}

impl Kind {
    /// What is wrong with `value`; `None` if it can be used.
    pub(crate) fn problem(self, value: &str, gates: &Gates) -> Option<String> {
        let result = match self {
            Self::Text | Self::Templates | Self::Json => Ok(()),
            Self::Bool => validators::boolean(value),
            Self::Word(words) => validators::word(value, words),
            Self::Uint32 => validators::uint32(value),
            Self::Port => validators::status_port(value),
            Self::Ports(what) => validators::ports(what, value),
            Self::PortsOrAll(_) | Self::NetworksOrAll(_) if value == "*" => Ok(()),
            Self::PortsOrAll(what) => validators::ports(what, value),
            Self::Networks(what) | Self::NetworksOrAll(what) => validators::networks(what, value),
            Self::Interfaces => validators::interfaces(value),
            Self::Quantity => validators::quantity(value),
            Self::ProxyConfig => validators::proxy_config(value, gates),
        };
        result.err()
    }
}

/// Whether a bad value refuses the pod.
#[derive(Clone, Copy, Debug)]
pub enum Checked {
    /// A bad value is the template's affair.
    Never,
    /// In every release.
    Always,
    /// In releases with this behaviour.
    If(fn(&Gates) -> bool),
}

impl Checked {
    /// Whether it is checked under these gates.
    #[must_use]
    pub fn applies(self, gates: &Gates) -> bool {
        match self {
            Self::Never => false,
            Self::Always => true,
            Self::If(gate) => gate(gates),
        }
    }
}

const fn row(name: &'static str, kind: Kind, checked: Checked, doc: &'static str) -> Annotation {
    Annotation { name, kind, checked, doc, deprecated: None }
}

impl Annotation {
    const fn deprecated(self, since: Release, instead: &'static str) -> Self {
        Self { deprecated: Some(Deprecated { since, instead }), ..self }
    }
}

const CORE_DUMP: Checked = Checked::If(|g| !g.core_dump_unchecked);
const QUANTITIES: Checked = Checked::If(|g| g.resource_annotations_checked);
const INTERFACES: Checked = Checked::If(|g| g.interface_annotations_checked);
const MATCHER: &str = "use proxyStatsMatcher in proxy.istio.io/config";
const MODES: &[&str] = &["REDIRECT", "TPROXY", "NONE"];

use Checked::{Always, Never};
use Kind::{
    Bool, Interfaces, Json, Networks, NetworksOrAll, Port, Ports, PortsOrAll, ProxyConfig, Quantity,
    Templates, Text, Uint32, Word,
};
use Release::{V1_20, V1_21, V1_25, V1_29};

/// Every annotation that injection knows, by name.
#[rustfmt::skip]
pub const TABLE: &[Annotation] = &[
    row("inject.istio.io/templates", Templates, Never, "The templates to inject instead of the default ones."),
    row("istio.io/reroute-virtual-interfaces", Interfaces, INTERFACES, "Virtual interfaces whose inbound traffic is treated as outbound."),
    row("istio.io/rev", Text, Never, "The revision whose control plane the workload uses; written by the templates."),
    row("prometheus.io/path", Text, Never, "The path that Prometheus scrapes; merged into the sidecar's own metrics."),
    row("prometheus.io/port", Text, Never, "The port that Prometheus scrapes; merged into the sidecar's own metrics."),
    row("prometheus.io/scrape", Text, Never, "Whether Prometheus scrapes the pod."),
    row("prometheus.istio.io/merge-metrics", Bool, Always, "Whether the application's metrics are merged into the sidecar's."),
    row("prometheus.istio.io/scrape-targets", Text, Never, "Several port:path targets to merge, comma-separated."),
    row("prometheus.istio.io/secure-port", Text, Never, "The port of the merged metrics over mutual TLS; written by the injector unless set."),
    row("proxy.istio.io/config", ProxyConfig, Always, "Settings of the proxy over those of the mesh, in YAML."),
    row("proxy.istio.io/overrides", Json, Never, "The user's own settings for injected containers; written by the injector."),
    row("readiness.status.sidecar.istio.io/applicationPorts", Text, Never, "Ports that the sidecar waits for before it is ready."),
    row("readiness.status.sidecar.istio.io/failureThreshold", Uint32, Always, "failureThreshold of the sidecar's readiness probe."),
    row("readiness.status.sidecar.istio.io/initialDelaySeconds", Uint32, Always, "initialDelaySeconds of the sidecar's readiness probe."),
    row("readiness.status.sidecar.istio.io/periodSeconds", Uint32, Always, "periodSeconds of the sidecar's readiness probe."),
    row("sidecar.istio.io/agentLogLevel", Text, Never, "The log level of the agent."),
    row("sidecar.istio.io/bootstrapOverride", Text, Never, "A ConfigMap with an Envoy bootstrap of the user's own."),
    row("sidecar.istio.io/componentLogLevel", Text, Never, "Log levels by component of the proxy."),
    row("sidecar.istio.io/discoveryAddress", Text, Never, "The address of the control plane.").deprecated(V1_20, "use discoveryAddress in proxy.istio.io/config"),
    row("sidecar.istio.io/enableCoreDump", Bool, CORE_DUMP, "Whether an init container lets the proxy write core dumps."),
    row("sidecar.istio.io/extraStatTags", Text, Never, "Further tags of the proxy's metrics.").deprecated(V1_21, "tags need no listing any more"),
    row("sidecar.istio.io/inject", Text, Never, "Whether to inject; also, and preferably, a label.").deprecated(V1_20, "use the label of the same name"),
    row("sidecar.istio.io/interceptionMode", Word(MODES), Always, "How traffic is redirected to the proxy."),
    row("sidecar.istio.io/logLevel", Text, Never, "The log level of the proxy."),
    row("sidecar.istio.io/nativeSidecar", Text, Never, "Whether the sidecar is an init container that stays."),
    row("sidecar.istio.io/proxyCPU", Quantity, QUANTITIES, "The CPU that the sidecar requests."),
    row("sidecar.istio.io/proxyCPULimit", Quantity, QUANTITIES, "The CPU that the sidecar may use."),
    row("sidecar.istio.io/proxyImage", Text, Never, "The image of the sidecar."),
    row("sidecar.istio.io/proxyImageType", Text, Never, "The type of the sidecar's image: default, debug or distroless."),
    row("sidecar.istio.io/proxyMemory", Quantity, QUANTITIES, "The memory that the sidecar requests."),
    row("sidecar.istio.io/proxyMemoryLimit", Quantity, QUANTITIES, "The memory that the sidecar may use."),
    row("sidecar.istio.io/rewriteAppHTTPProbers", Bool, Never, "Whether the agent answers the application's probes."),
    row("sidecar.istio.io/statsCompression", Bool, Never, "Whether the proxy compresses its metrics.").deprecated(V1_29, "use statsCompression in proxy.istio.io/config"),
    row("sidecar.istio.io/statsEvictionInterval", Text, Never, "How often unused metrics are dropped."),
    row("sidecar.istio.io/statsFlushInterval", Text, Never, "How often the proxy flushes its metrics."),
    row("sidecar.istio.io/statsHistogramBins", Text, Never, "Bins of the proxy's histograms."),
    row("sidecar.istio.io/statsHistogramBuckets", Text, Never, "Buckets of the proxy's histograms."),
    row("sidecar.istio.io/statsInclusionPrefixes", Text, Never, "Prefixes of the metrics that the proxy keeps.").deprecated(V1_20, MATCHER),
    row("sidecar.istio.io/statsInclusionRegexps", Text, Never, "Patterns of the metrics that the proxy keeps.").deprecated(V1_20, MATCHER),
    row("sidecar.istio.io/statsInclusionSuffixes", Text, Never, "Suffixes of the metrics that the proxy keeps.").deprecated(V1_20, MATCHER),
    row("sidecar.istio.io/status", Json, Never, "What was injected; written by the injector."),
    row("sidecar.istio.io/userVolume", Json, Never, "Volumes that are added for the sidecar."),
    row("sidecar.istio.io/userVolumeMount", Json, Never, "Mounts that are added to the sidecar."),
    row("status.sidecar.istio.io/port", Port, Always, "The port on which the agent answers probes."),
    row("traffic.sidecar.istio.io/excludeInboundPorts", Ports("excludeInboundPorts"), Always, "Inbound ports that are not redirected."),
    row("traffic.sidecar.istio.io/excludeInterfaces", Interfaces, INTERFACES, "Interfaces whose traffic is not redirected."),
    row("traffic.sidecar.istio.io/excludeOutboundIPRanges", Networks("excludeIPRanges"), Always, "Networks to which traffic is not redirected."),
    row("traffic.sidecar.istio.io/excludeOutboundPorts", Ports("excludeOutboundPorts"), Always, "Outbound ports that are not redirected."),
    row("traffic.sidecar.istio.io/includeInboundPorts", PortsOrAll("includeInboundPorts"), Always, "Inbound ports that are redirected."),
    row("traffic.sidecar.istio.io/includeOutboundIPRanges", NetworksOrAll("includeIPRanges"), Always, "Networks to which traffic is redirected."),
    row("traffic.sidecar.istio.io/includeOutboundPorts", Text, Never, "Outbound ports that are always redirected."),
    row("traffic.sidecar.istio.io/kubevirtInterfaces", Interfaces, INTERFACES, "Virtual interfaces whose inbound traffic is treated as outbound.").deprecated(V1_25, "use istio.io/reroute-virtual-interfaces"),
];
