//! The take-over from a live istiod: its own webhook configurations call us, and nothing else of them changes. First it
//! is made sure that istiod will not write its CA over ours, and that pods come out the same. Never: renaming or
//! deleting istiod's configurations, by which it knows revisions and tags; its validating webhooks.

mod check;
mod compare;
mod patcher;
mod plan;
mod route;

pub use compare::{Compared, FEWEST};
pub use patcher::{Patcher, VALUE, patcher};
pub use plan::{Change, Route, Undone, taken, undone};

use k8s_openapi::api::admissionregistration::v1::{MutatingWebhook, MutatingWebhookConfiguration};
use k8s_openapi::api::apps::v1::Deployment;
use kube::api::{DynamicObject, ListParams, PostParams};
use kube::core::ApiResource;
use kube::{Api, Client, ResourceExt};
use serde_json::Value;

use super::client::reason;
use super::injectors::{self, Owner, example, overlaps, standing};
use super::registration::Target;
use crate::tls::Trust;
use check::Trial;
use plan::{bundle, entries, is_istios, is_of, repointed};

/// Who owns the fields that a take-over writes.
const MANAGER: &str = "pillion-takeover";
/// How often a write is tried where somebody else wrote in between.
const ATTEMPTS: usize = 5;

/// Why nothing is taken over, or given back.
#[derive(Debug, thiserror::Error)]
pub enum TakeoverError {
    /// There is nothing to take over.
    #[error("istiod has no webhook configuration of the revision {0:?} (label istio.io/rev)")]
    NoConfiguration(String),
    /// There is nothing to give back.
    #[error("no webhook configuration of the revision {0:?} is taken over")]
    NotTaken(String),
    /// Another Pillion has it.
    #[error("{name} is taken over by {by}: name that one by --own-namespace, --service or --webhook-url")]
    TakenByAnother {
        /// The configuration.
        name: String,
        /// Who has it.
        by: String,
    },
    /// What was kept cannot be read.
    #[error("the annotation pillion.dev/original-webhooks of {name} cannot be read: {message}")]
    Damaged {
        /// The configuration.
        name: String,
        /// Why.
        message: String,
    },
    /// We would be called, and do not answer.
    #[error("Pillion cannot be called: {0}")]
    NotServing(String),
    /// Istiod would overwrite the caBundle.
    #[error(
        "{what}, so that istiod would put its own CA over Pillion's and API servers would refuse every pod. Set \
         {VALUE} in the values of istiod's chart and upgrade it, or give Pillion a certificate of the CA that is in \
         the caBundle (certificates.source: istio)"
    )]
    PatcherOn {
        /// What was found.
        what: String,
    },
    /// Two webhooks would take one pod.
    #[error(
        "Pillion's own webhooks take the same pods, which would be asked about twice: set webhook.enabled: false and \
         takeover: [{names}] in the values of Pillion's chart and upgrade it first\n  {overlap}"
    )]
    Overlap {
        /// The configurations that are to be taken over.
        names: String,
        /// Where they meet.
        overlap: Box<injectors::Overlap>,
    },
    /// No namespace could be made in which istiod takes pods.
    #[error("no labels of a namespace make istiod's webhook {0} take a pod that has none")]
    NeverTakes(String),
    /// A webhook did not do its part in the check.
    #[error("the check came to nothing: {what}: {answered}")]
    NoAnswer {
        /// What did not happen.
        what: String,
        /// What the last pod was answered.
        answered: String,
    },
    /// Pods would come out otherwise.
    #[error("pods would not come out as they do from istiod: nothing was taken over")]
    Different(Box<Compared>),
    /// Too few pods could be compared.
    #[error("only {same} of at least {FEWEST} sample pods were injected by both: nothing was taken over{}", first(.refused.as_ref()))]
    TooFew {
        /// How many were.
        same: usize,
        /// Why the first of them was refused.
        refused: Option<String>,
    },
    /// A signal.
    #[error("interrupted: nothing was taken over, and what the check had made is removed")]
    Interrupted,
    /// Signals cannot be listened to.
    #[error("cannot listen to signals: {0}")]
    Signals(#[source] std::io::Error),
    /// The program's own list is faulty.
    #[error("an object for the check is faulty: {0}")]
    Samples(String),
    /// The API server refuses.
    #[error("{what}: {}", reason(.error))]
    Api {
        /// What was tried.
        what: String,
        /// What was answered.
        #[source]
        error: kube::Error,
    },
}

fn first(refused: Option<&String>) -> String {
    refused.map(|refused| format!("; pod {refused}")).unwrap_or_default()
}

fn failed(what: impl Into<String>) -> impl FnOnce(kube::Error) -> TakeoverError {
    let what = what.into();
    move |error| TakeoverError::Api { what, error }
}

