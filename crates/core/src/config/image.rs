//! The URL of an image: hub, name, tag and type, as Istio puts them together. Never: pulling, registries,
//! whether such an image is.

use pillion_govalue::Value;

use super::{Gates, Values};

/// The annotation that names the image type of one pod.
pub const IMAGE_TYPE_ANNOTATION: &str = "sidecar.istio.io/proxyImageType";

const DEFAULT_NAME: &str = "proxyv2";
/// Types that are published: a tag that ends in one changes it instead of growing another.
const KNOWN_TYPES: [&str; 2] = ["distroless", "debug"];
/// The type without a suffix.
const DEFAULT_TYPE: &str = "default";

/// The proxy's image. `image` is `ProxyConfig.image`; `annotation` the pod's image type annotation, if it has one.
#[must_use]
pub fn proxy_image(
    values: &Values,
    image: Option<&Value<'_>>,
    annotation: Option<&str>,
    gates: &Gates,
) -> String {
    let from_config = image.map(|i| i.get("imageType").and_then(Value::as_str).unwrap_or_default());
    let kind = match from_config {
        // Up to 1.30 an image message that is there counts even where it names no type.
        Some(kind) if !kind.is_empty() || !gates.empty_image_type_is_unset => kind,
        _ if gates.image_variant => values.variant(),
        _ => "",
    };
    url(values, or_default(values.proxy_image()), annotation.unwrap_or(kind))
}

/// The image of the init container.
#[must_use]
pub fn proxy_init_image(values: &Values, annotation: Option<&str>) -> String {
    url(values, or_default(values.proxy_init_image()), annotation.unwrap_or_else(|| values.variant()))
}

fn or_default(name: &str) -> &str {
    if name.is_empty() { DEFAULT_NAME } else { name }
}

fn url(values: &Values, name: &str, kind: &str) -> String {
    format!("{}/{name}:{}", values.hub(), typed_tag(&values.tag(), kind))
}

fn typed_tag(tag: &str, kind: &str) -> String {
    if kind.is_empty() {
        return String::from(tag);
    }
    let bare = KNOWN_TYPES
        .iter()
        .find_map(|known| tag.strip_suffix(known).and_then(|t| t.strip_suffix('-')))
        .unwrap_or(tag);
    if kind == DEFAULT_TYPE { String::from(bare) } else { format!("{bare}-{kind}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_appended_or_replaces_the_known_one_in_the_tag() {
        for (tag, kind, want) in [
            ("1.20", "", "1.20"),
            ("1.20", "distroless", "1.20-distroless"),
            ("1.20-distroless", "debug", "1.20-debug"),
            ("1.20-debug", "default", "1.20"),
            ("1.20", "default", "1.20"),
            ("1.20-foo", "debug", "1.20-foo-debug"),
            ("distroless", "debug", "distroless-debug"),
        ] {
            assert_eq!(typed_tag(tag, kind), want, "{tag} {kind}");
        }
    }
}
