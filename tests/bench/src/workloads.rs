//! The workloads that are measured: which pods, in which order. A table; a row makes a [`Stream`]. Never: sending them.

use anyhow::{Context, Result};
use pillion_govalue::Value;

use crate::captured::{Called, Captured, Kind, Owner};
use crate::review::{Body, Pod, mix, word};
use crate::shape::{VARIABLES, cluster, containers, environment, name_apart, own_words, sort, vary};

/// A workload.
#[derive(Debug)]
pub(crate) struct Workload {
    /// Its name in the table.
    pub(crate) name: &'static str,
    /// What it stands for.
    pub(crate) about: &'static str,
    /// Whether its pods are injected.
    pub(crate) injected: bool,
    /// Makes the bodies.
    pub(crate) make: fn() -> Result<Stream>,
}

/// All workloads.
pub(crate) const WORKLOADS: &[Workload] = &[
    Workload {
        name: "rollout",
        about: "50 Deployments, many replicas of each, in any order",
        injected: true,
        make: rollout,
    },
    Workload {
        name: "distinct",
        about: "every pod of another workload: names, image, environment, labels",
        injected: true,
        make: distinct,
    },
    Workload {
        name: "large-env",
        about: "replicas of a pod with 1,500 environment variables",
        injected: true,
        make: || large(many_variables, false),
    },
    Workload {
        name: "large-env-distinct",
        about: "the same, every pod with other values, names, image, labels",
        injected: true,
        make: || large(many_variables, true),
    },
    Workload {
        name: "large-containers",
        about: "replicas of a pod with 30 containers",
        injected: true,
        make: || large(containers, false),
    },
    Workload {
        name: "large-containers-distinct",
        about: "the same, every pod with other names, images, environment, labels",
        injected: true,
        make: || large(containers, true),
    },
    Workload {
        name: "skip",
        about: "the pods of rollout, with the label that says no",
        injected: false,
        make: skip,
    },
    Workload {
        name: "restart",
        about: "a cluster: 10,000 pods of 500 Deployments, StatefulSets, DaemonSets, indexed Jobs",
        injected: true,
        make: restart,
    },
];

/// Bodies without end: those of a list of pods, again and again, each time made anew by the API server.
#[derive(Debug)]
pub(crate) struct Stream {
    bodies: Vec<Body>,
    /// Each pod's body and its place in its workload.
    pods: Vec<(usize, u32)>,
}

impl Stream {
    /// The body of the request of this number.
    pub(crate) fn body(&self, number: u64) -> Vec<u8> {
        let at = usize::try_from(number % self.pods.len() as u64).unwrap_or_default();
        let (body, ordinal) = self.pods[at];
        self.bodies[body].fill(Pod { number, ordinal })
    }

    /// Pods of workloads with so many replicas each, mixed.
    fn mixed(workloads: Vec<(Body, u32)>) -> Result<Self> {
        let mut pods: Vec<(usize, u32)> = workloads
            .iter()
            .enumerate()
            .flat_map(|(body, (_, replicas))| (0..*replicas).map(move |ordinal| (body, ordinal)))
            .collect();
        anyhow::ensure!(!pods.is_empty(), "no pods");
        // Controllers work side by side: neighbours are of different workloads, in the same order every time.
        pods.sort_by_key(|(body, ordinal)| mix(*body as u64, 100 + u64::from(*ordinal)));
        Ok(Self { bodies: workloads.into_iter().map(|(body, _)| body).collect(), pods })
    }
}

/// Deployments of the rollout, and replicas of each.
const DEPLOYMENTS: u64 = 50;
const REPLICAS: u32 = 200;

fn rollout() -> Result<Stream> {
    deployments(DEPLOYMENTS, REPLICAS)
}

/// Replicas of so many Deployments.
pub(crate) fn deployments(count: u64, replicas: u32) -> Result<Stream> {
    let made = (0..count).map(|number| {
        let mut review = Captured::of(Kind::Deployment)?;
        vary(&mut review, number)?;
        Ok((review.body(&named(number))?, replicas))
    });
    Stream::mixed(made.collect::<Result<_>>()?)
}

/// Pods with so many environment variables more than the captured one: replicas, or no two the same.
pub(crate) fn sized(variables: usize, distinct: bool) -> Result<Stream> {
    let mut review = Captured::of(Kind::Deployment)?;
    environment(&mut review, variables, distinct)?;
    of_one(review, distinct)
}

