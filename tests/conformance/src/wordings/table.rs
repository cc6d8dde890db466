//! The rows. Patterns are regular expressions over the whole message, or over one item of a list of errors; what both
//! capture by one name must be the same.

/// One cause that both tell, each in its own words.
#[derive(Debug)]
pub struct Wording {
    /// Its name in reports.
    pub name: &'static str,
    /// Why Pillion does not say it as Istio does.
    pub why: &'static str,
    /// How Istio says it.
    pub istio: &'static str,
    /// How Pillion says it.
    pub pillion: &'static str,
    /// One pair as it came: Istio's text and Pillion's.
    pub example: (&'static str, &'static str),
}

/// Where a protobuf message comes from, in Istio's words and in Pillion's: an annotation, the mesh, the values.
macro_rules! from {
    (istio, $what:literal) => {
        concat!(
            "(?:invalid value '(?P<value>.*)' for annotation '(?P<annotation>[^']+)': ",
            r"failed to convert to apply proxy config: |failed to convert to proto\. |",
            "could not parse configuration values: )",
            $what
        )
    };
    (pillion, $what:literal) => {
        concat!(
            "(?:invalid value '(?P<value>.*)' for annotation '(?P<annotation>[^']+)': ",
            "failed to convert to apply proxy config: |mesh: |values: could not parse configuration values: )",
            $what
        )
    };
}

const NAMES_FIELD: &str = "it names the field and shows the value";
const NAMES_KEY: &str = "it says first which key of which ConfigMap is meant";

