//! Reviews read and written: what API servers send, what `istioctl kube-inject` sends, and what neither should.

use super::*;

fn refusal(body: &str) -> String {
    decode(body.as_bytes()).map(|review| format!("{review:?}")).unwrap_err().to_string()
}

fn of_request(request: &str) -> String {
    format!(r#"{{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{request}}}"#)
}

#[test]
fn both_versions_are_read() {
    for (text, version) in
        [("admission.k8s.io/v1", Version::V1), ("admission.k8s.io/v1beta1", Version::V1Beta1)]
    {
        let body = format!(
            r#"{{"kind":"AdmissionReview","apiVersion":"{text}","request":{{"uid":"u","namespace":"n","object":{{"a":1}}}}}}"#
        );
        let review = decode(body.as_bytes()).unwrap();
        assert_eq!(review.version, version);
        let request = review.request.unwrap();
        assert_eq!((request.uid.as_str(), request.namespace.as_str()), ("u", "n"));
        assert!(matches!(request.object, Object::Text(r#"{"a":1}"#)));
    }
}

#[test]
fn the_review_of_istioctl_kube_inject_is_read() {
    let body = of_request(
        r#"{"uid":"","kind":{"group":"","version":"","kind":""},"resource":{"group":"","version":"","resource":""},
            "namespace":"d","operation":"","userInfo":{},"object":{"spec":{}},"oldObject":null,"options":null}"#,
    );
    let review = decode(body.as_bytes()).unwrap();
    assert_eq!(review.request.unwrap().uid.as_str(), "");
}

#[test]
fn a_missing_request_and_a_null_object_are_no_decoding_errors() {
    for body in
        [r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}"#.to_owned(), of_request("null")]
    {
        assert!(decode(body.as_bytes()).unwrap().request.is_none(), "{body}");
    }
    for request in [r#"{"uid":"u","object":null}"#, r#"{"uid":"u"}"#] {
        let body = of_request(request);
        for read in [decode, read] {
            assert!(matches!(read(body.as_bytes()).unwrap().request.unwrap().object, Object::Absent));
        }
    }
}

#[test]
fn a_repeated_key_takes_the_last_value_and_unknown_keys_are_passed_over() {
    let body = of_request(r#"{"uid":"a","uid":"b","namespace":null,"colour":{"x":[1]},"object":{}}"#);
    let review = decode(body.as_bytes()).unwrap();
    let request = review.request.unwrap();
    assert_eq!((request.uid.as_str(), request.namespace.as_str()), ("b", ""));
}

#[test]
fn a_dry_run_is_known() {
    for (request, dry) in [
        (r#"{"dryRun":true}"#, true),
        (r#"{"dryRun":false}"#, false),
        (r#"{"dryRun":null}"#, false),
        ("{}", false),
    ] {
        let body = of_request(request);
        for review in [read(body.as_bytes()), decode(body.as_bytes())] {
            assert_eq!(review.unwrap().request.unwrap().dry_run, dry, "{request}");
        }
    }
}

/// A review as text, its object read.
fn shown(review: Result<Review<'_>, DecodeError>) -> String {
    match review {
        Err(error) => error.to_string(),
        Ok(Review { version, request: None }) => format!("{version:?}"),
        Ok(Review { version, request: Some(request) }) => {
            let AdmissionRequest { uid, name, namespace, dry_run, object } = request;
            let object = object.value().map_err(|e| e.to_string());
            format!("{version:?} {uid} {name} {namespace} {dry_run} {object:?}")
        }
    }
}

#[test]
fn reading_all_at_once_reads_the_same() {
    let deep = format!("{}1{}", "[".repeat(126), "]".repeat(126));
    for request in [
        r#"{"uid":"a","name":"n","namespace":"d","object":{"a":[1,2.5,"x\u0041"]}}"#,
        r#"{"uid":"a","uid":"b","object":{"a":1},"object":{"a":2,"a":3},"other":[1]}"#,
        r#"{"object":1e999}"#,
        r#"{"object":{"a":1e999},"uid":"u"}"#,
        r#"{"uid":7}"#,
        r#"{"uid":"u","dryRun":"yes"}"#,
        r#"{"uid":"u","dryRun":true,"object":{}}"#,
        r#"{"uid":"u","userInfo":{"groups":[1]}}"#,
        r#"{"uid":"u","object":null,"options":{"a":1e999}}"#,
        r#"{"uid":"u","object":"text"}"#,
        r#"{"uid":"u","object":{}"#,
        "null",
        "[]",
        &format!(r#"{{"uid":"u","object":{deep}}}"#),
    ] {
        let body = of_request(request);
        assert_eq!(shown(read(body.as_bytes())), shown(decode(body.as_bytes())), "{request}");
    }
    for body in
        ["", "null", "7", r#"{"kind":"AdmissionReview"}"#, r#"{"kind":"AdmissionReview","apiVersion":"v9"}"#]
    {
        assert_eq!(shown(read(body.as_bytes())), shown(decode(body.as_bytes())), "{body}");
    }
}

#[test]
fn what_is_no_review_is_refused_in_istiods_words() {
    assert_eq!(
        refusal(r#"{"apiVersion":"admission.k8s.io/v1","request":{"uid":"u"}}"#),
        r#"Object 'Kind' is missing in '{"apiVersion":"admission.k8s.io/v1","request":{"uid":"u"}}'"#
    );
    assert_eq!(
        refusal(r#"{"kind":"AdmissionReview"}"#),
        r#"Object 'apiVersion' is missing in '{"kind":"AdmissionReview"}'"#
    );
    assert_eq!(refusal("null"), "Object 'Kind' is missing in 'null'");
    assert!(
        refusal("[]")
            .starts_with("couldn't get version/kind; json parse error: json: cannot unmarshal array")
    );
    assert!(refusal("\"x\"").contains("cannot unmarshal string"));
    assert!(refusal("{").contains("line 1 column"));
    assert!(
        refusal(r#"{"apiVersion":"admission.k8s.io/v2","kind":"AdmissionReview"}"#)
            .starts_with(r#"no kind "AdmissionReview" is registered for version "admission.k8s.io/v2""#)
    );
    assert!(refusal(r#"{"apiVersion":"v1","kind":"Pod"}"#).starts_with(r#"no kind "Pod" is registered"#));
}

#[test]
fn a_field_of_the_wrong_kind_is_named_as_go_names_it() {
    let cases = [
        (
            r#"{"uid":5}"#,
            "json: cannot unmarshal number into Go struct field AdmissionRequest.request.uid of type types.UID",
        ),
        (
            r#"{"operation":7}"#,
            "json: cannot unmarshal number into Go struct field AdmissionRequest.request.operation of type v1.Operation",
        ),
        (
            r#"{"name":4}"#,
            "json: cannot unmarshal number into Go struct field AdmissionRequest.request.name of type string",
        ),
        (
            r#"{"kind":{"group":[]}}"#,
            "json: cannot unmarshal array into Go struct field GroupVersionKind.request.kind.group of type string",
        ),
        (
            r#"{"userInfo":{"groups":["a",1]}}"#,
            "json: cannot unmarshal number into Go struct field UserInfo.request.userInfo.groups of type string",
        ),
        (
            r#"{"dryRun":"no"}"#,
            "json: cannot unmarshal string into Go struct field AdmissionRequest.request.dryRun of type bool",
        ),
        (
            "[]",
            "json: cannot unmarshal array into Go struct field AdmissionReview.request of type v1.AdmissionRequest",
        ),
    ];
    for (request, message) in cases {
        assert_eq!(refusal(&of_request(request)), message);
    }
}

#[test]
fn a_long_body_is_cut_in_the_message() {
    let body = format!(r#"{{"x":"{}"}}"#, "é".repeat(100_000));
    assert!(refusal(&body).len() < 1200);
}

#[test]
fn nesting_without_end_is_an_error() {
    let body = of_request(&format!(r#"{{"userInfo":{}"#, r#"{"extra":"#.repeat(50_000)));
    assert!(decode(body.as_bytes()).is_err());
}

#[test]
fn answers_are_written_as_istiod_writes_them() {
    let plain = Answer { allowed: true, ..Answer::default() };
    assert_eq!(
        encode(Some(Version::V1), "u1", &plain),
        br#"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","response":{"uid":"u1","allowed":true}}"#
    );
    let refused = Answer { message: Some("a <b>"), ..Answer::default() };
    assert_eq!(
        encode(None, "", &refused),
        br#"{"response":{"uid":"","allowed":false,"status":{"metadata":{},"message":"a \u003cb\u003e"}}}"#
    );
    let warnings = ["w\"1".to_owned(), "w2".to_owned()];
    let audit = [("reason", "a<\"b"), ("revision", ""), ("verdict", "c")];
    let patched =
        Answer { allowed: true, message: None, patch: Some("[]"), audit: &audit, warnings: &warnings };
    assert_eq!(
        encode(Some(Version::V1Beta1), "u\"<1", &patched),
        br#"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1beta1","response":{"uid":"u\"\u003c1","allowed":true,"patch":"W10=","patchType":"JSONPatch","auditAnnotations":{"reason":"a\u003c\"b","verdict":"c"},"warnings":["w\"1","w2"]}}"#
    );
}
