//! Which fields the protobuf messages of a release have. The table of types is that of the newest release; what came
//! after 1.20 stands here with the release that brought it, for Istio drops what its messages do not know and refuses
//! names of enums that they do not have. Never: what a field means.

use std::collections::HashMap;
use std::sync::LazyLock;

use pillion_govalue::types::named;
use pillion_govalue::{Field, TypeRef};

use crate::config::compat::Release;

/// The messages of one release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Messages(Release);

/// Message, field, and the release that brought it. A message that is new as a whole is not listed: the field that
/// holds it is.
const FIELDS: &[(&str, &str, Release)] = &[
    ("v1alpha1.PrivateKeyProvider_CryptoMb", "fallback", Release::V1_21),
    ("v1alpha1.PrivateKeyProvider_QAT", "fallback", Release::V1_21),
    ("v1alpha1.MeshConfig", "inboundTrafficPolicy", Release::V1_22),
    ("v1alpha1.MeshConfig_ExtensionProvider_OpenTelemetryTracingProvider", "http", Release::V1_22),
    (
        "v1alpha1.MeshConfig_ExtensionProvider_OpenTelemetryTracingProvider",
        "resourceDetectors",
        Release::V1_22,
    ),
    (
        "v1alpha1.MeshConfig_ExtensionProvider_OpenTelemetryTracingProvider",
        "dynatraceSampler",
        Release::V1_22,
    ),
    ("v1alpha3.ClientTLSSettings", "caCrl", Release::V1_22),
    ("v1alpha1.MeshConfig_ExtensionProvider_OpenTelemetryTracingProvider", "grpc", Release::V1_24),
    ("v1alpha1.MeshConfig_ExtensionProvider_ZipkinTracingProvider", "path", Release::V1_24),
    ("v1alpha1.ProxyConfig_ProxyHeaders", "setCurrentClientCertDetails", Release::V1_24),
    (
        "v1alpha1.MeshConfig_ExtensionProvider_EnvoyExternalAuthorizationGrpcProvider",
        "clearRouteCache",
        Release::V1_25,
    ),
    (
        "v1alpha1.MeshConfig_ExtensionProvider_EnvoyExternalAuthorizationHttpProvider",
        "clearRouteCache",
        Release::V1_25,
    ),
    ("v1alpha1.ProxyConfig_ProxyHeaders", "preserveHttp1HeaderCase", Release::V1_25),
    ("v1alpha1.Tracing", "enableIstioTags", Release::V1_25),
    ("v1alpha3.ReadinessProbe", "grpc", Release::V1_25),
    ("v1alpha1.MeshConfig_ExtensionProvider_EnvoyFileAccessLogProvider", "omitEmptyValues", Release::V1_26),
    ("v1alpha1.MeshConfig_ExtensionProvider_HttpHeader", "envName", Release::V1_26),
    ("v1alpha3.HTTPRetry", "backoff", Release::V1_26),
    ("v1alpha3.HTTPRetry", "retryIgnorePreviousHosts", Release::V1_26),
    ("v1alpha1.MeshConfig", "serviceScopeConfigs", Release::V1_27),
    ("v1alpha1.MeshConfig_ExtensionProvider", "sds", Release::V1_27),
    ("v1alpha1.MeshConfig_ExtensionProvider_ZipkinTracingProvider", "traceContextOption", Release::V1_28),
    ("v1alpha1.ProxyConfig_ProxyHeaders", "xForwardedHost", Release::V1_28),
    ("v1alpha1.ProxyConfig_ProxyHeaders", "xForwardedPort", Release::V1_28),
    ("v1alpha1.MeshConfig", "hboneIdleTimeout", Release::V1_29),
    ("v1alpha1.MeshConfig_ExtensionProvider_ZipkinTracingProvider", "headers", Release::V1_29),
    ("v1alpha1.MeshConfig_ExtensionProvider_ZipkinTracingProvider", "timeout", Release::V1_29),
    ("v1alpha1.ProxyConfig", "fileFlushInterval", Release::V1_29),
    ("v1alpha1.ProxyConfig", "fileFlushMinSizeKb", Release::V1_29),
    ("v1alpha1.ProxyConfig", "statsCompression", Release::V1_29),
    (
        "v1alpha1.MeshConfig_ExtensionProvider_OpenTelemetryTracingProvider",
        "serviceAttributeEnrichment",
        Release::V1_30,
    ),
    ("v1alpha1.MeshConfig_OutboundTrafficPolicy", "tls", Release::V1_30),
    ("v1alpha1.MeshConfig", "defaultTrafficPolicy", Release::V1_31),
    ("v1alpha1.MeshConfig", "serviceEntryVisibility", Release::V1_31),
    ("v1alpha1.MeshConfig", "zoneAwareLbSetting", Release::V1_31),
    ("v1alpha1.ProxyConfig", "connectionSettings", Release::V1_31),
];

