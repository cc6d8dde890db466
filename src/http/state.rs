//! What the debug port's page and `GET /state` say of the process: whether pods are being injected, the answers so far by
//! reason, the configuration and the certificate in use (docs/operations.md has the members).
//! Never: keys, values of the configuration, or anything of a pod.

use data_encoding::HEXLOWER;
use pillion_core::config::Policy;
use pillion_core::inject::{Reason, Verdict};
use pillion_govalue::{Map, Value};
use rustls::pki_types::CertificateDer;
use sha2::{Digest, Sha256};

use super::debug::Shown;
use super::headline::{Facts, Headline, Presented};
use crate::clock::now;
use crate::engine::Generation;
use crate::tls::trust;

/// Everything, as an object.
pub(super) fn state(shown: &Shown) -> Value<'static> {
    let generation = shown.engine.generation();
    let counts = Counts::of(shown);
    let headline = Headline::of(&facts(shown, generation.as_deref(), &counts));
    object([
        ("apiVersion", text("pillion.dev/v1")),
        ("kind", text("State")),
        ("version", text(env!("CARGO_PKG_VERSION"))),
        ("replica", text(&shown.replica)),
        ("now", Value::Int(now())),
        ("started", Value::Int(shown.started)),
        ("headline", first_line(&headline)),
        ("ready", Value::Bool(shown.readiness.ready())),
        ("checks", Value::list(shown.readiness.checks().map(check).into())),
        ("answers", counts.to_value()),
        ("configuration", configuration(shown, generation.as_deref())),
        ("certificate", certificate(shown)),
    ])
}

/// What is in use: where it comes from, since when, which templates, and what Pillion makes of it. Without a configuration
/// it is where one is looked for, and why none was found.
pub(super) fn configuration(shown: &Shown, generation: Option<&Generation>) -> Value<'static> {
    let fault = ("fault", shown.status.fault().map_or(Value::Null, Value::from));
    let source = ("source", text(shown.status.source()));
    let Some(generation) = generation else { return object([source, fault]) };
    let snapshot = &generation.snapshot;
    let (settings, injector) = (&snapshot.settings, &snapshot.injector);
    let aliases: Map<'_> = injector.aliases.iter().map(|(k, v)| (k.clone(), names(v))).collect();
    object([
        source,
        ("generation", Value::Int(i64::try_from(generation.number).unwrap_or(i64::MAX))),
        ("since", Value::Int(generation.since)),
        ("fingerprint", shown.status.fingerprint().map_or(Value::Null, Value::from)),
        fault,
        ("revision", text(&settings.revision)),
        ("namespace", text(&settings.namespace)),
        ("nativeSidecars", word(&settings.native_sidecars)),
        ("platform", word(&settings.platform)),
        ("compliancePolicy", text(&settings.compliance_policy)),
        ("behavesLike", Value::from(snapshot.level.to_string())),
        ("policy", text(policy(&injector.policy))),
        ("defaultTemplates", names(&injector.default_templates)),
        ("templates", names(injector.templates.keys())),
        ("aliases", Value::map(aliases)),
    ])
}

/// What handshakes present, and why not the newest if that cannot be used.
fn certificate(shown: &Shown) -> Value<'static> {
    let source = ("source", text(&shown.certificates));
    let fault = ("fault", shown.certificate_fault.borrow().clone().map_or(Value::Null, Value::from));
    let presented = shown.resolver.presented();
    let Some(first) = presented.as_ref().and_then(|identity| identity.cert.first()) else {
        return object([source, fault]);
    };
    let authorities = shown.trust.borrow().authorities().iter().map(authority).collect();
    let time = |at: Option<i64>| at.map_or(Value::Null, Value::Int);
    object([
        source,
        fault,
        ("names", names(trust::hosts(first))),
        ("issuer", text(&trust::issuer(first).unwrap_or_default())),
        ("notBefore", time(trust::begins(first))),
        ("notAfter", time(trust::expires(first))),
        ("fingerprint", Value::from(fingerprint(first))),
        ("authorities", Value::list(authorities)),
    ])
}

