//! Probes and lifecycle hooks of every kind.

use serde_json::{Value, json};

use super::{Draw, Object};

/// The kinds of probe.
pub(super) const PROBES: &[(&str, Kind)] = &[
    ("http, port by number", Kind::Http(Port::Number, None)),
    ("http, port by name", Kind::Http(Port::Name, None)),
    ("http, port by a name that no port has", Kind::Http(Port::Unknown, None)),
    ("http, port as text", Kind::Http(Port::Text, None)),
    ("https", Kind::Http(Port::Number, Some("HTTPS"))),
    ("http, scheme given", Kind::Http(Port::Name, Some("HTTP"))),
    ("http to the agent's port", Kind::Http(Port::Agent, None)),
    ("tcp, port by number", Kind::Tcp(Port::Number)),
    ("tcp, port by name", Kind::Tcp(Port::Name)),
    ("tcp, port by a name that no port has", Kind::Tcp(Port::Unknown)),
    ("grpc", Kind::Grpc(None)),
    ("grpc with a service", Kind::Grpc(Some("health"))),
    ("exec", Kind::Exec),
    ("empty", Kind::Empty),
];

/// The kinds of lifecycle hook.
pub(super) const HOOKS: &[(&str, Kind)] = &[
    ("http, port by number", Kind::Http(Port::Number, None)),
    ("http, port by name", Kind::Http(Port::Name, None)),
    ("https", Kind::Http(Port::Number, Some("HTTPS"))),
    ("http, port by a name that no port has", Kind::Http(Port::Unknown, None)),
    ("tcp", Kind::Tcp(Port::Number)),
    ("exec", Kind::Exec),
    ("empty", Kind::Empty),
];

/// What is done to find out.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// An HTTP request.
    Http(Port, Option<&'static str>),
    /// A TCP connection.
    Tcp(Port),
    /// A gRPC call.
    Grpc(Option<&'static str>),
    /// A command.
    Exec,
    /// No action at all.
    Empty,
}

/// How the port is given.
#[derive(Clone, Copy, Debug)]
pub(super) enum Port {
    /// A number.
    Number,
    /// The name of a port of the container.
    Name,
    /// A name that no port has.
    Unknown,
    /// A number in quotes.
    Text,
    /// The port on which the agent serves rewritten probes.
    Agent,
}

impl Port {
    fn value(self) -> Value {
        match self {
            Self::Number => json!(8080),
            Self::Name => json!("http"),
            Self::Unknown => json!("nowhere"),
            Self::Text => json!("8080"),
            Self::Agent => json!(15020),
        }
    }
}

/// A probe of a drawn kind.
pub(super) fn probe(draw: &mut Draw) -> Value {
    let kind = *draw.choose("probe", PROBES);
    let mut probe = action(draw, kind);
    for (field, most) in
        [("timeoutSeconds", 9), ("periodSeconds", 30), ("initialDelaySeconds", 20), ("failureThreshold", 5)]
    {
        if draw.chance(30) {
            probe.insert(field.to_owned(), json!(1 + draw.below(most)));
        }
    }
    Value::Object(probe)
}

/// A lifecycle hook of a drawn kind.
pub(super) fn hook(draw: &mut Draw) -> Value {
    let kind = *draw.choose("lifecycle", HOOKS);
    Value::Object(action(draw, kind))
}

fn action(draw: &mut Draw, kind: Kind) -> Object {
    let mut object = Object::new();
    let (name, value) = match kind {
        Kind::Empty => return object,
        Kind::Http(port, scheme) => {
            let mut get =
                json!({"path": draw.pick(&["/ready", "/health?deep=1&x=<y>", ""]), "port": port.value()});
            if let Some(scheme) = scheme {
                get["scheme"] = json!(scheme);
            }
            if draw.chance(25) {
                get["httpHeaders"] =
                    json!([{"name": "Host", "value": "shop.example.org"}, {"name": "X-Probe", "value": ""}]);
            }
            if draw.chance(10) {
                get["host"] = json!("127.0.0.1");
            }
            ("httpGet", get)
        }
        Kind::Tcp(port) => {
            let mut socket = json!({"port": port.value()});
            if draw.chance(15) {
                socket["host"] = json!("localhost");
            }
            ("tcpSocket", socket)
        }
        Kind::Grpc(None) => ("grpc", json!({"port": 9090})),
        Kind::Grpc(Some(service)) => ("grpc", json!({"port": 9090, "service": service})),
        Kind::Exec => ("exec", json!({"command": ["sh", "-c", "test -f /tmp/ready && echo \"<ok>\""]})),
    };
    object.insert(name.to_owned(), value);
    object
}
