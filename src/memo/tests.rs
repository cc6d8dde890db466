//! The memory against the injection itself: what is remembered is what would be worked out again.

use std::sync::Arc;

use pillion_core::config::Settings;

use super::*;
use crate::engine::{Engine, Preview};
use crate::source::{Origin, build};
use crate::telemetry::Metrics;

fn engine(capacity: Capacity) -> Arc<Engine> {
    let engine = Engine::with_memo(Arc::new(Metrics::new("default")), capacity);
    engine.replace(build(&Origin::Embedded.read().unwrap(), Settings::default()).unwrap().snapshot);
    engine
}

/// A review as an API server sends it for a pod of a controller: what no two pods have alike is filled in.
fn review(uid: &str, token: &str, name: &str, more: &str) -> String {
    format!(
        r#"{{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{{"uid":"{uid}","resource":{{"group":"","version":"v1","resource":"pods"}},"name":"{name}","namespace":"shop","operation":"CREATE","object":{{"kind":"Pod","apiVersion":"v1","metadata":{{"name":"{name}","generateName":"web-","labels":{{"app":"web","statefulset.kubernetes.io/pod-name":"{name}"}},"ownerReferences":[{{"apiVersion":"apps/v1","kind":"StatefulSet","name":"web","uid":"1","controller":true}}],"managedFields":[{{"manager":"m","time":"2026-11-{day}T10:20:30Z"}}]{more}}},"spec":{{"volumes":[{{"name":"kube-api-access-{token}","emptyDir":{{}}}}],"containers":[{{"name":"app","image":"app:1","volumeMounts":[{{"name":"kube-api-access-{token}","mountPath":"/t"}}]}}]}}}}}}}}"#,
        day = 10 + uid.len() % 10,
    )
}

/// The same pod in another request.
fn pod(number: u32) -> String {
    review(&format!("uid-{number}"), "abcde", "web-0", "")
}

/// An engine that has answered [`pod`] often enough to know it.
fn taught() -> Arc<Engine> {
    let engine = engine(Capacity::default());
    for number in 0..3 {
        answer(&engine, &pod(number));
    }
    engine
}

fn known(engine: &Engine, body: &str) -> bool {
    engine.recall("/inject", body.as_bytes(), Preview::No).is_some()
}

fn answer(engine: &Engine, body: &str) -> String {
    let (reply, _) = engine.admit("/inject", body.as_bytes(), Preview::No);
    String::from_utf8(reply.body).unwrap()
}

#[test]
fn pods_of_a_workload_are_answered_from_memory_from_the_third_on() {
    let (engine, fresh) = (engine(Capacity::default()), engine(Capacity::Off));
    let pods: Vec<String> =
        (0..9).map(|n| review(&format!("uid-{n}"), &format!("abcd{n}"), &format!("web-{n}"), "")).collect();
    for (at, pod) in pods.iter().enumerate() {
        assert_eq!(known(&engine, pod), at >= 2, "pod {at}");
        assert_eq!(answer(&engine, pod), answer(&fresh, pod), "pod {at}");
        assert!(!known(&fresh, pod));
    }
}

#[test]
fn what_the_answer_depends_on_is_compared() {
    let engine = engine(Capacity::default());
    // The annotation's index goes into the sidecar's environment, or does not; either way the answer is its own.
    let indexed = |n: u32| {
        format!(
            r#","annotations":{{"batch.kubernetes.io/job-completion-index":"{n}","sidecar.istio.io/proxyCPU":"10{n}m"}}"#
        )
    };
    let fresh = self::engine(Capacity::Off);
    for round in 0..4 {
        for n in 0..3 {
            let pod = review(&format!("u-{round}-{n}"), "abcde", "web-0", &indexed(n));
            assert_eq!(answer(&engine, &pod), answer(&fresh, &pod), "{round} {n}");
        }
    }
}

#[test]
fn a_wrong_time_is_refused_also_after_right_ones() {
    let engine = taught();
    assert!(known(&engine, &pod(3)));
    let wrong = pod(4).replace("T10:20:30Z", "T10:20:99Z");
    assert!(!known(&engine, &wrong) && answer(&engine, &wrong).contains("\"allowed\":false"));
}

#[test]
fn a_new_configuration_begins_with_an_empty_memory() {
    let engine = taught();
    assert!(known(&engine, &pod(3)));
    engine.replace(build(&Origin::Embedded.read().unwrap(), Settings::default()).unwrap().snapshot);
    assert!(!known(&engine, &pod(4)));
}

#[test]
fn a_memory_of_one_keeps_the_last() {
    let engine = engine(Capacity::One);
    let pod = |n: u32, image: &str| review(&format!("uid-{n}"), "abcde", "web-0", "").replace("app:1", image);
    for n in 0..3 {
        answer(&engine, &pod(n, "app:1"));
    }
    assert!(known(&engine, &pod(3, "app:1")));
    for n in 4..8 {
        answer(&engine, &pod(n, "app:2"));
    }
    assert!(known(&engine, &pod(8, "app:2")) && !known(&engine, &pod(9, "app:1")));
}

#[test]
fn memory_is_bounded() {
    const BYTES: usize = 256 * 1024;
    let engine = engine(Capacity::Bytes(BYTES));
    let generation = engine.generation().unwrap();
    for n in 0..200 {
        for round in 0..3 {
            let pod =
                review(&format!("u-{n}-{round}"), "abcde", "web-0", "").replace("app:1", &format!("app:{n}"));
            answer(&engine, &pod);
        }
    }
    let taken = usize::try_from(generation.remembered_bytes()).unwrap();
    assert!(taken > BYTES / 2 && taken <= BYTES, "{taken}");
}

#[test]
fn a_person_who_asks_for_the_pod_gets_the_pod() {
    let engine = taught();
    assert!(engine.recall("/inject", pod(3).as_bytes(), Preview::Pod).is_none());
}

#[test]
fn the_log_names_the_pod_that_was_asked_about() {
    let engine = engine(Capacity::default());
    for n in 0..4 {
        let pod = review(&format!("uid-{n}"), "abcde", &format!("web-{n}"), "");
        let (_, subject) = engine.admit("/inject", pod.as_bytes(), Preview::No);
        assert_eq!((&*subject.uid, &*subject.pod), (&*format!("uid-{n}"), &*format!("web-{n}")));
        assert_eq!(&*subject.workload, "shop/StatefulSet/web");
    }
}
