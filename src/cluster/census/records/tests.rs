//! Pods that come, change and go; lists that are read anew; and what all that costs.

use super::*;

fn pod(name: &str, print: u64) -> Sighting {
    Sighting {
        namespace: "shop".into(),
        name: name.into(),
        print,
        labels: [("app".into(), "web".into())].into(),
        injected: Injected::No,
    }
}

fn owner() -> Arc<Owner> {
    let [api_version, kind, namespace, name, uid] =
        ["apps/v1", "ReplicaSet", "shop", "web-1", "u"].map(str::to_owned);
    Arc::new(Owner { api_version, kind, namespace, name, uid })
}

fn missing() -> Standing {
    let gap = Gap::SelectedLater;
    let missing = Some((gap, owner()));
    Standing::Judged(Judged { state: State::Missing, reason: gap.code(), native: false, missing })
}

fn injected() -> Standing {
    let (state, reason) = (State::Injected, "injected");
    Standing::Judged(Judged { state, reason, native: true, missing: None })
}

fn settled(records: &mut Records, standing: &Standing) -> usize {
    let mut count = 0;
    while let Some(errand) = records.next() {
        records.settle(errand.cohort, standing.clone());
        count += 1;
    }
    count
}

fn listed(records: &mut Records, pods: &[(&str, u64)]) {
    records.begin();
    pods.iter().for_each(|(name, print)| records.seen(pod(name, *print)));
    records.finish();
}

fn count(records: &Records, state: State) -> i64 {
    let (fates, _) = records.counted();
    fates.iter().filter(|((name, _), _)| *name == state.name()).map(|(_, count)| count).sum()
}

#[test]
fn pods_that_are_alike_are_looked_at_once_and_counted_each() {
    let mut records = Records::new();
    listed(&mut records, &[("a", 1), ("b", 1), ("c", 2)]);
    let errand = records.next().unwrap();
    assert_eq!((errand.cohort, &*errand.namespace, &*errand.labels["app"]), (1, "shop", "web"));
    assert!(matches!(records.member(&errand).as_deref(), Some("a" | "b")));
    records.settle(1, missing());
    assert_eq!((count(&records, State::Missing), records.waiting()), (2, 1));
    let other = records.next().unwrap().cohort;
    records.settle(other, injected());
    assert_eq!(records.counted().1, 1, "a native one");
    records.gone("shop", "a");
    records.gone("shop", "never there");
    assert_eq!(count(&records, State::Missing), 1);
    // Its labels are others by now: it is like the third.
    records.seen(pod("b", 2));
    assert_eq!((count(&records, State::Missing), count(&records, State::Injected)), (0, 2));
    assert!(!records.is_any_due());
}

#[test]
fn a_list_that_is_read_anew_keeps_what_is_known_until_it_is_complete() {
    let mut records = Records::new();
    listed(&mut records, &[("a", 1), ("b", 1), ("c", 2)]);
    assert_eq!(settled(&mut records, &missing()), 2);
    records.begin();
    records.seen(pod("a", 1));
    assert_eq!(count(&records, State::Missing), 3);
    // It breaks off, and begins again.
    records.begin();
    records.seen(pod("a", 1));
    records.seen(pod("d", 1));
    records.finish();
    assert_eq!(count(&records, State::Missing), 2);
    assert!(!records.is_any_due(), "nothing of it is new");
    assert_eq!((records.pods, records.cohorts.len()), (2, 1));
}

#[test]
fn what_has_to_be_looked_at_again_stands_as_it_stood_until_then() {
    let mut records = Records::new();
    listed(&mut records, &[("a", 1), ("b", 2)]);
    settled(&mut records, &missing());
    records.look_again(|namespace| namespace == "other");
    assert!(!records.is_any_due());
    records.look_again(|_| true);
    records.look_again(|_| true);
    assert_eq!((records.waiting(), count(&records, State::Missing)), (2, 2));
    // What goes has no turn any more, and what cannot be read is put behind the others.
    records.gone("shop", "b");
    records.seen(pod("c", 3));
    let first = records.next().unwrap().cohort;
    records.put_off(first);
    assert_eq!((records.next().unwrap().cohort, records.next().unwrap().cohort), (3, first));
    assert!(records.next().is_none());
}

