//! What jsonpb takes and what it refuses, on real messages. The broad comparison is the corpus of `mesh`.

use pillion_govalue::types::KNOWN;
use pillion_govalue::{json, parse};

use super::*;

fn over(old: &str, new: &str) -> Result<String, String> {
    let Value::Map(old) = parse(old.as_bytes()).unwrap().into_owned() else { panic!("no object") };
    let mut message = (*old).clone();
    apply(&mut message, &parse(new.as_bytes()).unwrap(), KNOWN.proxy_config, Messages::newest())
        .map_err(|e| e.to_string())?;
    Ok(json::to_string(&Value::map(message), json::GO_MAP))
}

#[test]
fn zero_scalars_and_empty_lists_clear_a_field_while_wrappers_and_messages_stay() {
    let got = over(
        r#"{"statusPort":15020,"extraStatTags":["a"],"proxyMetadata":{"A":"b"}}"#,
        r#"{"statusPort":0,"extraStatTags":[],"proxyMetadata":{},"concurrency":0,"tracing":{}}"#,
    );
    assert_eq!(got.unwrap(), r#"{"concurrency":0,"tracing":{}}"#);
}

#[test]
fn null_keeps_and_both_spellings_of_a_name_count() {
    let got = over(
        r#"{"statusPort":15020}"#,
        r#"{"statusPort":null,"proxy_admin_port":"17","drain_duration":"1s","drainDuration":"1h","nope":1}"#,
    );
    assert_eq!(got.unwrap(), r#"{"drainDuration":"3600s","proxyAdminPort":17,"statusPort":15020}"#);
}

#[test]
fn a_member_of_a_oneof_drives_the_other_out_and_stays_even_if_empty() {
    let got = over(r#"{"serviceCluster":"x"}"#, r#"{"tracingServiceName":"APP_LABEL_AND_NAMESPACE"}"#);
    assert_eq!(got.unwrap(), r#"{"tracingServiceName":"APP_LABEL_AND_NAMESPACE"}"#);
    assert_eq!(over(r#"{}"#, r#"{"serviceCluster":""}"#).unwrap(), r#"{"serviceCluster":""}"#);
}

#[test]
fn enums_are_read_by_name_and_number() {
    assert_eq!(over("{}", r#"{"interceptionMode":1}"#).unwrap(), r#"{"interceptionMode":"TPROXY"}"#);
    assert_eq!(over("{}", r#"{"interceptionMode":77}"#).unwrap(), r#"{"interceptionMode":77}"#);
    assert_eq!(over("{}", r#"{"interceptionMode":"REDIRECT"}"#).unwrap(), "{}");
    assert!(over("{}", r#"{"interceptionMode":"1"}"#).unwrap_err().contains("TPROXY"));
}

#[test]
fn errors_name_the_field() {
    for (bad, want) in [
        (r#"{"concurrency":true}"#, "concurrency: cannot read the bool true as an int32"),
        (r#"{"proxyMetadata":{"A":1}}"#, "proxyMetadata[A]: cannot read the number 1 as a string"),
        (r#"{"tracing":{"zipkin":[]}}"#, "tracing.zipkin: cannot read the list [] as an object"),
        (r#"{"extraStatTags":["a",{}]}"#, "extraStatTags[1]: cannot read the object {} as a string"),
        (r#"{"drainDuration":"1"}"#, "drainDuration: cannot read the string \"1\" as a duration"),
        (r#"[]"#, "cannot read the list [] as an object"),
    ] {
        let got = over("{}", bad).unwrap_err();
        assert!(got.starts_with(want), "{got}");
    }
}

#[test]
fn an_integer_between_quotes_is_one_as_json_writes_it() {
    let read = |text: &str| over("{}", &format!(r#"{{"statusPort":"{text}"}}"#));
    for (text, want) in [(" 7 ", "7"), ("-7", "-7"), ("2147483647", "2147483647")] {
        assert_eq!(read(text).unwrap(), format!(r#"{{"statusPort":{want}}}"#), "{text}");
    }
    for text in ["", "+1", "01", "-01", "1.0", "1x", "0x1", "-", "2147483648"] {
        assert!(read(text).is_err(), "{text}");
    }
}
