//! Values that are wrong: the chart refuses them, and the message names the value.

use crate::support::template;

/// What is set, and what the message must name.
const WRONG: &[(&str, &str)] = &[
    ("mod=envoy", "mod"),
    ("mode=ambient", "mode"),
    ("revision=1.20.2", "revision"),
    ("revision=UPPER", "revision"),
    ("revisionTags={A}", "revisionTags"),
    ("revisionTags={a,a}", "revisionTags"),
    ("replicaCount=two", "replicaCount"),
    ("webhook.failurePolicy=fail", "failurePolicy"),
    ("webhook.timeoutSeconds=31", "timeoutSeconds"),
    ("webhook.timeoutSeconds=0", "timeoutSeconds"),
    ("webhook.skipInApiServer=yes", "skipInApiServer"),
    ("webhook.reinvocationPolicy=Always", "reinvocationPolicy"),
    ("webhook.url=http://example.com", "url"),
    ("webhook.path=/mutate", "path"),
    ("webhook.failurePolicyByNamespace.warn={a}", "warn"),
    ("certificates.source=vault", "source"),
    ("shadow.upstream=http://istiod", "upstream"),
    ("shadow.sample=101", "sample"),
    ("certificates.lifetime=90d", "lifetime"),
    ("service.ipFamilyPolicy=Dual", "ipFamilyPolicy"),
    ("ports.webhook=70000", "webhook"),
    ("image.digest=latest", "digest"),
    ("image.pullPolicy=Sometimes", "pullPolicy"),
    ("podSecurityContext.runAsUser=root", "runAsUser"),
    ("resources.request.cpu=1", "request"),
    ("logFormat=xml", "logFormat"),
    ("decisionLog=some", "decisionLog"),
    ("pilot.replicaCount=two", "replicaCount"),
    ("monitoring.serviceMonitor.interval=often", "interval"),
    // Well formed, and harmful.
    ("revision=1-20-2,revisionTags={1-20-2}", "pillion-revision-tag-1-20-2"),
    ("revisionTags={default}", "pillion-revision-tag-default"),
    ("webhook.managed=false", "webhook.caBundle"),
    ("webhook.failurePolicyByNamespace.fail={a},webhook.failurePolicyByNamespace.ignore={a}", "\"a\""),
    ("configValidation.enabled=true,mode=envoy", "configValidation"),
    ("envoy=text,mode=envoy", "envoy"),
    ("envoy.envoy.logLevel=info", "mode: envoy"),
    (
        "mode=envoy,envoy.envoy.logLevel=info,events=false,webhook.managed=false,webhook.caBundle=Q0E=,certificates.source=secret",
        "leave events or webhook.managed on",
    ),
    ("workloadWarnings.timeoutSeconds=0", "timeoutSeconds"),
    ("ports.admin=15017", "ports"),
    ("env.POD_NAMESPACE=x", "istioNamespace"),
];

#[test]
fn a_wrong_value_is_refused_and_named() {
    for (set, named) in WRONG {
        let said = template("istio-system", &["--set", set]).expect_err(set);
        assert!(said.contains(named), "{set}: the message does not name {named}: {said}");
    }
    println!("{} wrong values refused", WRONG.len());
}
