//! [`Limits`]: what a template may use, so that a hostile one costs bounded time and memory.

/// Bounds of one rendering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Nodes evaluated and iterations made.
    pub steps: u64,
    /// Bytes written.
    pub output: usize,
    /// Bytes of values made, counted over the whole rendering, also those that are gone again.
    pub memory: usize,
    /// Templates called within each other. Go allows 100,000, which needs a stack that grows.
    pub depth: u32,
}

impl Default for Limits {
    /// Far above what any template of a sidecar needs: shipped ones take a few thousand steps and 10 kB.
    fn default() -> Self {
        Self { steps: 2_000_000, output: 8 << 20, memory: 64 << 20, depth: 200 }
    }
}
