//! What the Secret holds, what it lacks, and what it should hold instead. Pure but for the making of keys. Never: the
//! cluster.

use std::net::IpAddr;
use std::time::Duration;

use k8s_openapi::api::core::v1::Secret;
use rustls::pki_types::CertificateDer;

use crate::tls::ca::{Authority, CaError};
use crate::tls::trust::{begins, expires};
use crate::tls::{Identity, IdentityError, Trust};

/// Keys of the Secret. `ca.crt` holds every authority that is still needed, the one that signs last.
const CERTIFICATE: &str = "tls.crt";
const KEY: &str = "tls.key";
const AUTHORITIES: &str = "ca.crt";
const AUTHORITY_KEY: &str = "ca.key";

/// Whom a serving certificate is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// Host names.
    pub names: Vec<String>,
    /// Addresses.
    pub addresses: Vec<IpAddr>,
}

/// How long certificates live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    /// A serving certificate.
    pub serving: Duration,
    /// An authority.
    pub authority: Duration,
}

/// Certificates out of a Secret.
pub struct Held {
    /// What is presented.
    pub identity: Identity,
    /// What clients trust.
    pub trust: Trust,
    authority: Option<Authority>,
}

/// What must be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    Nothing,
    Serving,
    /// A new authority too, beside the old one.
    Everything,
}

impl Held {
    /// Reads a Secret that people know as `place`.
    ///
    /// # Errors
    /// Certificate or key is missing, or they do not belong together.
    pub fn read(place: &str, secret: &Secret) -> Result<Self, IdentityError> {
        let text = |key: &str| -> &[u8] {
            secret
                .data
                .as_ref()
                .and_then(|data| data.get(key))
                .map(|bytes| bytes.0.as_slice())
                .unwrap_or_default()
        };
        let identity = Identity::from_pem(place, text(CERTIFICATE), text(KEY))?;
        let trust = Trust::from_pem(text(AUTHORITIES));
        let authority = trust.authorities().last().and_then(|last| {
            let key = std::str::from_utf8(text(AUTHORITY_KEY)).ok()?;
            Authority::from_pem(&Trust::of(last.clone()).to_pem(), key).ok()
        });
        Ok(Self { identity, trust, authority })
    }

    /// What must be made at `now`.
    pub(super) fn need(&self, subject: &Subject, now: i64) -> Need {
        let Some(authority) = &self.authority else { return Need::Everything };
        let by_newest = self.identity.leads_to(&Trust::of(authority.certificate().clone()), None).is_ok();
        if due(authority.certificate()) <= now || !by_newest {
            Need::Everything
        } else if self.identity.due() <= now || !self.is_for(subject) {
            Need::Serving
        } else {
            Need::Nothing
        }
    }

    /// Seconds until something is due.
    pub(super) fn next_look(&self, now: i64) -> i64 {
        let authority = self.authority.as_ref().map_or(i64::MAX, |authority| due(authority.certificate()));
        self.identity.due().min(authority).saturating_sub(now)
    }

    /// Whether the certificate is valid for all names: they change with the revision and with `ISTIOD_CUSTOM_HOST`.
    fn is_for(&self, subject: &Subject) -> bool {
        subject.names.iter().all(|name| self.identity.leads_to(&self.trust, Some(name)).is_ok())
    }
}

/// Two thirds of a certificate's life.
fn due(certificate: &CertificateDer<'_>) -> i64 {
    let end = expires(certificate).unwrap_or(i64::MIN);
    end.saturating_sub(end.saturating_sub(begins(certificate).unwrap_or(end)) / 3)
}

/// What the Secret should hold, by key.
pub(super) fn renewed(
    held: Option<&Held>,
    need: Need,
    subject: &Subject,
    lifetimes: Lifetimes,
    now: i64,
) -> Result<Vec<(&'static str, String)>, CaError> {
    let kept = held.and_then(|held| held.authority.as_ref()).filter(|_| need == Need::Serving);
    let made = if kept.is_some() { None } else { Some(Authority::make(lifetimes.authority)?) };
    let Some(authority) = kept.or(made.as_ref()) else {
        return Err(CaError::Authority("there is none".to_owned()));
    };
    let mut trust = held.map(|held| held.trust.clone()).unwrap_or_default();
    trust.drop_expired(now);
    trust.extend(&Trust::of(authority.certificate().clone()));
    let serving = authority.issue(&subject.names, &subject.addresses, lifetimes.serving)?;
    Ok(vec![
        (CERTIFICATE, serving.certificate_pem),
        (KEY, serving.key_pem),
        (AUTHORITIES, trust.to_pem()),
        (AUTHORITY_KEY, authority.key_pem().to_owned()),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::ByteString;

    const TIMES: Lifetimes =
        Lifetimes { serving: Duration::from_secs(3600), authority: Duration::from_secs(36_000) };

    fn subject() -> Subject {
        Subject { names: vec!["pillion.mesh.svc".into()], addresses: Vec::new() }
    }

    fn kept(fresh: Vec<(&'static str, String)>) -> Held {
        let data =
            fresh.into_iter().map(|(key, text)| (key.to_owned(), ByteString(text.into_bytes()))).collect();
        Held::read("Secret", &Secret { data: Some(data), ..Secret::default() }).unwrap()
    }

    fn made(held: Option<&Held>, need: Need, now: i64) -> Held {
        kept(renewed(held, need, &subject(), TIMES, now).unwrap())
    }

    #[test]
    fn what_was_just_made_lacks_nothing_until_two_thirds_of_its_life() {
        let now = crate::clock::now();
        let first = made(None, Need::Everything, now);
        assert_eq!(first.need(&subject(), now), Need::Nothing);
        assert_eq!(first.need(&subject(), now + 2200), Need::Nothing);
        assert_eq!(first.need(&subject(), now + 2400), Need::Serving);
        assert_eq!(first.need(&subject(), now + 25_000), Need::Everything);
        let more = Subject { names: vec!["pillion.mesh.svc".into(), "other.mesh.svc".into()], ..subject() };
        assert_eq!(first.need(&more, now), Need::Serving);
    }

    #[test]
    fn a_new_serving_certificate_keeps_the_authority_and_a_new_authority_keeps_the_old_beside_it() {
        let now = crate::clock::now();
        let first = made(None, Need::Everything, now);
        let second = made(Some(&first), Need::Serving, now);
        assert_eq!(second.trust, first.trust);
        assert!(!second.identity.same_as(&first.identity));
        let third = made(Some(&second), Need::Everything, now);
        assert_eq!(third.trust.len(), 2);
        assert!(third.trust.covers(&first.trust));
        assert!(third.identity.leads_to(&first.trust, None).is_err());
        let later = made(Some(&third), Need::Everything, now + 40_000);
        assert_eq!(later.trust.len(), 1, "authorities that expired are forgotten");
    }

    #[test]
    fn an_emptied_secret_is_told_of() {
        assert!(Held::read("Secret mesh/x", &Secret::default()).is_err());
    }
}
