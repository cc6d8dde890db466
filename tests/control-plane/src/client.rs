//! [`Client`]: calls to the API server as its administrator, over connections that are kept open. It blocks, and may
//! be shared by threads. Never judges an answer: a refusal is an answer too.

use std::io::{BufRead, BufReader, Read};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use ureq::http::{Request, Response};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Body};

use crate::certificates::Credentials;

/// How long one call may take: much longer than any does on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// Objects and their lists; anything longer is no answer that a test wants.
const MOST_BYTES: u64 = 64 << 20;

/// Calls the API server.
#[derive(Clone, Debug)]
pub struct Client {
    agent: Agent,
    url: String,
    authorization: String,
}

/// What the API server answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The texts of its warnings.
    pub warnings: Vec<String>,
    /// The object, or the `Status` that says why there is none. Text that is no JSON is a JSON string.
    pub body: Value,
}

impl Client {
    /// A client of the API server at `url`; `threads` may call at once without opening connections anew.
    pub(crate) fn new(url: String, credentials: &Credentials, threads: usize) -> Result<Self> {
        let ca = Certificate::from_pem(credentials.ca_pem.as_bytes())?;
        let tls = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .root_certs(RootCerts::new_with_certs(&[ca]))
            .build();
        let agent = Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(false)
            // The environment's proxy is for the world outside.
            .proxy(None)
            .max_idle_connections(threads)
            .max_idle_connections_per_host(threads)
            .timeout_global(Some(PATIENCE))
            .build()
            .new_agent();
        Ok(Self { agent, url, authorization: format!("Bearer {}", credentials.token) })
    }

    /// Reads what is at `path`, a path of the API with its parameters.
    ///
    /// # Errors
    /// There was no answer.
    pub fn get(&self, path: &str) -> Result<Answer> {
        self.call("GET", path, None)
    }

    /// Posts an object.
    ///
    /// # Errors
    /// There was no answer.
    pub fn post(&self, path: &str, object: &Value) -> Result<Answer> {
        self.call("POST", path, Some(("application/json", &object.to_string())))
    }

    /// Any call, with a body of any type.
    ///
    /// # Errors
    /// There was no answer.
    pub fn call(&self, method: &str, path: &str, body: Option<(&str, &str)>) -> Result<Answer> {
        read(self.answered(method, path, body)?)
            .with_context(|| format!("{method} {path}: the answer cannot be read"))
    }

    /// Reads what comes from `path` line by line, as the events of a watch do, until the API server ends it: `each` gets
    /// every line as soon as it is there.
    ///
    /// # Errors
    /// There was no answer, or it was a refusal, or it broke off.
    pub fn lines(&self, path: &str, mut each: impl FnMut(Value)) -> Result<()> {
        let answered = self.answered("GET", path, None)?;
        let status = answered.status();
        ensure!(status.is_success(), "GET {path}: {status}");
        let broken = || format!("GET {path}: the answer broke off");
        for line in BufReader::new(answered.into_body().into_reader().take(MOST_BYTES)).lines() {
            each(serde_json::from_str(&line.with_context(broken)?).with_context(broken)?);
        }
        Ok(())
    }

    fn answered(&self, method: &str, path: &str, body: Option<(&str, &str)>) -> Result<Response<Body>> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header("authorization", &self.authorization)
            .header("accept", "application/json");
        if let Some((kind, _)) = body {
            request = request.header("content-type", kind);
        }
        let answered = match body {
            Some((_, text)) => self.agent.run(request.body(text)?),
            None => self.agent.run(request.body(())?),
        };
        answered.with_context(|| format!("{method} {path}: the API server does not answer"))
    }
}

impl Answer {
    /// Whether the call did what it asked for.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        self.status >= 200 && self.status < 300
    }
}

fn read(mut response: Response<Body>) -> Result<Answer> {
    let warnings = response.headers().get_all("warning").iter();
    let warnings = warnings.map(|header| warning(&String::from_utf8_lossy(header.as_bytes()))).collect();
    let text = response.body_mut().with_config().limit(MOST_BYTES).read_to_vec()?;
    let body = serde_json::from_slice(&text)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&text).into_owned()));
    Ok(Answer { status: response.status().as_u16(), warnings, body })
}

/// The text of `299 - "TEXT"`; a header that is not of this form as it is.
fn warning(header: &str) -> String {
    let quoted = header.split_once('"').and_then(|(_, rest)| rest.strip_suffix('"'));
    let Some(quoted) = quoted else { return header.to_owned() };
    let mut text = String::new();
    let mut escaped = false;
    for c in quoted.chars() {
        escaped = c == '\\' && !escaped;
        if !escaped {
            text.push(c);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::warning;

    #[test]
    fn the_text_of_a_warning_is_read_out_of_its_header() {
        assert_eq!(
            warning(r#"299 - "unknown field \"spec.x\", \\ kept""#),
            r#"unknown field "spec.x", \ kept"#
        );
        assert_eq!(warning("no warning of that form"), "no warning of that form");
    }
}