/// An authority that API servers shall check the certificate by.
fn authority(certificate: &CertificateDer<'static>) -> Value<'static> {
    object([
        ("subject", text(&trust::subject(certificate).unwrap_or_default())),
        ("notAfter", trust::expires(certificate).map_or(Value::Null, Value::Int)),
        ("fingerprint", Value::from(fingerprint(certificate))),
    ])
}

fn fingerprint(certificate: &CertificateDer<'_>) -> String {
    HEXLOWER.encode(&Sha256::digest(certificate))
}

fn check((name, good): (&'static str, bool)) -> Value<'static> {
    object([("name", text(name)), ("good", Value::Bool(good))])
}

/// The answers since the program began.
#[derive(Clone, Debug, Default)]
struct Counts {
    injected: u64,
    skipped: u64,
    refused: u64,
    reasons: Vec<(Reason, u64)>,
}

impl Counts {
    fn of(shown: &Shown) -> Self {
        let mut counts = Self::default();
        for &reason in Reason::ALL {
            let count = shown.engine.metrics().answers(reason);
            match reason.verdict() {
                Verdict::Injected => counts.injected += count,
                Verdict::Skipped => counts.skipped += count,
                Verdict::Refused => counts.refused += count,
            }
            counts.reasons.push((reason, count));
        }
        counts
    }

    fn to_value(&self) -> Value<'static> {
        let reason = |&(reason, count): &(Reason, u64)| {
            object([
                ("reason", text(reason.code())),
                ("result", text(reason.verdict().code())),
                ("count", Value::Uint(count)),
                ("sentence", text(reason.sentence())),
                ("hint", text(reason.hint())),
            ])
        };
        object([
            ("injected", Value::Uint(self.injected)),
            ("skipped", Value::Uint(self.skipped)),
            ("refused", Value::Uint(self.refused)),
            ("reasons", Value::list(self.reasons.iter().map(reason).collect())),
        ])
    }
}

/// What the first line is made of.
fn facts(shown: &Shown, generation: Option<&Generation>, counts: &Counts) -> Facts {
    let listening = shown.readiness.checks().iter().any(|&(name, good)| name == "listener" && good);
    Facts {
        stopping: shown.readiness.is_stopping(),
        listening,
        policy: generation.map(|generation| generation.snapshot.injector.policy.clone()),
        fault: shown.status.fault(),
        certificate: presented(shown),
        certificate_fault: shown.certificate_fault.borrow().clone(),
        injected: counts.injected,
        skipped: counts.skipped,
        refused: counts.refused,
    }
}

fn presented(shown: &Shown) -> Presented {
    let identity = shown.resolver.presented();
    let first = identity.as_ref().and_then(|identity| identity.cert.first());
    first.map_or(Presented::Nothing, |first| {
        let begins = trust::begins(first).unwrap_or(i64::MIN);
        Presented::of(begins, trust::expires(first).unwrap_or(i64::MAX), now())
    })
}

fn first_line(headline: &Headline) -> Value<'static> {
    object([
        ("tone", text(headline.tone.name())),
        ("says", text(headline.says)),
        ("hint", text(&headline.hint)),
    ])
}

const fn policy(policy: &Policy) -> &str {
    match policy {
        Policy::Enabled => "enabled",
        Policy::Disabled => "disabled",
        Policy::Other(word) => word.as_str(),
    }
}

fn object<const N: usize>(members: [(&'static str, Value<'static>); N]) -> Value<'static> {
    Value::map(members.into_iter().collect())
}

fn text(text: &str) -> Value<'static> {
    Value::from(text.to_owned())
}

fn names<S: AsRef<str>>(all: impl IntoIterator<Item = S>) -> Value<'static> {
    Value::list(all.into_iter().map(|name| text(name.as_ref())).collect())
}

/// The name of a variant without members.
fn word(variant: &impl std::fmt::Debug) -> Value<'static> {
    Value::from(format!("{variant:?}").to_lowercase())
}