#[test]
fn an_owner_is_told_once_and_again_after_an_hour() {
    let mut records = Records::new();
    listed(&mut records, &[("a", 1), ("b", 1)]);
    let begun = Instant::now();
    assert!(records.untold(begun).is_none(), "nothing is known yet");
    settled(&mut records, &missing());
    let told = records.untold(begun).unwrap();
    assert_eq!(told, (owner(), Missing { gap: Gap::SelectedLater, pods: 2 }));
    assert!(records.untold(begun + AGAIN / 2).is_none());
    assert!(records.untold(begun + AGAIN).is_some());
    records.settle(1, injected());
    assert!(records.untold(begun + AGAIN * 3).is_none());
    records.settle(1, missing());
    assert!(records.untold(begun + AGAIN).is_some(), "it is missing anew");
}

#[test]
fn pods_beyond_the_most_are_left_out_and_that_is_known() {
    let mut records = Records::of_at_most(2);
    listed(&mut records, &[("a", 1), ("b", 1), ("c", 1)]);
    assert!(!records.is_whole());
    settled(&mut records, &missing());
    assert_eq!(count(&records, State::Missing), 2);
    // What went makes room once that is known.
    listed(&mut records, &[("a", 1)]);
    assert!(records.is_whole());
    records.seen(pod("c", 1));
    assert_eq!((records.is_whole(), count(&records, State::Missing)), (true, 2));
}

/// What a table takes: its places, a byte of bookkeeping for each, and seven of eight may be used.
fn table(capacity: usize, entry: usize) -> usize {
    if capacity == 0 { 0 } else { (capacity * 8 / 7).next_power_of_two() * (entry + 1) + 16 }
}

/// What an allocation of so many bytes takes.
fn heap(bytes: usize) -> usize {
    if bytes == 0 { 0 } else { (bytes + 8).next_multiple_of(16).max(32) }
}

/// Memory that the records take, in bytes.
fn bytes(records: &Records) -> usize {
    let mut sum = table(records.namespaces.capacity(), size_of::<(Box<str>, Pods)>())
        + table(records.cohorts.capacity(), size_of::<(u64, Cohort)>())
        + records.due.len() * 2 * size_of::<(u64, u64)>();
    for (namespace, pods) in &records.namespaces {
        sum += heap(namespace.len()) + table(pods.capacity(), size_of::<(Box<str>, Known)>());
        sum += pods.keys().map(|name| heap(name.len())).sum::<usize>();
    }
    for cohort in records.cohorts.values() {
        sum += heap(cohort.namespace.len()) + heap(size_of_val(&*cohort.labels));
        sum += cohort.labels.iter().map(|(key, value)| heap(key.len()) + heap(value.len())).sum::<usize>();
        if let Standing::Judged(Judged { missing: Some((_, owner)), .. }) = &cohort.standing {
            let Owner { api_version, kind, namespace, name, uid } = &**owner;
            sum += heap(size_of::<Owner>() + 16);
            sum += [api_version, kind, namespace, name, uid]
                .map(|text| heap(text.capacity()))
                .iter()
                .sum::<usize>();
        }
    }
    sum
}

/// Records of 10,000 pods, so many of each workload, in 100 namespaces, all of them missing.
fn ten_thousand(alike: u64) -> Records {
    let mut records = Records::new();
    records.begin();
    for at in 0..10_000_u64 {
        let workload = at / alike;
        records.seen(Sighting {
            namespace: format!("namespace-{}", workload % 100).into(),
            name: format!("workload-{workload}-7448db9cdc-{at:05}").into(),
            labels: [("istio.io/rev".into(), "default".into())].into(),
            ..pod("", workload)
        });
    }
    records.finish();
    settled(&mut records, &missing());
    records
}

#[test]
fn memory_for_ten_thousand_pods_is_bounded() {
    for (alike, most) in [(10, 2_500_000), (1, 8_000_000)] {
        let bytes = bytes(&ten_thousand(alike));
        println!("10,000 pods, {alike} of each workload, all without their sidecar: {} KB", bytes / 1000);
        assert!(bytes < most, "{bytes} bytes");
    }
}