/// What shall be taken over, and by whom.
pub struct Takeover {
    /// The cluster.
    pub client: Client,
    /// The revision.
    pub revision: String,
    /// Where istiod runs.
    pub istio_namespace: String,
    /// How we are called.
    pub target: Target,
    /// Our authorities, if they are given; otherwise they are looked up.
    pub trust: Option<Trust>,
    /// The Secret that they are in, if they are in none of our webhook configurations.
    pub secret: String,
}

/// What is written into one configuration.
#[derive(Debug)]
pub struct Written {
    /// The configuration.
    pub name: String,
    /// What changes in it.
    pub changes: Vec<Change>,
    /// Entries that others have changed since the take-over.
    pub changed_since: Vec<String>,
}

/// A take-over that may be done.
pub struct Checked {
    /// How many pods came out the same.
    pub compared: Compared,
    /// Whether istiod's patcher is off; if not, its CA issued our certificate.
    pub patcher: Patcher,
    route: Route,
    configurations: Vec<DynamicObject>,
}

impl Takeover {
    /// Looks whether it may be done, and tries it with sample pods.
    ///
    /// # Errors
    /// It may not be done.
    pub async fn check(&self) -> Result<Checked, TakeoverError> {
        let configurations = self.configurations().await?;
        if configurations.is_empty() {
            return Err(TakeoverError::NoConfiguration(self.revision.clone()));
        }
        self.refuse_overlap(&configurations).await?;
        let patcher = self.patcher().await?;
        let route = self.route(&configurations, &patcher).await?;
        // Refuses what another Pillion has.
        for config in &configurations {
            drop(taken(config, &route)?);
        }
        let (entry, labels) = self.first_entry(&configurations)?;
        let client_config = repointed(entry, &route);
        let trial = Trial { client: &self.client, labels, entry, client_config };
        let compared = match trial.run().await {
            // Istiod's CA alone is trusted then, and that was the question.
            Err(error @ TakeoverError::NoAnswer { .. }) if patcher != Patcher::Off => {
                return Err(TakeoverError::PatcherOn { what: format!("{}; {error}", said(&patcher)) });
            }
            compared => compared?,
        };
        if !compared.differences.is_empty() {
            return Err(TakeoverError::Different(Box::new(compared)));
        }
        if compared.same < FEWEST {
            return Err(TakeoverError::TooFew { same: compared.same, refused: compared.refused });
        }
        Ok(Checked { compared, patcher, route, configurations })
    }

    /// Gives back all configurations of the revision. `write` is false to look only.
    ///
    /// # Errors
    /// None is taken over, or the API server refuses.
    pub async fn undo(&self, write: bool) -> Result<Vec<Written>, TakeoverError> {
        let mut done = Vec::new();
        for config in self.configurations().await? {
            let name = config.name_any();
            let undo = |config: &DynamicObject| undone(config, &self.target);
            let Some(Undone { changes, changed_since, .. }) = undo(&config)? else { continue };
            if write {
                self.write(config, |config| Ok(undo(config)?.map(|undone| undone.config))).await?;
            }
            done.push(Written { name, changes, changed_since });
        }
        if done.is_empty() { Err(TakeoverError::NotTaken(self.revision.clone())) } else { Ok(done) }
    }

    /// Does what was checked. `write` is false to look only.
    ///
    /// # Errors
    /// The API server refuses. What was written until then can be undone.
    pub async fn take(&self, checked: Checked, write: bool) -> Result<Vec<Written>, TakeoverError> {
        let mut done = Vec::new();
        for config in checked.configurations {
            let name = config.name_any();
            let Some((_, changes)) = taken(&config, &checked.route)? else { continue };
            if write {
                let route = &checked.route;
                self.write(config, |config| Ok(taken(config, route)?.map(|(config, _)| config))).await?;
            }
            done.push(Written { name, changes, changed_since: Vec::new() });
        }
        Ok(done)
    }

    /// Writes what `make` makes of a configuration, and makes it anew where somebody else wrote in between.
    async fn write(
        &self,
        mut config: DynamicObject,
        make: impl Fn(&DynamicObject) -> Result<Option<DynamicObject>, TakeoverError>,
    ) -> Result<(), TakeoverError> {
        let api = self.api();
        let name = config.name_any();
        let by = PostParams { field_manager: Some(MANAGER.to_owned()), ..PostParams::default() };
        let what = format!("cannot write the webhook configuration {name}");
        for attempt in 1.. {
            let Some(made) = make(&config)? else { return Ok(()) };
            match api.replace(&name, &by, &made).await {
                Err(kube::Error::Api(status)) if status.code == 409 && attempt < ATTEMPTS => {
                    config = api.get(&name).await.map_err(failed(what.clone()))?;
                }
                replaced => return replaced.map(drop).map_err(failed(what)),
            }
        }
        Ok(())
    }

