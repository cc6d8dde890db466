//! A Lease by which one replica at a time does something that one is enough for, and what such objects of ours go with.
//! Never: anything that must not happen twice (of a Secret its version sees to that), or what is done under it.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::api::{Patch, PatchParams};
use kube::{Api, Client, ResourceExt};
use kube_lease_manager::LeaseManagerBuilder;
use serde_json::json;
use tokio::sync::watch;
use tokio::time::sleep;

use super::client::answered;

/// How long a replica that went away without a word still holds it, and how long before the end it is renewed: seconds.
const DURATION: u64 = 15;
const GRACE: u64 = 5;
const RETRY: Duration = Duration::from_secs(5);

/// Which Lease, and who wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Our own namespace.
    pub namespace: String,
    /// The Lease's name.
    pub name: String,
    /// The Deployment that it goes with when it is deleted.
    pub owner: Option<String>,
    /// Who we are among the replicas.
    pub replica: String,
}

/// Tells whether we hold it, for ever. While the API server is away, who held it last goes on as if.
pub(super) async fn follow(client: Client, holder: Holder, tell: Arc<watch::Sender<bool>>) {
    let mut told = String::new();
    loop {
        let builder = LeaseManagerBuilder::new(client.clone(), holder.name.as_str())
            .with_namespace(holder.namespace.as_str())
            .with_identity(holder.replica.as_str())
            .with_field_manager("pillion")
            .with_duration(DURATION)
            .with_grace(GRACE);
        match builder.build().await {
            Ok(manager) => {
                told.clear();
                owned(&client, &holder).await;
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
                    tracing::warn!(lease = holder.name, error = %message, "cannot use the Lease: tried again");
                    told = message;
                }
            }
        }
        sleep(RETRY).await;
    }
}

/// The Lease goes with the Deployment.
async fn owned(client: &Client, holder: &Holder) {
    let owner = match owner(client, &holder.namespace, holder.owner.as_deref()).await {
        Ok(Some(owner)) => owner,
        Ok(None) => return,
        Err(error) => {
            tracing::warn!(lease = holder.name, %error, "the Lease will stay when the Deployment goes");
            return;
        }
    };
    let api: Api<Lease> = Api::namespaced(client.clone(), &holder.namespace);
    let patch = json!({ "metadata": { "ownerReferences": [owner] } });
    if let Err(error) = answered(api.patch(&holder.name, &PatchParams::default(), &Patch::Merge(patch))).await
    {
        tracing::warn!(lease = holder.name, %error, "the Lease will stay when the Deployment goes");
    }
}

/// What an object of ours goes with: the Deployment, if one is named. While that is not there, nothing is made that would
/// stay behind: it is being deleted, and so are we.
pub(super) async fn owner(
    client: &Client,
    namespace: &str,
    deployment: Option<&str>,
) -> Result<Option<OwnerReference>, String> {
    let Some(name) = deployment else { return Ok(None) };
    let api: Api<Deployment> = Api::namespaced(client.clone(), namespace);
    let deployment = answered(api.get_metadata(name)).await.map_err(|error| error.reason)?;
    if deployment.metadata.deletion_timestamp.is_some() {
        return Err(format!("the Deployment {name} is being deleted"));
    }
    Ok(Some(OwnerReference {
        api_version: "apps/v1".to_owned(),
        kind: "Deployment".to_owned(),
        name: name.to_owned(),
        uid: deployment.uid().unwrap_or_default(),
        ..OwnerReference::default()
    }))
}
