//! Places where tests have the program break down: `trip!` panics for the path `/inject/panic/STAGE`, and is nothing in a
//! program that is not under test. And those tests. Never: part of the program.

/// Breaks down here, if this path says so and this is a test.
macro_rules! trip {
    ($path:expr, $stage:literal) => {
        #[cfg(test)]
        $crate::http::faults::trip(&$path, $stage);
    };
}

#[cfg(test)]
pub(in crate::http) fn trip(path: &str, stage: &str) {
    assert!(path.strip_prefix("/inject/panic/") != Some(stage), "a fault at {stage}, as a test asked");
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::sync::Arc;

    use pillion_core::config::{Cluster, Settings};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use crate::decisions::DecisionLog;
    use crate::engine::Engine;
    use crate::http::{Limits, admit, listen};
    use crate::lifecycle::{Readiness, Trigger, shutdown};
    use crate::source::embedded;
    use crate::telemetry::Metrics;

    fn review(length: usize) -> String {
        let pad = "x".repeat(length);
        format!(
            r#"{{"apiVersion":"admission.k8s.io/v1beta1","kind":"AdmissionReview","request":{{"object":{{"metadata":{{"annotations":{{"pad":"{pad}"}}}},"spec":{{"containers":[{{"name":"a","image":"a"}}]}}}},"uid":"u-7","namespace":"shop"}}}}"#
        )
    }

    /// The webhook on a port, without TLS.
    fn webhook() -> (SocketAddr, Arc<Metrics>, Trigger) {
        let metrics = Arc::new(Metrics::new("default"));
        let engine = Engine::new(Arc::clone(&metrics));
        engine.replace(embedded::build(Settings::default(), Cluster::default()).unwrap().snapshot);
        let router = admit::router(engine, Arc::new(Readiness::default()), DecisionLog::All);
        let listener = listen::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let (trigger, stop) = shutdown();
        tokio::spawn(listen::serve(listener, None, router, Limits::default(), Arc::clone(&metrics), stop));
        (address, metrics, trigger)
    }

    /// What is answered on a connection that stays open.
    async fn ask(stream: &mut TcpStream, path: &str, body: &str) -> String {
        let length = body.len();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
        );
        stream.write_all((head + body).as_bytes()).await.unwrap();
        let mut got = Vec::new();
        loop {
            assert!(stream.read_buf(&mut got).await.unwrap() > 0, "the connection was closed");
            let text = String::from_utf8_lossy(&got);
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
            if body.len() >= length.parse().unwrap() {
                assert!(head.starts_with("HTTP/1.1 200"), "{head}");
                return body.to_owned();
            }
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_breaks_down_anywhere_is_answered_with_the_uid_and_the_connection_lives() {
        std::panic::set_hook(Box::new(|_| {}));
        let (address, metrics, _trigger) = webhook();
        let mut stream = TcpStream::connect(address).await.unwrap();
        let small = review(1);
        // Large enough to be worked on beside the threads that serve.
        let large = review(200_000);
        let rows = [
            ("begin", &small, r#""uid":"","allowed":false"#),
            ("received", &small, r#""uid":"u-7","allowed":false"#),
            ("here", &small, r#""uid":"u-7","allowed":false"#),
            ("beside", &large, r#""uid":"u-7","allowed":false"#),
            // The answer was there.
            ("tell", &small, r#""uid":"u-7","allowed":true"#),
        ];
        for (count, (stage, body, holds)) in rows.iter().enumerate() {
            let answer = ask(&mut stream, &format!("/inject/panic/{stage}"), body).await;
            assert!(answer.contains(holds), "{stage}: {answer:.300}");
            let panics = format!("pillion_panics_total {}", count + 1);
            assert!(metrics.render().lines().any(|line| line == panics), "{stage}: {panics}");
            assert!(ask(&mut stream, "/inject", body).await.contains(r#""allowed":true"#), "{stage}");
        }
        let text = metrics.render();
        assert!(text.contains("pillion_requests_in_flight 0"), "{text}");
        assert!(text.contains(r#"reason="internal",revision="default"} 4"#), "{text}");
    }
}
