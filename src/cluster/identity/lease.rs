//! The Lease by which one replica at a time renews certificates. Never: anything that must not happen twice; the
//! Secret's version sees to that.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;
use kube::api::{Patch, PatchParams};
use kube::{Api, Client};
use kube_lease_manager::LeaseManagerBuilder;
use serde_json::json;
use tokio::sync::watch;
use tokio::time::sleep;

use super::{Plan, owner};
use crate::cluster::client::answered;

/// How long a replica that went away without a word still holds it, and how long before the end it is renewed: seconds.
const DURATION: u64 = 15;
const GRACE: u64 = 5;
const RETRY: Duration = Duration::from_secs(5);

/// Tells whether we hold it, for ever.
pub(super) async fn follow(client: Client, plan: Plan, tell: Arc<watch::Sender<bool>>) {
    let mut told = String::new();
    loop {
        let builder = LeaseManagerBuilder::new(client.clone(), plan.name.as_str())
            .with_namespace(plan.namespace.as_str())
            .with_identity(plan.replica.as_str())
            .with_field_manager("pillion")
            .with_duration(DURATION)
            .with_grace(GRACE);
        match builder.build().await {
            Ok(manager) => {
                told.clear();
                owned(&client, &plan).await;
                let (mut held, task) = manager.watch().await;
                loop {
                    let now = *held.borrow_and_update();
                    tell.send_if_modified(|old| std::mem::replace(old, now) != now);
                    if held.changed().await.is_err() {
                        break;
                    }
                }
                task.abort();
                tell.send_replace(false);
            }
            Err(error) => {
                let message = error.to_string();
                if message != told {
                    tracing::warn!(lease = plan.name, error = %message, "cannot use the Lease: tried again");
                    told = message;
                }
            }
        }
        sleep(RETRY).await;
    }
}

/// The Lease goes with the Deployment.
async fn owned(client: &Client, plan: &Plan) {
    let owner = match owner(client, plan).await {
        Ok(Some(owner)) => owner,
        Ok(None) => return,
        Err(error) => {
            tracing::warn!(lease = plan.name, %error, "the Lease will stay when the Deployment goes");
            return;
        }
    };
    let api: Api<Lease> = Api::namespaced(client.clone(), &plan.namespace);
    let patch = json!({ "metadata": { "ownerReferences": [owner] } });
    if let Err(error) = answered(api.patch(&plan.name, &PatchParams::default(), &Patch::Merge(patch))).await {
        tracing::warn!(lease = plan.name, %error, "the Lease will stay when the Deployment goes");
    }
}
