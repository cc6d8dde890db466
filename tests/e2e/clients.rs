//! `webhook.clientCA`: an API server that presents the certificate is answered, and one whose certificate is of another
//! authority, or of another name, is not. Never: the check of certificates itself (`tests/it/clients.rs`).

use serde_json::json;

use crate::harness::install::{
    Install, ROOT, nothing_installed, release, serves, settle, uninstall, upgrade,
};
use crate::harness::pods::{dry_run, is_injected, plain};
use crate::harness::{apply, clients, namespace, rolled_out, row, soon};

/// The ConfigMap with the authorities of clients.
fn config_map(authority: &str) {
    apply(
        &json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "webhook-clients", "namespace": ROOT},
            "data": {"ca.crt": authority},
        })
        .to_string(),
    );
}

#[test]
fn an_api_server_must_present_its_certificate() {
    nothing_installed().run(|| {
        crate::harness::install::root_namespace();
        config_map(clients::signed_by());
        let asking = |name: &str| {
            json!({"replicaCount": 1, "webhook": {"clientCA": {"configMap": "webhook-clients", "names": [name]}}})
        };
        upgrade(Install::Default, &asking(clients::NAME));
        let target = namespace(&[("istio-injection", "enabled")]);
        let tried = |name: &str| dry_run(&target, &plain(name));
        assert!(is_injected(&tried("right").unwrap()), "the API server presents its certificate");

        // Another authority, followed while the program runs. An API server goes on with connections that it has open.
        config_map(&clients::authority().0);
        let mut values = Install::Default.values();
        crate::harness::install::merge(&mut values, &asking(clients::NAME));
        values["podAnnotations"] = json!({"example.com/authority": "another"});
        release(&values);
        rolled_out(ROOT, "pillion");
        settle();
        soon("an API server of another authority is turned away", || {
            tried("other-authority").is_err_and(|why| why.contains("failed calling webhook"))
        });

        config_map(clients::signed_by());
        values["webhook"]["clientCA"]["names"] = json!(["somebody-else"]);
        release(&values);
        rolled_out(ROOT, "pillion");
        soon("an API server of another name is turned away", || {
            tried("other-name").is_err_and(|why| why.contains("failed calling webhook"))
        });

        upgrade(Install::Default, &asking(clients::NAME));
        serves(Install::Default);
        soon("the right one is answered again", || tried("again").is_ok_and(|pod| is_injected(&pod)));
        uninstall();
    });
    row("an API server must present the certificate that webhook.clientCA asks for");
}
