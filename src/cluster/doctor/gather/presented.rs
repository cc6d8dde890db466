//! The certificate that is presented at the endpoints: by a connection of our own, else through the API server's
//! port-forward. Nothing is trusted here: the chain is taken as it is, and judged elsewhere. Never: sending anything.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::{Api, Client};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::cluster::doctor::facts::Presented;
use crate::cluster::doctor::setup::Setup;
use crate::cluster::registration::Target;

/// Endpoints that are asked at most.
const ASKED: usize = 6;
/// How long one way to an endpoint may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// The port of the Service that the chart names so.
const PORT_NAME: &str = "https-webhook";

/// Where one endpoint is.
struct Endpoint {
    address: String,
    port: u16,
    pod: Option<String>,
}

/// What the endpoints present.
pub(super) async fn at_endpoints(
    client: &Client,
    setup: &Setup,
    target: &Target,
    slices: &[EndpointSlice],
) -> Vec<Presented> {
    let endpoints = endpoints(slices, setup.webhook_port);
    let name = target.host();
    let asked = endpoints.iter().take(ASKED).map(|endpoint| ask(client, setup, &name, endpoint));
    join_all(asked).await
}

fn endpoints(slices: &[EndpointSlice], usual: u16) -> Vec<Endpoint> {
    let mut found = Vec::new();
    for slice in slices {
        let ports = slice.ports.iter().flatten();
        let named = ports.clone().find(|port| port.name.as_deref() == Some(PORT_NAME));
        let port = named.or_else(|| ports.clone().next()).and_then(|port| port.port);
        let port = port.and_then(|port| u16::try_from(port).ok()).unwrap_or(usual);
        for endpoint in &slice.endpoints {
            let pod = endpoint.target_ref.as_ref().filter(|it| it.kind.as_deref() == Some("Pod"));
            let pod = pod.and_then(|it| it.name.clone());
            found.extend(endpoint.addresses.first().map(|address| Endpoint {
                address: address.clone(),
                port,
                pod,
            }));
        }
    }
    found
}

async fn ask(client: &Client, setup: &Setup, name: &str, endpoint: &Endpoint) -> Presented {
    let Endpoint { address, port, pod } = endpoint;
    let host = if address.contains(':') { format!("[{address}]") } else { address.clone() };
    let at = match pod {
        Some(pod) => format!("{host}:{port} (pod {pod})"),
        None => format!("{host}:{port}"),
    };
    let direct = within(async {
        let stream = TcpStream::connect((address.as_str(), *port)).await.map_err(|e| e.to_string())?;
        shaken(stream, name).await
    });
    let direct = match direct.await {
        Ok(chain) => return Presented { at, chain: Ok(chain) },
        Err(reason) => reason,
    };
    let Some(pod) = pod else { return Presented { at, chain: Err(direct) } };
    let forwarded = within(async {
        let api: Api<Pod> = Api::namespaced(client.clone(), &setup.namespace);
        let mut ports = api.portforward(pod, &[*port]).await.map_err(|error| error.to_string())?;
        let stream = ports.take_stream(*port).ok_or_else(|| "no stream".to_owned())?;
        shaken(stream, name).await
    });
    match forwarded.await {
        Ok(chain) => Presented { at: format!("{at}, by port-forward"), chain: Ok(chain) },
        Err(reason) => Presented { at, chain: Err(format!("{direct}; by port-forward: {reason}")) },
    }
}

async fn within<T>(call: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    timeout(PATIENCE, call).await.unwrap_or_else(|_| Err(format!("no answer in {} s", PATIENCE.as_secs())))
}

/// The chain that a server presents. A handshake that fails afterwards has shown it all the same.
async fn shaken(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    name: &str,
) -> Result<Vec<CertificateDer<'static>>, String> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let seen = Arc::new(Seen { chain: Mutex::default(), provider: Arc::clone(&provider) });
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| error.to_string())?;
    let verifier: Arc<dyn ServerCertVerifier> = Arc::<Seen>::clone(&seen);
    let config = config.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth();
    let name = ServerName::try_from(name.to_owned()).map_err(|error| error.to_string())?;
    let shaken = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
    let chain = std::mem::take(&mut *seen.chain.lock().unwrap_or_else(PoisonError::into_inner));
    match shaken {
        Err(error) if chain.is_empty() => Err(error.to_string()),
        _ => Ok(chain),
    }
}

/// Takes every chain, and keeps it to be judged. Nothing is sent over such a connection.
#[derive(Debug)]
struct Seen {
    chain: Mutex<Vec<CertificateDer<'static>>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Seen {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let all = std::iter::once(leaf).chain(rest).map(|it| it.clone().into_owned());
        *self.chain.lock().unwrap_or_else(PoisonError::into_inner) = all.collect();
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn endpoints_are_read_out_of_slices() {
        let slice = |ports: serde_json::Value| -> EndpointSlice {
            serde_json::from_value(json!({
                "metadata": {"name": "s"}, "addressType": "IPv4", "ports": ports,
                "endpoints": [
                    {"addresses": ["10.0.0.1"], "targetRef": {"kind": "Pod", "name": "p"}},
                    {"addresses": ["10.0.0.2"]},
                ],
            }))
            .unwrap()
        };
        let named = slice(json!([{"name": "http-admin", "port": 1}, {"name": PORT_NAME, "port": 2}]));
        let all = endpoints(&[named], 3);
        let all: Vec<_> = all.iter().map(|it| (it.address.as_str(), it.port, it.pod.as_deref())).collect();
        assert_eq!(all, [("10.0.0.1", 2, Some("p")), ("10.0.0.2", 2, None)]);
        assert_eq!(endpoints(&[slice(json!([]))], 3)[0].port, 3);
    }

    #[tokio::test]
    async fn a_chain_is_seen_without_being_trusted() {
        let authority = crate::tls::ca::Authority::make(Duration::from_secs(3600)).unwrap();
        let issued = authority.issue(&["a.example".to_owned()], &[], Duration::from_secs(3600)).unwrap();
        let chain: Vec<_> = {
            use rustls::pki_types::pem::PemObject;
            CertificateDer::pem_slice_iter(issued.certificate_pem.as_bytes()).map(Result::unwrap).collect()
        };
        let key = rustls::pki_types::pem::PemObject::from_pem_slice(issued.key_pem.as_bytes()).unwrap();
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain.clone(), key)
            .unwrap();
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        let server = tokio_rustls::TlsAcceptor::from(Arc::new(config)).accept(theirs);
        let (seen, _) = tokio::join!(shaken(ours, "other.example"), server);
        assert_eq!(seen.unwrap(), chain);
    }
}