fn skip() -> Result<Stream> {
    let made = (0..DEPLOYMENTS).map(|number| {
        let mut review = Captured::of(Kind::Deployment)?;
        vary(&mut review, number)?;
        let labels = review.pod()?.get_mut("metadata").and_then(|meta| meta.child_map("labels"));
        let labels = labels.context("no labels")?;
        labels.insert("sidecar.istio.io/inject", Value::Str("false".into()));
        sort(labels);
        Ok((review.body(&named(number))?, REPLICAS))
    });
    Stream::mixed(made.collect::<Result<_>>()?)
}

fn distinct() -> Result<Stream> {
    let mut review = Captured::of(Kind::Deployment)?;
    own_words(&mut review)?;
    Stream::mixed(vec![(name_apart(&review)?, 1)])
}

fn large(grow: fn(&mut Captured, bool) -> Result<()>, distinct: bool) -> Result<Stream> {
    let mut review = Captured::of(Kind::Deployment)?;
    grow(&mut review, distinct)?;
    of_one(review, distinct)
}

/// Replicas of one pod, or pods that differ in all that a team writes.
fn of_one(mut review: Captured, distinct: bool) -> Result<Stream> {
    if distinct {
        own_words(&mut review)?;
        return Stream::mixed(vec![(name_apart(&review)?, 1)]);
    }
    Stream::mixed(vec![(review.body(&named(1))?, REPLICAS)])
}

fn many_variables(review: &mut Captured, distinct: bool) -> Result<()> {
    environment(review, VARIABLES, distinct)
}

fn restart() -> Result<Stream> {
    let made = cluster().map(|(kind, number, replicas)| {
        let mut review = Captured::of(kind)?;
        vary(&mut review, number)?;
        Ok((review.body(&named(number))?, replicas))
    });
    Stream::mixed(made.collect::<Result<_>>()?)
}

/// What the workload of this number is called.
fn named(number: u64) -> Called {
    const TEAMS: [&str; 8] =
        ["checkout", "search", "billing", "accounts", "media", "delivery", "reports", "identity"];
    let team = TEAMS[usize::try_from(number % 8).unwrap_or_default()];
    Called {
        namespace: format!("{team}-production"),
        name: format!("{team}-service-{number}"),
        owner: Owner::Number(number),
    }
}

/// A name for each pod.
pub(crate) fn named_apart() -> Called {
    Called {
        namespace: "checkout-production".into(),
        name: format!("service-{}", word(0)),
        owner: Owner::Mark(word(1)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_body_is_a_review_with_a_uid_of_its_own() {
        for workload in WORKLOADS {
            let stream = (workload.make)().unwrap();
            let mut uids = HashSet::new();
            for number in 0..200 {
                let body = stream.body(number);
                let review: serde_json::Value = serde_json::from_slice(&body).unwrap();
                let uid = review["request"]["uid"].as_str().unwrap().to_owned();
                assert!(uids.insert(uid), "{}", workload.name);
                assert_eq!(body, stream.body(number));
                let text = String::from_utf8(body).unwrap();
                for left in ["shop-", "test-", "kind-control"] {
                    assert!(!text.contains(left), "{}: {left} is left in {text}", workload.name);
                }
            }
        }
    }

    #[test]
    fn a_restart_is_ten_thousand_pods_of_five_hundred_workloads() {
        let stream = restart().unwrap();
        assert_eq!((stream.bodies.len(), stream.pods.len()), (500, 10_000));
    }

    #[test]
    fn distinct_pods_share_no_name_and_no_image() {
        let stream = distinct().unwrap();
        let pod = |number| {
            let review: serde_json::Value = serde_json::from_slice(&stream.body(number)).unwrap();
            review["request"]["object"].clone()
        };
        let (one, other) = (pod(1), pod(2));
        for path in [
            "/metadata/generateName",
            "/metadata/labels/app",
            "/metadata/ownerReferences/0/uid",
            "/spec/containers/0/name",
            "/spec/containers/0/image",
            "/spec/containers/0/env/0/value",
        ] {
            assert!(one.pointer(path).is_some() && one.pointer(path) != other.pointer(path), "{path}");
        }
    }
}
