//! The certificate: as it is kept, as it is presented, and whether webhooks trust it. Pure, but that validity is judged
//! by the clock of this machine. Never: private keys.

use rustls::pki_types::CertificateDer;

use super::moment;
use crate::cluster::doctor::facts::{Facts, Stored};
use crate::cluster::doctor::finding::{Finding, Gathered};
use crate::cluster::doctor::setup::Certificates;
use crate::cluster::registration::{host_of, trusted};
use crate::tls::trust::{begins, expires, hosts, issuer};
use crate::tls::{Trust, Unfit, accepted};

/// A certificate with less than this part of its life left ought to have been renewed.
const LAST_PART: i64 = 10;
/// What makes it impossible to say more.
const CAUSES: &[&str] = &["installed", "rights", "clocks"];

pub(in crate::cluster::doctor) fn certificate(facts: &Facts) -> Finding {
    let mut gathered = Gathered::or("the certificate is valid, for the Service, and leads to its authority");
    let no_trust = Trust::default();
    let mut trust = &no_trust;
    match &facts.stored {
        Ok(Some(stored)) => {
            trust = &stored.trust;
            gathered.add(kept(facts, stored));
        }
        Ok(None) => {}
        Err(reason) if facts.chains().is_empty() => return Finding::unknown("the Secret", reason),
        Err(_) => {}
    }
    for presented in &facts.presented {
        match &presented.chain {
            Ok(chain) => gathered.add(judged(facts, &presented.at, chain, trust)),
            Err(reason) => {
                gathered.add(
                    Finding::pass("").seen(format!("{}: not reached from here: {reason}", presented.at)),
                );
            }
        }
    }
    if facts.chains().is_empty() && matches!(facts.stored, Ok(None)) {
        return Finding::unknown(
            "the certificate",
            "no endpoint can be reached from here, and it is in no Secret",
        )
        .after(&["installed", "rights"]);
    }
    gathered.finding().after(CAUSES)
}

/// The Secret.
fn kept(facts: &Facts, stored: &Stored) -> Finding {
    let place = format!("Secret {}", stored.secret);
    if !stored.exists {
        return Finding::fail(format!("{place} is not there")).mend(renewal(facts, stored));
    }
    if let Some(fault) = &stored.fault {
        return Finding::fail("the certificate cannot be used")
            .seen(fault.clone())
            .mend(renewal(facts, stored));
    }
    judged(facts, &place, &stored.chain, &stored.trust)
}