    /// Istiod's configurations of the revision, tags included.
    async fn configurations(&self) -> Result<Vec<DynamicObject>, TakeoverError> {
        let all = self.api().list(&ListParams::default()).await;
        let all = all.map_err(failed("cannot list webhook configurations"))?;
        Ok(all.items.into_iter().filter(|config| is_of(config, &self.revision)).collect())
    }

    async fn patcher(&self) -> Result<Patcher, TakeoverError> {
        let api: Api<Deployment> = Api::namespaced(self.client.clone(), &self.istio_namespace);
        let of_it = ListParams::default().labels(&format!("app=istiod,istio.io/rev={}", self.revision));
        let what = format!("cannot look at istiod's Deployment in {}", self.istio_namespace);
        Ok(patcher(&api.list(&of_it).await.map_err(failed(what))?.items))
    }

    /// Webhooks of ours that take the same pods.
    async fn refuse_overlap(&self, configurations: &[DynamicObject]) -> Result<(), TakeoverError> {
        let names: Vec<String> = configurations.iter().map(ResourceExt::name_any).collect();
        let all = injectors::all(&self.client).await;
        let all = all.map_err(failed("cannot list webhook configurations"))?;
        let ours = |name: &String| {
            all.iter().any(|config| {
                config.name_any() == *name && standing(config).is_some_and(|it| it.owner == Owner::Pillion)
            })
        };
        let meets = |overlap: &injectors::Overlap| {
            let [first, second] = &overlap.configurations;
            names.contains(first) && ours(second) || names.contains(second) && ours(first)
        };
        match overlaps(&all).into_iter().find(meets) {
            Some(overlap) => {
                Err(TakeoverError::Overlap { names: names.join(", "), overlap: Box::new(overlap) })
            }
            None => Ok(()),
        }
    }

    /// An entry of istiod's that takes pods without any label, and the labels of their namespace.
    fn first_entry<'c>(
        &self,
        configurations: &'c [DynamicObject],
    ) -> Result<(&'c Value, injectors::Labels), TakeoverError> {
        // What is no tag first.
        let mut sorted: Vec<&DynamicObject> = configurations.iter().collect();
        sorted.sort_by_key(|config| config.labels().contains_key("istio.io/tag"));
        for entry in sorted.iter().flat_map(|config| entries(config)).filter(|entry| is_istios(entry)) {
            let Ok(typed) = serde_json::from_value::<MutatingWebhook>(entry.clone()) else { continue };
            if let Some(found) = example(&[&typed]).filter(|found| found.pod.is_empty()) {
                return Ok((entry, found.namespace));
            }
        }
        Err(TakeoverError::NeverTakes(sorted.first().map(|it| it.name_any()).unwrap_or_default()))
    }

    fn api(&self) -> Api<DynamicObject> {
        let resource = ApiResource::erase::<MutatingWebhookConfiguration>(&());
        Api::all_with(self.client.clone(), &resource)
    }

    /// How API servers reach us, and what they must trust for it.
    async fn route(
        &self,
        configurations: &[DynamicObject],
        patcher: &Patcher,
    ) -> Result<Route, TakeoverError> {
        let port = route::port(&self.client, &self.target).await?;
        let trust = match &self.trust {
            Some(trust) => Some(trust.clone()),
            None => route::trust(&self.client, &self.target, &self.secret).await?,
        };
        let present: Vec<Trust> =
            configurations.iter().flat_map(entries).filter(|entry| is_istios(entry)).map(bundle).collect();
        let trust = match (patcher, trust) {
            (Patcher::Off, Some(trust)) => trust,
            (Patcher::Off, None) => return Err(route::no_authority(&self.target, &self.secret)),
            (_, Some(trust)) if !present.iter().all(|present| present.covers(&trust)) => {
                return Err(TakeoverError::PatcherOn { what: said(patcher) });
            }
            // It must do with what is there: the trial shows whether it does.
            _ => Trust::default(),
        };
        Ok(Route { target: self.target.clone(), port, trust })
    }
}

fn said(patcher: &Patcher) -> String {
    match patcher {
        Patcher::Off => "istiod's caBundle patcher is off".to_owned(),
        Patcher::On(name) => format!("the caBundle patcher of the Deployment {name} is on"),
        Patcher::Rolling(name) => {
            format!("the Deployment {name} is still rolling out, and its older pods patch caBundles")
        }
        Patcher::Unseen => {
            "there is no istiod of this revision to look at (--istioNamespace), and its caBundle patcher may be on"
                .to_owned()
        }
    }
}
