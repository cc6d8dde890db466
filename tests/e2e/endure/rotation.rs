//! Certificates and configurations change under a stream of pods: not one is refused or left without its sidecar.

use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};

use super::stream::Stream;
use super::{config_map, metrics, replace, write_config_map};
use crate::harness::install::{Install, ROOT, nothing_installed, uninstall, upgrade};
use crate::harness::{apply, kubectl, namespace, pods, soon};

/// How often each changes.
const ROUNDS: usize = 20;
const SECRET: &str = "serving-certificate";
const INJECTOR: &str = "istio-sidecar-injector";

/// A certificate for our Service by an authority of its own.
fn certificate() -> Value {
    let mut authority = CertificateParams::default();
    authority.distinguished_name.push(DnType::CommonName, "an authority of the tests");
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let authority_key = KeyPair::generate().unwrap();
    let authority_pem = authority.self_signed(&authority_key).unwrap().pem();
    let issuer = Issuer::new(authority, authority_key);
    let mut server = CertificateParams::new([format!("pillion.{ROOT}.svc")]).unwrap();
    server.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate().unwrap();
    let chain = server.signed_by(&key, &issuer).unwrap().pem();
    json!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
        "metadata": {"name": SECRET, "namespace": ROOT},
        "stringData": {"tls.crt": chain, "tls.key": key.serialize_pem(), "ca.crt": authority_pem},
    })
}

/// Waits until each replica says this of a metric.
fn all_say(name: &str, says: impl Fn(f64) -> bool) {
    soon(&format!("{name}of every replica"), || {
        let all = metrics(name);
        !all.is_empty() && all.iter().all(|value| value.is_some_and(&says))
    });
}

#[test]
fn twenty_certificates_and_twenty_configurations_half_of_them_broken() {
    nothing_installed().run(rotate);
}

fn rotate() {
    crate::harness::install::root_namespace();
    apply(&certificate().to_string());
    let values = json!({
        "replicaCount": 2,
        "certificates": {"source": "secret", "secretName": SECRET},
    });
    upgrade(Install::Default, &values);
    let good = config_map(INJECTOR);
    let probed = namespace(&[("istio-injection", "enabled")]);
    let stream = Stream::start();
    let (mut taken, mut kept) = (0, 0);
    for round in 1..=ROUNDS {
        replace(&certificate());
        let mut data = good.clone();
        if round % 2 == 0 {
            data["config"] = json!(data["config"].as_str().unwrap().replace("{{", "{{ if nothing.closes "));
        } else {
            let values = data["values"].as_str().unwrap();
            let mut values: Value = serde_json::from_str(values).unwrap();
            values["global"]["tag"] = json!(format!("round-{round}"));
            data["values"] = json!(values.to_string());
        }
        write_config_map(INJECTOR, &data);
        if round % 2 == 0 {
            all_say("pillion_config_stale ", |stale| stale == 1.0);
            kept += 1;
        } else {
            let tag = format!("round-{round}");
            all_say("pillion_config_stale ", |stale| stale == 0.0);
            soon(&format!("a pod under {tag}"), || {
                let pod = pods::dry_run(&probed, &pods::plain("probe"));
                pod.is_ok_and(|pod| pod.to_string().contains(&tag))
            });
            taken += 1;
        }
        #[allow(clippy::cast_precision_loss, reason = "twenty")]
        all_say("pillion_certificate_reloads_total ", |reloads| reloads >= round as f64);
    }
    let figures = stream.end();
    // Istio's series for what was written: whichever replica was first wrote it.
    let attempts = "webhook_patch_attempts_total{name=\"pillion-sidecar-injector\"} ";
    let written: f64 = metrics(attempts).into_iter().flatten().sum();
    #[allow(clippy::cast_precision_loss, reason = "twenty")]
    let least = ROUNDS as f64;
    assert!(written >= least, "caBundle was written {written} times");
    println!(
        "rotation: {ROUNDS} certificates, each by a new authority; {taken} configurations taken, {kept} broken ones \
         not; {figures}"
    );
    assert!(figures.refused.is_empty(), "{:#?}", figures.refused);
    assert_eq!(figures.uninjected, 0);
    let events = kubectl(&[
        "get",
        "events",
        "-n",
        ROOT,
        "--field-selector",
        &format!("involvedObject.name={INJECTOR}"),
    ]);
    assert!(events.contains("ConfigurationNotUsed"), "no Event on the ConfigMap: {events}");
    uninstall();
}

#[test]
fn our_own_certificates_are_renewed_and_made_anew_where_the_secret_is_emptied() {
    nothing_installed().run(renew);
}

fn renew() {
    let lifetimes = json!({
        "replicaCount": 2,
        "certificates": {"source": "selfManaged", "lifetime": "30s", "caLifetime": "120s"},
    });
    upgrade(Install::Default, &lifetimes);
    let stream = Stream::start();
    // Every 20 s a new one.
    all_say("pillion_certificate_reloads_total ", |reloads| reloads >= 2.0);
    let before = metrics("pillion_certificate_reloads_total ");
    let secret = "pillion-certs";
    kubectl(&[
        "patch",
        "secret",
        secret,
        "-n",
        ROOT,
        "--type=json",
        "-p",
        r#"[{"op":"remove","path":"/data"}]"#,
    ]);
    let most = before.iter().flatten().fold(0.0_f64, |most, value| most.max(*value));
    all_say("pillion_certificate_reloads_total ", |reloads| reloads > most);
    std::thread::sleep(Duration::from_secs(1));
    let figures = stream.end();
    println!(
        "renewal: at least {} certificates of our own, one after an emptied Secret; {figures}",
        most + 1.0
    );
    assert!(figures.refused.is_empty(), "{:#?}", figures.refused);
    assert_eq!(figures.uninjected, 0);
    uninstall();
}
