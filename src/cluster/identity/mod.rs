//! Certificates of our own: an authority and a serving certificate in a Secret that all replicas share. The one that
//! holds the Lease makes and renews them at two thirds of their life; every replica takes what the Secret holds into
//! use, once webhooks trust it. Never: keys anywhere but in the Secret and in memory.

mod held;

pub use held::{Held, Lifetimes, Subject};

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{ObjectMeta, PostParams};
use kube::runtime::watcher;
use kube::{Api, Client, ResourceExt};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::client::answered;
use super::follow::{Told, follow as follow_watch};
use super::lease::{self, Holder};
use crate::clock::now;
use crate::tls::Keeper;

/// How long the pause after a failed write is, and how often it is looked whether something is due.
const RETRY: Duration = Duration::from_secs(2);
const LOOK: i64 = 60;

/// What is kept where, and for whom.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Our own namespace.
    pub namespace: String,
    /// The Secret's name, and the Lease's.
    pub name: String,
    /// The Deployment that both go with when it is deleted.
    pub owner: Option<String>,
    /// Who we are among the replicas.
    pub replica: String,
    /// Hosts and addresses of the serving certificate.
    pub subject: Subject,
    /// How long certificates live.
    pub lifetimes: Lifetimes,
}

/// The Secret as the API server last told of it; `None` before it has.
type Told_ = Option<Option<Secret>>;

/// Keeps certificates in the Secret and takes them into use, for ever.
pub async fn follow(client: Client, plan: Plan, mut keeper: Keeper) {
    let (tell, mut secret) = watch::channel::<Told_>(None);
    let (lead, mut leader) = watch::channel(false);
    let mut tasks = JoinSet::new();
    tasks.spawn(watch_secret(client.clone(), plan.clone(), tell));
    tasks.spawn(lease::follow(client.clone(), plan.holder(), Arc::new(lead)));
    loop {
        let current = secret.borrow_and_update().clone();
        let mut again = Duration::from_secs(LOOK.unsigned_abs());
        if let Some(current) = current {
            let held = match &current {
                Some(secret) => Held::read(&plan.place(), secret).map_err(|error| error.to_string()),
                None => Err(format!("{} is not there yet", plan.place())),
            };
            let need = match &held {
                Ok(held) => held.need(&plan.subject, now()),
                Err(_) => held::Need::Everything,
            };
            if *leader.borrow_and_update() && need != held::Need::Nothing {
                again = renew(&client, &plan, current.as_ref(), held.as_ref().ok(), need).await;
            }
            if let Ok(held) = &held {
                let due = held.next_look(now()).clamp(1, LOOK);
                again = again.min(Duration::from_secs(due.unsigned_abs()));
            }
            keeper.offer(&plan.place(), held.map(|held| (held.identity, held.trust))).await;
        }
        tokio::select! {
            changed = secret.changed() => if changed.is_err() { return },
            changed = leader.changed() => if changed.is_err() { return },
            () = sleep(again) => {}
        }
    }
}

impl Plan {
    fn place(&self) -> String {
        format!("Secret {}/{}", self.namespace, self.name)
    }

    /// The Lease under which one replica renews.
    fn holder(&self) -> Holder {
        let Self { namespace, name, owner, replica, .. } = self.clone();
        Holder { namespace, name, owner, replica }
    }
}

/// Writes what is needed. Another writer in between is a conflict: then what it wrote is looked at.
async fn renew(
    client: &Client,
    plan: &Plan,
    present: Option<&Secret>,
    held: Option<&Held>,
    need: held::Need,
) -> Duration {
    let fresh = match held::renewed(held, need, &plan.subject, plan.lifetimes, now()) {
        Ok(fresh) => fresh,
        Err(error) => {
            tracing::error!(%error, "cannot make certificates");
            return RETRY;
        }
    };
    let api: Api<Secret> = Api::namespaced(client.clone(), &plan.namespace);
    let owner = match lease::owner(client, &plan.namespace, plan.owner.as_deref()).await {
        Ok(owner) => owner,
        Err(error) => {
            tracing::warn!(secret = plan.name, %error, "certificates not made: tried again");
            return RETRY;
        }
    };
    let mut secret = present.cloned().unwrap_or_else(|| Secret {
        metadata: ObjectMeta { name: Some(plan.name.clone()), ..ObjectMeta::default() },
        type_: Some("Opaque".to_owned()),
        ..Secret::default()
    });
    secret.managed_fields_mut().clear();
    if let Some(owner) = owner {
        *secret.owner_references_mut() = vec![owner];
    }
    let data = fresh.into_iter().map(|(key, text)| (key.to_owned(), ByteString(text.into_bytes())));
    secret.data.get_or_insert_default().extend(data);
    let written = match present {
        Some(_) => answered(api.replace(&plan.name, &PostParams::default(), &secret)).await,
        None => answered(api.create(&PostParams::default(), &secret)).await,
    };
    match written {
        Ok(_) => {
            tracing::info!(secret = plan.name, ?need, "certificates made");
            Duration::from_secs(LOOK.unsigned_abs())
        }
        Err(error) => {
            tracing::warn!(secret = plan.name, %error, "certificates not kept: tried again");
            RETRY
        }
    }
}

async fn watch_secret(client: Client, plan: Plan, tell: watch::Sender<Told_>) {
    let api: Api<Secret> = Api::namespaced(client, &plan.namespace);
    let only = watcher::Config::default().fields(&format!("metadata.name={}", plan.name));
    follow_watch(
        &plan.place(),
        watcher(api, only),
        |secret| secret,
        |told| {
            if let Told::Objects(table) = told {
                tell.send_replace(Some(table.values().next().cloned()));
            }
        },
    )
    .await;
}
