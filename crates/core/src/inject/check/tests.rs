//! The corpus says what Go's decoder makes of a pod (made by `examples/check_corpus`); the rest is where and how
//! faults are told.

use pillion_govalue::types::{KNOWN, named};
use pillion_govalue::{Value, parse};

use super::check;

const CORPUS: &str = include_str!("../../../../../tests/corpus/check.jsonl");

#[test]
fn what_go_decodes_passes_and_nothing_else() {
    let (mut cases, mut refused, mut equal_words) = (0, 0, 0);
    let mut wrong = Vec::new();
    for line in CORPUS.lines() {
        let case = parse(line.as_bytes()).unwrap();
        let got = check(case.get("pod").unwrap(), KNOWN.pod).map_err(|e| e.to_string());
        cases += 1;
        match (case.get("err").and_then(Value::as_str), got) {
            (None, Ok(())) => {}
            (Some(want), Err(got)) => {
                refused += 1;
                equal_words += usize::from(want == got);
                if want != got && std::env::var_os("CHECK_WORDS").is_some() {
                    println!("{got}\n  {want}");
                }
            }
            (want, got) => wrong.push(format!("{got:?}, not {want:?}, for {line}")),
        }
    }
    println!(
        "check corpus: {} of {cases} as Go; of {refused} refused {equal_words} in the same words",
        cases - wrong.len()
    );
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong[..wrong.len().min(20)].join("\n"));
    assert!(cases > 3_000 && equal_words * 10 > refused * 9);
}

fn refused(pod: &str) -> super::CheckError {
    check(&parse(pod.as_bytes()).unwrap(), KNOWN.pod).unwrap_err()
}

#[test]
fn a_fault_is_told_with_its_place_and_in_gos_words() {
    let e = refused(r#"{"spec":{"containers":[{},{"ports":[{"containerPort":"80"}]}]}}"#);
    assert_eq!(
        (e.path.as_str(), e.found.as_str(), e.wanted),
        ("spec.containers[1].ports[0].containerPort", "string", "int32")
    );
    assert_eq!(
        e.to_string(),
        "json: cannot unmarshal string into Go struct field ContainerPort.spec.containers.ports.containerPort of type int32",
    );
    let e = refused(r#"{"metadata":{"annotations":{"a.b/c":true}}}"#);
    assert_eq!(e.path, r#"metadata.annotations["a.b/c"]"#);
    for (number, told) in [("1e21", "1e+21"), ("1.5", "1.5"), ("2e-7", "2e-7"), ("-3.0", "-3.0")] {
        let e = refused(&format!(r#"{{"spec":{{"priority":{number}}}}}"#));
        assert_eq!(e.found, format!("number {told}"));
    }
    assert_eq!(refused("[]").to_string(), "json: cannot unmarshal array into Go value of type v1.Pod");
}

#[test]
fn what_stops_gos_decoder_is_told_before_what_it_remembers() {
    let e = refused(r#"{"spec":{"hostname":5,"containers":[{"resources":{"limits":{"cpu":"1x"}}}]}}"#);
    assert_eq!(
        (e.path.as_str(), e.wanted),
        (r#"spec.containers[0].resources.limits["cpu"]"#, "resource.Quantity")
    );
    assert!(e.to_string().starts_with("quantities must match"), "{e}");
}

#[test]
fn unknown_members_and_names_in_other_case_pass() {
    for pod in [r#"{"spec":{"new":{"a":[1]},"Containers":5}}"#, r#"{"Spec":1}"#, "null", "{}"] {
        assert!(check(&parse(pod.as_bytes()).unwrap(), KNOWN.pod).is_ok(), "{pod}");
    }
}

#[test]
fn bytes_are_base64() {
    let bytes = KNOWN.bytes;
    for (text, fine) in [
        ("", true),
        ("YQ==", true),
        ("YWI=", true),
        ("YWJj", true),
        ("YW\nJj", true),
        ("YQ", false),
        ("Y===", false),
        ("YQ==YQ==", false),
        ("Y*==", false),
    ] {
        assert_eq!(check(&Value::from(text), bytes).is_ok(), fine, "{text:?}");
    }
    for (text, at) in [("YQ==YWI=", 4), ("YQ=YWJj", 3), ("Y*==", 1), ("YQ", 2), ("Y===", 1)] {
        let told = check(&Value::from(text), bytes).unwrap_err().to_string();
        assert!(told.ends_with(&format!("illegal base64 data at input byte {at}")), "{text:?}: {told}");
    }
    assert!(named("v1.FieldsV1").is_some_and(|ty| check(&Value::Bool(true), ty).is_ok()));
}

#[test]
fn of_a_time_the_first_fault_is_told() {
    for (time, fault) in [
        ("2024-12-31T23:59:59Zx", "extra text"),
        ("2024-01-01T00:00:00x", "cannot parse"),
        ("2024-13-31T23:59:59Z", "month out of range"),
        ("2024-00-31T23:59:59Z", "month out of range"),
        ("2024-12-31T24:59:59Zx", "hour out of range"),
        ("2024-12-31T23:60:59Zx", "minute out of range"),
        ("2023-02-29T23:59:59Z", "day out of range"),
        ("2024-12-31T23:59:59.Z", "cannot parse"),
        ("2024-12-31T23:59:59.5+25:00", "out of range"),
    ] {
        let e = refused(&format!(r#"{{"metadata":{{"creationTimestamp":"{time}"}}}}"#)).to_string();
        assert!(e.contains(fault), "{time}: {e}");
    }
}

/// Scalars that no pod has; messages of a mesh do.
#[test]
fn integers_fit_their_type_and_nothing_larger_does() {
    for (ty, fits, not) in [
        ("uint32", &["0", "4294967295"][..], &["-1", "4294967296", "1.0"][..]),
        ("uint64", &["0", "18446744073709551615"], &["-1", "18446744073709551616", "\"1\""]),
        ("int64", &["-9223372036854775808", "9223372036854775807"], &["9223372036854775808", "1.5"]),
        ("float64", &["0", "18446744073709551615", "-1.5"], &["true"]),
    ] {
        let ty = named(ty).unwrap();
        let passes = |text: &&str| check(&parse(text.as_bytes()).unwrap(), ty).is_ok();
        assert!(fits.iter().all(passes) && !not.iter().any(passes), "{}", ty.name());
    }
}
