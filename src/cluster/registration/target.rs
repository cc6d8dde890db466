//! How we are called: which webhook entries call us ([`Target`]), whom they trust, and whether our Service is served.
//! Labels and names never say who is called: a caBundle of ours in an entry that calls istiod would make API servers
//! refuse every pod. Never: what is written into entries.

use std::fmt;

use k8s_openapi::api::admissionregistration::v1::WebhookClientConfig;
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointSlice};

use crate::tls::Trust;

/// How API servers reach us. As text it is the URL, or namespace and name of the Service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Our Service's namespace.
    pub namespace: String,
    /// Our Service's name.
    pub service: String,
    /// The URL below which we are reached without a Service.
    pub url: Option<String>,
}

impl Target {
    /// Whether an entry with this configuration calls us.
    #[must_use]
    pub fn is_called_by(&self, client: &WebhookClientConfig) -> bool {
        match (&client.service, &client.url) {
            (Some(service), _) => service.namespace == self.namespace && service.name == self.service,
            (None, Some(url)) => self.is_below(url),
            (None, None) => false,
        }
    }

    /// The host name that API servers check our certificate for, where they call us by Service.
    #[must_use]
    pub fn host(&self) -> String {
        format!("{}.{}.svc", self.service, self.namespace)
    }

    fn is_below(&self, url: &str) -> bool {
        let Some(ours) = self.url.as_deref().map(|ours| ours.trim_end_matches('/')) else { return false };
        url.strip_prefix(ours).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.url {
            Some(url) => f.write_str(url.trim_end_matches('/')),
            None => write!(f, "{}/{}", self.namespace, self.service),
        }
    }
}

/// The host of a URL, without brackets.
#[must_use]
pub fn host_of(url: &str) -> Option<&str> {
    let authority = url.split_once("://")?.1.split(['/', '?', '#']).next()?;
    let bracketed = authority.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let host = bracketed.map_or_else(|| authority.split(':').next().unwrap_or_default(), |(host, _)| host);
    (!host.is_empty()).then_some(host)
}

/// The authorities in the caBundle of an entry with this configuration.
#[must_use]
pub fn trusted(client: &WebhookClientConfig) -> Trust {
    client.ca_bundle.as_ref().map(|bundle| Trust::from_pem(&bundle.0)).unwrap_or_default()
}

/// Whether a slice of a Service's endpoints has one that is ready; one that does not say is.
#[must_use]
pub fn is_served(slice: &EndpointSlice) -> bool {
    let ready = |endpoint: &Endpoint| endpoint.conditions.as_ref().and_then(|conditions| conditions.ready);
    slice.endpoints.iter().any(|endpoint| ready(endpoint).unwrap_or(true))
}

/// What finds the slices of a Service's endpoints.
#[must_use]
pub fn slices_of(service: &str) -> String {
    format!("kubernetes.io/service-name={service}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::admissionregistration::v1::ServiceReference;

    fn by_service(namespace: &str, name: &str) -> WebhookClientConfig {
        let service = ServiceReference {
            namespace: namespace.into(),
            name: name.into(),
            ..ServiceReference::default()
        };
        WebhookClientConfig { service: Some(service), ..WebhookClientConfig::default() }
    }

    fn by_url(url: &str) -> WebhookClientConfig {
        WebhookClientConfig { url: Some(url.into()), ..WebhookClientConfig::default() }
    }

    #[test]
    fn only_our_service_and_what_is_below_our_url_call_us() {
        let target = Target {
            namespace: "mesh".into(),
            service: "pillion".into(),
            url: Some("https://10.0.0.1:15017/inject/".into()),
        };
        assert!(target.is_called_by(&by_service("mesh", "pillion")));
        assert!(target.is_called_by(&by_url("https://10.0.0.1:15017/inject")));
        assert!(target.is_called_by(&by_url("https://10.0.0.1:15017/inject/cluster/east")));
        for other in [
            by_service("mesh", "istiod"),
            by_service("other", "pillion"),
            by_url("https://10.0.0.1:15017/injector"),
            by_url("https://10.0.0.2:15017/inject"),
            WebhookClientConfig::default(),
        ] {
            assert!(!target.is_called_by(&other), "{other:?}");
        }
        let without = Target { url: None, ..target };
        assert!(!without.is_called_by(&by_url("https://10.0.0.1:15017/inject")));
    }

    #[test]
    fn the_host_of_a_url_is_found() {
        for (url, expected) in [
            ("https://127.0.0.1:15017/inject", Some("127.0.0.1")),
            ("https://[::1]:15017/inject", Some("::1")),
            ("https://pillion.example/inject", Some("pillion.example")),
            ("https:///inject", None),
        ] {
            assert_eq!(host_of(url), expected, "{url}");
        }
    }
}
