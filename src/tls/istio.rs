//! Certificates from where istiod has them: a serving certificate that is mounted, or else the authority `cacerts`, by
//! which a serving certificate of our own is issued. Both lead to the root that istiod's webhooks already hold, so
//! that both injectors can be called under one caBundle. Paths and their order are istiod's
//! (pilot/pkg/bootstrap/server.go, security/pkg/pki/ca/ca.go). Never: the authority's key anywhere but in memory.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::timeout;

use super::ca::{Authority, CaError};
use super::identity::{IdentityError, read};
use super::keeper::Keeper;
use super::watch::Files;
use super::{Identity, Trust};
use crate::clock::now;
use crate::watch::{Changes, Watch};

/// Where istiod's serving certificate is mounted, below the root directory.
const TLS: &str = "var/run/secrets/istiod/tls";
/// Where its root is, if it is not beside the certificate.
const ROOT: &str = "var/run/secrets/istiod/ca/root-cert.pem";
/// The files of an authority, in the two forms that istiod reads: certificate, key, rest of the chain, root.
const FORMS: [[&str; 4]; 2] = [
    ["ca-cert.pem", "ca-key.pem", "cert-chain.pem", "root-cert.pem"],
    ["tls.crt", "tls.key", "tls.crt", "ca.crt"],
];
/// How often it is looked whether a certificate is due, where nothing changes.
const LOOK: Duration = Duration::from_secs(60);

/// Where to look, and what to issue.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What paths are relative to: `/`.
    pub root: PathBuf,
    /// Directory of the authority: `ROOT_CA_DIR`, or `/etc/cacerts`.
    pub authority: PathBuf,
    /// Host names of a serving certificate of our own.
    pub names: Vec<String>,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// How long it is valid.
    pub lifetime: Duration,
}

/// Why there is no identity.
#[derive(Debug, thiserror::Error)]
pub enum IstioError {
    /// Neither is mounted.
    #[error("neither a certificate in {tls} nor a certificate authority in {authority} is mounted")]
    Nothing {
        /// Where certificates are.
        tls: String,
        /// Where the authority is.
        authority: String,
    },
    /// A file.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The authority.
    #[error("{place}: {source}")]
    Authority {
        /// Its directory.
        place: String,
        /// What is wrong.
        source: CaError,
    },
}

/// Follows what is mounted for ever, from before it is there.
pub async fn follow(plan: Plan, mut keeper: Keeper) {
    let tls = plan.root.join(TLS);
    let directories = [tls.clone(), plan.root.join(ROOT).with_file_name(""), plan.authority.clone()];
    let mut watch =
        Watch::over(move || directories.iter().filter(|directory| directory.is_dir()).cloned().collect());
    // What was issued, and by which files.
    let mut issued: Option<(Vec<Vec<u8>>, Identity, Trust)> = None;
    loop {
        let (place, found) = match mounted(&plan) {
            Some(files) => (&tls, files.load().map_err(IstioError::from)),
            None => (&plan.authority, issue(&plan, &mut issued)),
        };
        keeper.offer(&place.display().to_string(), found).await;
        let _ = timeout(LOOK, watch.changed()).await;
    }
}

/// The serving certificate, if there is one. Its root is beside it, or where istiod has its own.
fn mounted(plan: &Plan) -> Option<Files> {
    let tls = plan.root.join(TLS);
    let certificate = tls.join("tls.crt");
    let root = plan.root.join(ROOT);
    let authority = (!tls.join("ca.crt").exists() && root.exists()).then_some(root);
    certificate.exists().then(|| Files { certificate, key: tls.join("tls.key"), authority })
}

/// Our own certificate by the authority: the one that was issued before, unless it is due or the authority is another.
fn issue(
    plan: &Plan,
    issued: &mut Option<(Vec<Vec<u8>>, Identity, Trust)>,
) -> Result<(Identity, Trust), IstioError> {
    let directory = &plan.authority;
    let has = |form: &[&str; 4]| directory.join(form[0]).exists() && directory.join(form[1]).exists();
    let Some(form) = FORMS.iter().find(|form| has(form)) else {
        return Err(IstioError::Nothing {
            tls: plan.root.join(TLS).display().to_string(),
            authority: directory.display().to_string(),
        });
    };
    let texts =
        form.map(|file| if_there(&directory.join(file))).into_iter().collect::<Result<Vec<_>, _>>()?;
    if let Some((by, identity, trust)) = issued
        && *by == texts
        && identity.due() > now()
    {
        return Ok((identity.clone(), trust.clone()));
    }
    let fail = |source| IstioError::Authority { place: directory.display().to_string(), source };
    let [certificate, key, chain, root] =
        [0, 1, 2, 3].map(|at| String::from_utf8_lossy(&texts[at]).into_owned());
    let authority = Authority::from_pem(&certificate, &key).map_err(fail)?;
    let own = authority.issue(&plan.names, &plan.addresses, plan.lifetime).map_err(fail)?;
    let presented = [own.certificate_pem.as_str(), certificate.as_str(), chain.as_str()].join("\n");
    let place = format!("issued by {}", directory.display());
    let identity = Identity::from_pem(&place, presented.as_bytes(), own.key_pem.as_bytes())?;
    // Without a root of its own the authority is one.
    let trust =
        Trust::from_pem(if root.trim().is_empty() { certificate.as_bytes() } else { root.as_bytes() });
    *issued = Some((texts, identity.clone(), trust.clone()));
    Ok((identity, trust))
}

fn if_there(path: &Path) -> Result<Vec<u8>, IdentityError> {
    if path.exists() { read(path) } else { Ok(Vec::new()) }
}
