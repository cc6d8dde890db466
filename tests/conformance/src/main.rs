//! Holds Pillion against Istio.
fn main() {}
