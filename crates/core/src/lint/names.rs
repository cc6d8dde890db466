//! What Kubernetes takes for a name, the value of a label, the name of a port. Never: where such texts stand.

/// `[a-z0-9]([-a-z0-9]*[a-z0-9])?`, 63 characters at most: names of containers and volumes.
pub(super) fn is_label_name(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    is_word(text, inner, |b| b != b'-')
}

/// The value of a label; it may be empty.
pub(super) fn is_label_value(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    text.is_empty() || is_word(text, inner, |b: u8| b.is_ascii_alphanumeric())
}

fn is_word(text: &str, inner: impl Fn(u8) -> bool, end: impl Fn(u8) -> bool) -> bool {
    let bytes = text.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else { return false };
    bytes.len() <= 63 && end(*first) && end(*last) && bytes.iter().all(|b| inner(*b))
}

/// The key of a label: a name, and perhaps a prefix that is a domain.
pub(super) fn is_label_key(text: &str) -> bool {
    let (prefix, name) = text.rsplit_once('/').map_or((None, text), |(prefix, name)| (Some(prefix), name));
    let domain = |prefix: &str| {
        let labels = |part: &str| !part.is_empty() && part.len() <= 63 && is_label_name(part);
        prefix.len() <= 253 && prefix.split('.').all(labels)
    };
    !name.is_empty() && is_label_value(name) && prefix.is_none_or(domain)
}

/// An IANA service name, as ports of containers have it.
pub(super) fn is_port_name(text: &str) -> bool {
    text.len() <= 15
        && is_label_name(text)
        && !text.contains("--")
        && text.bytes().any(|b| b.is_ascii_lowercase())
}

/// The name of a variable, as every release of Kubernetes takes it today: printable ASCII without `=`.
pub(super) fn is_variable(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| (b' '..=b'~').contains(&b) && b != b'=')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_as_kubernetes_takes_them() {
        for (text, name, value, port) in [
            ("istio-proxy", true, true, true),
            ("a", true, true, true),
            ("8080", true, true, false),
            ("Istio", false, true, false),
            ("-a", false, false, false),
            ("a-", false, false, false),
            ("a.b_c", false, true, false),
            ("http-envoy-prom", true, true, true),
            ("http-envoy-promx", true, true, false),
            ("a--b", true, true, false),
            ("ä", false, false, false),
        ] {
            assert_eq!((is_label_name(text), is_label_value(text)), (name, value), "{text}");
            assert_eq!(is_port_name(text), port, "{text}");
        }
        assert!(is_label_value("") && !is_label_name(""));
        assert!(!is_label_value(&"a".repeat(64)) && is_label_value(&"a".repeat(63)));
        assert!(
            is_label_key("service.istio.io/canonical-name") && !is_label_key("a b/c") && !is_label_key("a/")
        );
        assert!(is_variable("A.b-c") && !is_variable("A=B") && !is_variable(""));
    }
}
