//! The page of the debug port: one file, in the program, with nothing from anywhere else. Its script reads `/state` and
//! asks `/explain`; the policy that goes with it lets a browser do nothing more.
//! Never: what the page shows (that is `state` and `explain`), nor a request that changes something.

use std::sync::LazyLock;

use axum::http::{HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

const PAGE: &str = include_str!("index.html");

/// Made once: the page does not change while the program runs.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    // A policy is ASCII by its making. Without one the page does nothing, and a test holds that it is one.
    HeaderValue::from_str(&policy()).unwrap_or(HeaderValue::from_static("default-src 'none'"))
});

/// The page, with its policy.
pub(super) async fn page() -> Response {
    ([(header::CONTENT_SECURITY_POLICY, POLICY.clone())], Html(PAGE)).into_response()
}

/// What a browser may do with the page: run this script, use this style, show the icon, ask this port. Trusted types
/// with no policy mean that no text can become markup, whatever the script does.
fn policy() -> String {
    let (script, style) = (hash("script"), hash("style"));
    format!(
        "default-src 'none'; script-src '{script}'; style-src '{style}'; img-src data:; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
         trusted-types 'none'"
    )
}

/// The hash of what stands in the page's only element of this name.
fn hash(element: &str) -> String {
    let digest = Sha256::digest(inside(element));
    format!("sha256-{}", BASE64_STANDARD.encode(digest))
}

fn inside(element: &str) -> &'static str {
    let (open, close) = (format!("<{element}>"), format!("</{element}>"));
    let behind = PAGE.split_once(&*open).map_or("", |(_, behind)| behind);
    behind.split_once(&*close).map_or("", |(inside, _)| inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn script_and_style_are_there_once_and_the_policy_names_them() {
        for element in ["script", "style"] {
            assert_eq!(PAGE.matches(&format!("<{element}")).count(), 1, "{element}");
            assert!(inside(element).len() > 1000, "{element}");
        }
        let policy = POLICY.to_str().unwrap();
        assert!(policy.contains(&hash("script")) && policy.contains(&hash("style")), "{policy}");
        for loose in ["unsafe", "*", "http:", "https:"] {
            assert!(!policy.contains(loose), "{loose}");
        }
    }

    #[test]
    fn the_page_stands_alone_and_makes_no_markup_of_text() {
        let compact: String = PAGE.split_whitespace().collect::<Vec<_>>().join(" ");
        for (mark, why) in [
            ("innerHTML", "text would become markup"),
            ("outerHTML", "text would become markup"),
            ("insertAdjacentHTML", "text would become markup"),
            ("document.write", "text would become markup"),
            ("eval(", "text would become a program"),
            ("new Function", "text would become a program"),
            (" style=", "the policy forbids it"),
            (" onclick=", "the policy forbids it"),
            (" onsubmit=", "the policy forbids it"),
            ("src=", "nothing comes from elsewhere"),
            ("@import", "nothing comes from elsewhere"),
            ("url(", "nothing comes from elsewhere"),
            ("method: \"PUT\"", "the page changes nothing"),
            ("localStorage", "what is pasted is not kept"),
        ] {
            assert!(!compact.contains(mark), "{mark}: {why}");
        }
        assert!(!PAGE.contains('\r'), "browsers would hash other line ends");
    }
}
