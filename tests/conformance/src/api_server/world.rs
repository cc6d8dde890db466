//! [`World`]: what pods refer to, made before they are created: namespaces, service accounts, priority classes,
//! runtime classes. Made once each, read off the pods themselves. Never judges: where a name is none, the pods that
//! use it are refused, whoever made them.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use anyhow::{Result, bail};
use pillion_control_plane::Client;
use serde_json::{Value, json};

use super::post::{Question, encoded};

/// What is there already.
#[derive(Debug, Default)]
pub(super) struct World {
    made: Mutex<BTreeSet<Thing>>,
}

/// One object that pods refer to, by what it takes to make it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Thing {
    Namespace(String),
    ServiceAccount { namespace: String, name: String },
    PriorityClass(String),
    RuntimeClass(String),
}

impl World {
    /// Makes what the pods of `questions` refer to and is not there yet.
    pub(super) fn prepare<'q>(
        &self,
        client: &Client,
        questions: impl Iterator<Item = &'q Question>,
    ) -> Result<()> {
        let wanted: BTreeSet<Thing> = questions.flat_map(things).collect();
        // Held while things are made: who comes second must find them.
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        for thing in wanted {
            if made.contains(&thing) {
                continue;
            }
            let (path, object) = thing.object();
            let answer = client.post(&path, &object)?;
            // 409: the API server brings it along. 404, 422: there can be no such thing.
            if !answer.is_success() && !matches!(answer.status, 404 | 409 | 422) {
                bail!("the API server does not make {thing:?}: {}", answer.body);
            }
            made.insert(thing);
        }
        Ok(())
    }
}

/// In the order in which they must be made: a service account needs its namespace.
fn things(question: &Question) -> Vec<Thing> {
    let namespace = question.namespace.clone();
    let spec = &question.pod["spec"];
    let name = |field: &str| spec[field].as_str().filter(|name| !name.is_empty()).map(str::to_owned);
    let account =
        name("serviceAccountName").or_else(|| name("serviceAccount")).unwrap_or_else(|| "default".to_owned());
    let mut all =
        vec![Thing::Namespace(namespace.clone()), Thing::ServiceAccount { namespace, name: account }];
    all.extend(name("priorityClassName").map(Thing::PriorityClass));
    all.extend(name("runtimeClassName").map(Thing::RuntimeClass));
    all
}

impl Thing {
    /// Where it is posted, and what.
    fn object(&self) -> (String, Value) {
        let named = |name: &str| json!({"metadata": {"name": name}});
        match self {
            Self::Namespace(name) => ("/api/v1/namespaces".to_owned(), named(name)),
            Self::ServiceAccount { namespace, name } => {
                (format!("/api/v1/namespaces/{}/serviceaccounts", encoded(namespace)), named(name))
            }
            Self::PriorityClass(name) => {
                let object = json!({"metadata": {"name": name}, "value": 1000});
                ("/apis/scheduling.k8s.io/v1/priorityclasses".to_owned(), object)
            }
            Self::RuntimeClass(name) => {
                let object = json!({"metadata": {"name": name}, "handler": "runc"});
                ("/apis/node.k8s.io/v1/runtimeclasses".to_owned(), object)
            }
        }
    }
}