/// One chain, seen at `place`. Without authorities it is not asked whether it leads to one.
fn judged(facts: &Facts, place: &str, chain: &[CertificateDer<'_>], trust: &Trust) -> Finding {
    let Some(leaf) = chain.first() else { return Finding::fail(format!("{place}: there is no certificate")) };
    let stored = facts.stored.as_ref().ok().and_then(Option::as_ref);
    let mend = || stored.map_or_else(|| facts.setup.restart(), |stored| renewal(facts, stored));
    let (begin, end) = (begins(leaf).unwrap_or(i64::MIN), expires(leaf).unwrap_or(i64::MAX));
    let seen =
        format!("{place}: valid from {} to {}, for {}", moment(begin), moment(end), hosts(leaf).join(", "));
    if facts.now >= end {
        return Finding::fail(format!("the certificate has expired, {}", moment(end)))
            .seen(seen)
            .mend(mend());
    }
    if facts.now < begin {
        return Finding::fail(format!("the certificate is not valid until {}", moment(begin)))
            .seen(seen)
            .mend(mend());
    }
    let own = Trust::of(leaf.clone().into_owned());
    let wanted = wanted_hosts(facts);
    let misses: Vec<&String> = wanted.iter().filter(|host| !is_for(leaf, host)).collect();
    if let Some(host) = misses.first() {
        return Finding::fail(format!("the certificate is not for {host}, which API servers ask for"))
            .seen(seen)
            .mend(mend());
    }
    let trust = if trust.is_empty() { &own } else { trust };
    match accepted(chain, trust, None) {
        Ok(()) | Err(Unfit::Name) => {}
        Err(Unfit::Untrusted) => {
            return Finding::fail(
                "the certificate does not lead to the authority that is kept with it (ca.crt)",
            )
            .seen(format!("{seen}; issued by {}", issuer(leaf).unwrap_or_default()))
            .mend(mend());
        }
        Err(Unfit::Time) => {
            return Finding::fail("a certificate of the chain, or the authority, is not valid now")
                .seen(seen)
                .mend(mend());
        }
        // What this library is strict about an API server may accept.
        Err(Unfit::Other(why)) => {
            return Finding::warn("API servers may not accept the certificate").seen(why).mend(mend());
        }
    }
    if end.saturating_sub(facts.now) < end.saturating_sub(begin) / LAST_PART {
        return Finding::warn(format!("the certificate expires at {} and was not renewed", moment(end)))
            .seen(seen)
            .mend(mend());
    }
    Finding::pass("").seen(seen)
}

/// Hosts that API servers ask for: the Service's name, and those of URLs.
fn wanted_hosts(facts: &Facts) -> Vec<String> {
    let mut hosts: Vec<String> = Vec::new();
    for (_, _, entry) in facts.our_entries() {
        let host = match (&entry.client_config.service, &entry.client_config.url) {
            (Some(_), _) => Some(facts.host()),
            (None, Some(url)) => host_of(url).map(str::to_owned),
            (None, None) => None,
        };
        hosts.extend(host.filter(|host| !hosts.contains(host)));
    }
    if hosts.is_empty() { vec![facts.host()] } else { hosts }
}

/// Whether a certificate names this host.
fn is_for(leaf: &CertificateDer<'_>, host: &str) -> bool {
    hosts(leaf).iter().any(|name| {
        let wildcard = name.strip_prefix('*').filter(|rest| rest.starts_with('.'));
        name.eq_ignore_ascii_case(host)
            || wildcard.is_some_and(|rest| {
                host.split_once('.').is_some_and(|(_, domain)| rest[1..].eq_ignore_ascii_case(domain))
            })
    })
}

/// How the certificate is made anew.
fn renewal(facts: &Facts, stored: &Stored) -> String {
    let (namespace, name) = stored.secret.split_once('/').unwrap_or_default();
    match (&facts.setup.certificates, &stored.certificate) {
        // The program makes what is not there.
        (Certificates::OwnSecret(_), _) if stored.exists => {
            format!("kubectl -n {namespace} delete secret {name}")
        }
        (Certificates::OwnSecret(_), _) => facts.setup.restart(),
        (_, Some(certificate)) => format!("cmctl renew -n {namespace} {certificate}"),
        _ => format!(
            "kubectl -n {namespace} create secret generic {name} --from-file=tls.crt --from-file=tls.key \
             --from-file=ca.crt --dry-run=client -o yaml | kubectl apply -f -"
        ),
    }
}

pub(in crate::cluster::doctor) fn ca_bundle(facts: &Facts) -> Finding {
    if let Err(reason) = &facts.configurations {
        return Finding::unknown("webhook configurations", reason);
    }
    let entries = facts.our_entries();
    let chains = facts.chains();
    if entries.is_empty() {
        return Finding::fail("no webhook calls the Service").after(&["registration"]);
    }
    let mut gathered = Gathered::or("every webhook trusts the certificate");
    for (config, index, entry) in entries {
        let name = config.metadata.name.as_deref().unwrap_or_default();
        let place = format!("{} of {name}", entry.name);
        let bundle = trusted(&entry.client_config);
        let finding = if entry.client_config.ca_bundle.as_ref().is_none_or(|bundle| bundle.0.is_empty()) {
            Finding::fail(format!("{place} has no caBundle: API servers trust nobody"))
        } else if bundle.is_empty() {
            Finding::fail(format!("the caBundle of {place} holds no certificate"))
        } else if let Some((at, _)) =
            chains.iter().find(|(_, chain)| accepted(chain, &bundle, None) == Err(Unfit::Untrusted))
        {
            Finding::fail(format!("the caBundle of {place} does not hold the authority of the certificate"))
                .seen(format!("certificate at {at}"))
                .seen(format!("caBundle: {}", subjects(&bundle)))
        } else {
            Finding::pass("")
        };
        gathered.add(put_right(facts, finding, name, index));
    }
    if chains.is_empty() {
        let finding = gathered.finding();
        let passed = finding.status == super::super::Status::Pass;
        return if passed {
            Finding::unknown(
                "the certificate",
                "no endpoint can be reached from here, and it is in no Secret",
            )
        } else {
            finding
        }
        .after(AFTER);
    }
    gathered.finding().after(AFTER)
}

const AFTER: &[&str] = &["installed", "certificate", "registration"];

/// The commands that write a caBundle.
fn put_right(facts: &Facts, finding: Finding, name: &str, index: usize) -> Finding {
    let stored =
        facts.stored.as_ref().ok().and_then(Option::as_ref).filter(|stored| !stored.trust.is_empty());
    let finding = match stored.and_then(|stored| stored.secret.split_once('/')) {
        Some((namespace, secret)) => finding.mend(format!(
            "kubectl patch mutatingwebhookconfiguration {name} --type=json -p \"[{{\\\"op\\\":\\\"add\\\",\\\"path\\\":\
             \\\"/webhooks/{index}/clientConfig/caBundle\\\",\\\"value\\\":\\\"$(kubectl -n {namespace} get secret \
             {secret} -o jsonpath='{{.data.ca\\.crt}}')\\\"}}]\""
        )),
        None => finding,
    };
    if facts.setup.managed { finding.mend(facts.setup.restart()) } else { finding }
}

fn subjects(trust: &Trust) -> String {
    let all = trust.authorities().iter().map(|it| issuer(it).unwrap_or_else(|| "unreadable".to_owned()));
    all.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::doctor::{Status, sample};

    fn with_stored(change: impl FnOnce(&mut Stored)) -> Facts {
        let mut facts = sample::facts();
        facts.presented.clear();
        change(facts.stored.as_mut().unwrap().as_mut().unwrap());
        facts
    }

    #[test]
    fn what_is_wrong_with_a_certificate_is_named() {
        let made = sample::Certificate::made(&["pillion-r.own.svc"], 3600);
        for (what, said, facts) in [
            ("missing", "is not there", with_stored(|it| it.exists = false)),
            ("mismatch", "cannot be used", with_stored(|it| it.fault = Some("not its key".into()))),
            ("other authority", "does not lead", with_stored(|it| it.trust = made.trust.clone())),
            (
                "other name",
                "is not for pillion-r.own.svc",
                with_stored(|it| {
                    let other = sample::Certificate::made(&["other.own.svc"], 3600);
                    (it.chain, it.trust) = (other.chain, other.trust);
                }),
            ),
            (
                "expired",
                "has expired",
                with_stored(|it| {
                    let old = sample::Certificate::made(&["pillion-r.own.svc"], -60);
                    (it.chain, it.trust) = (old.chain, old.trust);
                }),
            ),
        ] {
            let finding = certificate(&facts);
            assert_eq!(finding.status, Status::Fail, "{what}: {finding:?}");
            assert!(finding.summary.contains(said), "{what}: {finding:?}");
            assert!(finding.mend[0].contains("secret") || what == "missing", "{what}: {finding:?}");
        }
    }

    #[test]
    fn a_certificate_that_was_not_renewed_is_warned_of() {
        let mut facts = sample::facts();
        let end = expires(&facts.chains()[0].1[0]).unwrap();
        facts.now = end - 10;
        assert_eq!(certificate(&facts).status, Status::Warn);
    }

    #[test]
    fn a_bundle_must_hold_the_authority_of_what_is_presented() {
        let mut facts = sample::facts();
        assert_eq!(ca_bundle(&facts).status, Status::Pass);
        let other = sample::Certificate::made(&["x"], 3600).trust.to_pem();
        sample::entries(&mut facts, |entry| {
            entry.client_config.ca_bundle = Some(k8s_openapi::ByteString(other.clone().into_bytes()));
        });
        let finding = ca_bundle(&facts);
        assert!(finding.summary.contains("does not hold the authority"), "{finding:?}");
        assert!(finding.mend[0].starts_with("kubectl patch mutatingwebhookconfiguration"), "{finding:?}");
        sample::entries(&mut facts, |entry| entry.client_config.ca_bundle = None);
        assert!(ca_bundle(&facts).summary.contains("has no caBundle"));
    }

    #[test]
    fn wildcards_are_for_one_label() {
        let made = sample::Certificate::made(&["*.own.svc"], 3600);
        assert!(is_for(&made.chain[0], "pillion-r.own.svc"));
        assert!(!is_for(&made.chain[0], "a.pillion-r.own.svc"));
    }
}