/// Enums that got a name later: the enum, the name, the release.
const NAMES: &[(&str, &str, Release)] =
    &[("v1alpha1.MeshConfig_OutboundTrafficPolicy_Mode", "ALLOW_ANY_DYNAMIC_DNS", Release::V1_30)];

/// Fields that came into a oneof later, and were plain fields before: their zero is kept only since.
const ONEOFS: &[(&str, &str, Release)] =
    &[("v1alpha1.MeshConfig_ExtensionProvider_HttpHeader", "value", Release::V1_26)];

type Index = HashMap<(TypeRef, &'static str), Release>;

/// The three tables by type.
static INDEX: LazyLock<[Index; 3]> = LazyLock::new(|| {
    [FIELDS, NAMES, ONEOFS]
        .map(|rows| rows.iter().filter_map(|(ty, name, since)| Some(((named(ty)?, *name), *since))).collect())
});

impl Messages {
    /// Those of `release`.
    #[must_use]
    pub const fn of(release: Release) -> Self {
        Self(release)
    }

    /// Those of the newest release: everything.
    #[must_use]
    pub const fn newest() -> Self {
        Self(Release::Master)
    }

    fn knows(self, table: usize, ty: TypeRef, name: &str) -> bool {
        // Nearly every injector runs a release that has all; it pays for nothing.
        self.0 == Release::Master
            || INDEX[table].get(&(ty.deref(), name)).is_none_or(|since| self.0 >= *since)
    }

    /// Whether the message `ty` has this field.
    pub(crate) fn has(self, ty: TypeRef, field: &Field) -> bool {
        self.knows(0, ty, field.json)
    }

    /// Whether the enum `ty` has this name.
    pub(super) fn has_name(self, ty: TypeRef, name: &str) -> bool {
        self.knows(1, ty, name)
    }

    /// The oneof that a field of the message `ty` is in; empty for none.
    pub(super) fn oneof(self, ty: TypeRef, field: &Field) -> &'static str {
        if self.knows(2, ty, field.json) { field.oneof } else { "" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_a_field_or_a_name_of_the_table_of_types() {
        for (ty, field, since) in FIELDS.iter().chain(ONEOFS) {
            let ty = named(ty).unwrap_or_else(|| panic!("{ty}"));
            let field = ty.field_by_json(field).unwrap_or_else(|| panic!("{ty:?} {field}"));
            assert!(Messages::of(*since).has(ty, field) && *since > Release::V1_20);
        }
        for (ty, name, _) in NAMES {
            let pillion_govalue::Kind::Enum(names) = named(ty).unwrap().kind() else { panic!("{ty}") };
            assert!(names.iter().any(|(known, _)| known == name), "{ty} {name}");
        }
        assert_eq!(INDEX.iter().map(HashMap::len).sum::<usize>(), FIELDS.len() + NAMES.len() + ONEOFS.len());
    }
}