/// All of them.
pub const TABLE: &[Wording] = &[
    Wording {
        name: "a body that is no object",
        why: "the type of Go is nobody's concern",
        istio: r"couldn't get version/kind; json parse error: json: cannot unmarshal (?P<kind>\w+) into Go value of type struct \{.*\}",
        pillion: r"couldn't get version/kind; json parse error: json: cannot unmarshal (?P<kind>\w+) into an AdmissionReview",
        example: (
            r#"couldn't get version/kind; json parse error: json: cannot unmarshal array into Go value of type struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }"#,
            "couldn't get version/kind; json parse error: json: cannot unmarshal array into an AdmissionReview",
        ),
    },
    Wording {
        name: "a kind that nobody knows",
        why: "what to send instead, and not a line of Istio's source",
        istio: r#"no kind "(?P<kind>[^"]*)" is registered for version "(?P<version>[^"]*)" in scheme "[^"]*""#,
        pillion: r#"no kind "(?P<kind>[^"]*)" is registered for version "(?P<version>[^"]*)": send an AdmissionReview .*"#,
        example: (
            r#"no kind "AdmissionReview" is registered for version "admission.k8s.io/v7" in scheme "pkg/runtime/scheme.go:111""#,
            r#"no kind "AdmissionReview" is registered for version "admission.k8s.io/v7": send an AdmissionReview of admission.k8s.io/v1 or v1beta1"#,
        ),
    },
    Wording {
        name: "a kind that is no review",
        why: "as above; Istio happens to know the type",
        istio: r"unsupported type :&TypeMeta\{Kind:(?P<kind>[^,]*),APIVersion:(?P<version>[^,]*),\}",
        pillion: r#"no kind "(?P<kind>[^"]*)" is registered for version "(?P<version>[^"]*)": send an AdmissionReview .*"#,
        example: (
            "unsupported type :&TypeMeta{Kind:Pod,APIVersion:v1,}",
            r#"no kind "Pod" is registered for version "v1": send an AdmissionReview of admission.k8s.io/v1 or v1beta1"#,
        ),
    },
    Wording {
        name: "overrides of another kind",
        why: "it names the annotation",
        istio: "failed to run injection template: (?P<what>(?:json: |quantities must match |unable to parse quantity|parsing time |illegal base64 ).*)",
        pillion: r"failed to run injection template: annotation proxy\.istio\.io/overrides: (?P<what>(?:json: |quantities must match |unable to parse quantity|parsing time |illegal base64 ).*)",
        example: (
            "failed to run injection template: json: cannot unmarshal number into Go struct field podOverrides.containers of type []v1.Container",
            "failed to run injection template: annotation proxy.istio.io/overrides: json: cannot unmarshal number into Go struct field podOverrides.containers of type []v1.Container",
        ),
    },
    Wording {
        name: "overrides that are no JSON",
        why: "it names the annotation and the place in it",
        istio: "failed to run injection template: (?:unexpected end of JSON input|invalid character .*)",
        pillion: r"failed to run injection template: annotation proxy\.istio\.io/overrides: .* at line \d+ column \d+",
        example: (
            "failed to run injection template: unexpected end of JSON input",
            "failed to run injection template: annotation proxy.istio.io/overrides: EOF while parsing an object at line 1 column 1",
        ),
    },
    Wording {
        name: "a network that is none",
        why: "Go says which character it fell over; the network is quoted either way",
        istio: r#"(?P<head>invalid value '.*' for annotation '[^']+': .*netip\.ParsePrefix\(".*"\): ParseAddr\(".*"\)): .*"#,
        pillion: r#"(?P<head>invalid value '.*' for annotation '[^']+': .*netip\.ParsePrefix\(".*"\): ParseAddr\(".*"\)): unable to parse IP"#,
        example: (
            r#"invalid value '10.0.0.0/8, 1.0.0.0/8' for annotation 'traffic.sidecar.istio.io/includeOutboundIPRanges': includeIPRanges invalid: failed parsing cidr ' 1.0.0.0/8': netip.ParsePrefix(" 1.0.0.0/8"): ParseAddr(" 1.0.0.0"): unexpected character (at " 1.0.0.0")"#,
            r#"invalid value '10.0.0.0/8, 1.0.0.0/8' for annotation 'traffic.sidecar.istio.io/includeOutboundIPRanges': includeIPRanges invalid: failed parsing cidr ' 1.0.0.0/8': netip.ParsePrefix(" 1.0.0.0/8"): ParseAddr(" 1.0.0.0"): unable to parse IP"#,
        ),
    },
    Wording {
        name: "a field of another kind",
        why: NAMES_FIELD,
        istio: from!(
            istio,
            r"json: cannot unmarshal (?P<kind>string|number|bool|array|object)(?: [-+.\w]+)? into Go value of type .*"
        ),
        pillion: from!(
            pillion,
            r"(?:[^ ]+: )?cannot read (?:the (?P<kind>string|number|bool|array|object)|the list|true|false) .* as .*"
        ),
        example: (
            "could not parse configuration values: json: cannot unmarshal number into Go value of type string",
            "values: could not parse configuration values: global.hub: cannot read the number 5 as a string",
        ),
    },
    Wording {
        name: "a number that is none",
        why: NAMES_FIELD,
        istio: from!(istio, "invalid character '.*' .*"),
        pillion: from!(pillion, r#"[^ ]+: cannot read the string ".*" as an? (?:u?int\d+|number)"#),
        example: (
            "failed to convert to proto. invalid character 'm' looking for beginning of value",
            r#"mesh: proxyListenPort: cannot read the string "many" as an int32"#,
        ),
    },
    Wording {
        name: "a word that is none of the words",
        why: "it names the field and the words that there are",
        istio: from!(istio, r#"unknown value "\\"(?P<word>.*)\\"" for enum .*"#),
        pillion: from!(pillion, r#"[^ ]+: cannot read the string "(?P<word>.*)" as one of .*"#),
        example: (
            r#"failed to convert to proto. unknown value "\"XML\"" for enum istio.mesh.v1alpha1.MeshConfig.AccessLogEncoding"#,
            r#"mesh: accessLogEncoding: cannot read the string "XML" as one of TEXT, JSON"#,
        ),
    },
    Wording {
        name: "a duration that is none",
        why: "it names the field and shows how a duration is written",
        istio: from!(istio, r#"bad Duration: time: .* "(?P<text>.*)""#),
        pillion: from!(pillion, r#"[^ ]+: cannot read the string "(?P<text>.*)" as a duration .*"#),
        example: (
            r#"failed to convert to proto. bad Duration: time: invalid duration "soon""#,
            r#"mesh: connectTimeout: cannot read the string "soon" as a duration (such as "45s" or "1h30m")"#,
        ),
    },
    Wording {
        name: "a port or a time of the mesh",
        why: "it names the field as it is spelled in the configuration",
        istio: "invalid (?:proxy listen port|connect timeout): (?P<what>.*)",
        pillion: "(?:mesh: )?(?:proxyListenPort|connectTimeout): (?P<what>.*)",
        example: (
            "invalid proxy listen port: port number 99999 must be in the range 1..65535",
            "mesh: proxyListenPort: port number 99999 must be in the range 1..65535",
        ),
    },
    Wording {
        name: "the default configuration of proxies",
        why: "it says that the fault lies in defaultConfig",
        istio: "(?P<what>invalid .*)",
        pillion: "(?:mesh: )?defaultConfig: (?P<what>invalid .*)",
        example: (
            "1 error occurred:\n\t* invalid status port: port number 123456 must be in the range 1..65535\n\n",
            "mesh: defaultConfig: invalid status port: port number 123456 must be in the range 1..65535",
        ),
    },
    Wording {
        name: "weights of localities",
        why: "it names the field and says whose weights",
        istio: r"total locality weight (?P<sum>\d+) != 100",
        pillion: r"(?:mesh: )?localityLbSetting: the weights of a rule add up to (?P<sum>\d+), not to 100",
        example: (
            "total locality weight 50 != 100",
            "mesh: localityLbSetting: the weights of a rule add up to 50, not to 100",
        ),
    },
    Wording {
        name: "a mesh configuration that is no YAML",
        why: NAMES_KEY,
        istio: r"failed to convert to proto\. (?P<what>yaml: .*)",
        pillion: "mesh: (?P<what>yaml: .*)",
        example: (
            "failed to convert to proto. yaml: line 1: did not find expected node content",
            "mesh: yaml: line 1: did not find expected node content",
        ),
    },
    Wording {
        name: "values that are no YAML",
        why: "it counts lines from one, as editors do",
        istio: r"could not parse configuration values: yaml: (?:line \d+: )?(?P<what>.*)",
        pillion: r"values: line \d+: (?P<what>.*)",
        example: (
            "could not parse configuration values: yaml: line 1: did not find expected node content",
            "values: line 2: did not find expected node content",
        ),
    },
    Wording {
        name: "a configuration that is no YAML",
        why: "it says first which key of which ConfigMap is meant, and counts lines from one, as editors do",
        istio: r"failed to unmarshal injection template: error converting YAML to JSON: yaml: (?:line \d+: )?(?P<what>.*)",
        pillion: r"config: line \d+: (?P<what>.*)",
        example: (
            "failed to unmarshal injection template: error converting YAML to JSON: yaml: line 2: did not find expected node content",
            "config: line 3: did not find expected node content",
        ),
    },
    Wording {
        name: "a configuration that is no object",
        why: "the types of Go are nobody's concern",
        istio: r"failed to unmarshal injection template: .*json: cannot unmarshal (?P<kind>\w+) into Go value of type inject\.Config",
        pillion: r"config: the configuration is of kind (?P<kind>\w+), not an object",
        example: (
            "failed to unmarshal injection template: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go value of type inject.Config",
            "config: the configuration is of kind array, not an object",
        ),
    },
    Wording {
        name: "a part of the configuration of another kind",
        why: "it names the item, not the field alone",
        istio: r"failed to unmarshal injection template: .*json: cannot unmarshal (?P<kind>\w+) into Go struct field \w+\.(?P<field>\w+)\S* of type .*",
        pillion: r"config: (?P<field>\w+)\S* is of kind (?P<kind>\w+), not .*",
        example: (
            "failed to unmarshal injection template: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go struct field LabelSelector.neverInjectSelector.matchLabels of type map[string]string",
            "config: neverInjectSelector[0].matchLabels is of kind array, not an object",
        ),
    },
    Wording {
        name: "a template that does not compile",
        why: "it names the template: to Istio all of them are `inject`",
        istio: r"template: inject:(?P<line>\d+): (?P<what>.*)",
        pillion: r#"config: template "\w+", line (?P<line>\d+): (?P<what>.*)"#,
        example: (
            r#"template: inject:2: function "lookup" not defined"#,
            r#"config: template "own", line 2: function "lookup" not defined"#,
        ),
    },
];
