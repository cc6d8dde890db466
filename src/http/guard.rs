//! What a request to the debug port must be, and what each of its answers tells a browser. A person's browser reaches
//! loopback, and so does every web page in it: by a name that resolves to 127.0.0.1, or by a request out of another page.
//! Neither is answered. Never: what is served.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// What each answer says: nothing of it is kept, guessed at, embedded, or read by another origin.
const HEADERS: [(&str, &str); 6] = [
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("cache-control", "no-store"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-embedder-policy", "require-corp"),
    ("cross-origin-resource-policy", "same-origin"),
];
/// The policy of what is no page: data, and refusals.
const NO_PAGE: &str =
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox";

/// Lets requests through that name a loopback host and come from no other page.
pub(super) async fn guard(request: Request, next: Next) -> Response {
    let mut response = match refusal(&request) {
        Some(why) => (StatusCode::FORBIDDEN, why).into_response(),
        None => next.run(request).await,
    };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(NO_PAGE));
    response
}

/// Why a request is not answered.
fn refusal(request: &Request) -> Option<&'static str> {
    let headers = request.headers();
    let mut named = headers.get_all(header::HOST).iter().map(|value| value.to_str().unwrap_or_default());
    let host = named.next().or_else(|| request.uri().authority().map(|authority| authority.as_str()));
    let elsewhere = request.uri().authority().is_some_and(|authority| !is_loopback(authority.as_str()));
    let Some(host) = host.filter(|host| is_loopback(host) && named.next().is_none() && !elsewhere) else {
        return Some("this port answers to localhost only: open http://localhost:PORT/\n");
    };
    // Programs send no Origin; browsers do, with all that could do or read something across origins.
    let foreign = headers.get_all(header::ORIGIN).iter().any(|origin| !is_own(origin, host));
    foreign.then_some("this port answers no pages of another origin\n")
}

/// Whether the page at this origin is the port's own: the same host, by the same name and port.
fn is_own(origin: &HeaderValue, host: &str) -> bool {
    let origin = origin.to_str().ok().and_then(|origin| origin.strip_prefix("http://"));
    origin.is_some_and(|origin| origin.eq_ignore_ascii_case(host))
}

/// Whether a host, perhaps with a port, is this machine.
fn is_loopback(host: &str) -> bool {
    let bare = match host.rsplit_once(':') {
        Some((bare, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !bare.ends_with(':') => bare,
        _ => host,
    };
    let bare = bare.strip_prefix('[').and_then(|bare| bare.strip_suffix(']')).unwrap_or(bare);
    bare.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    #[test]
    fn only_names_of_this_machine_are_answered() {
        for good in [
            "localhost",
            "LocalHost:8080",
            "localhost:15016",
            "127.0.0.1:15016",
            "[::1]:15016",
            "::1",
            "127.8.8.8",
        ] {
            assert!(is_loopback(good), "{good}");
        }
        for bad in [
            "example.org",
            "example.org:15016",
            "10.0.0.1:15016",
            "localhost.example.org",
            "127.0.0.1.example.org",
            "localhost@example.org",
            "[::1",
            "0.0.0.0:15016",
            "",
            ":15016",
        ] {
            assert!(!is_loopback(bad), "{bad}");
        }
    }

    #[test]
    fn a_request_has_one_host_and_comes_from_the_port_s_own_page_or_from_none() {
        let asked = |uri: &str, headers: &[(&str, &str)]| {
            let mut request = axum::http::Request::get(uri);
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            refusal(&request.body(Body::empty()).unwrap()).is_none()
        };
        let own = ("host", "localhost:8016");
        assert!(asked("/", &[own]));
        assert!(asked("/", &[own, ("origin", "http://localhost:8016")]));
        assert!(asked("http://localhost:8016/", &[]));
        let refused: [(&str, &[(&str, &str)]); 12] = [
            ("/", &[]),
            ("/", &[("host", "rebound.example")]),
            ("/", &[own, ("host", "rebound.example")]),
            ("/", &[own, own]),
            ("http://rebound.example/", &[own]),
            ("http://rebound.example/", &[]),
            ("/", &[own, ("origin", "http://localhost:8080")]),
            ("/", &[own, ("origin", "http://127.0.0.1:8016")]),
            ("/", &[own, ("origin", "https://localhost:8016")]),
            ("/", &[own, ("origin", "https://example.org")]),
            ("/", &[own, ("origin", "null")]),
            ("/", &[own, ("origin", "http://localhost:8016"), ("origin", "null")]),
        ];
        for (uri, headers) in refused {
            assert!(!asked(uri, headers), "{uri} {headers:?}");
        }
    }
}
