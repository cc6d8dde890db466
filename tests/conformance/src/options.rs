//! The arguments of the command.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use crate::memory::Memo;

/// Compares Pillion's answers with Istio's, and exits 1 when one differs.
#[derive(Debug, Parser)]
#[command(name = "pillion-conformance", version)]
pub struct Options {
    /// Releases to compare with, as named in releases.txt, or `all`.
    #[arg(long, value_delimiter = ',', default_values_t = [String::from("1.20.1"), String::from("latest")])]
    pub release: Vec<String>,
    /// A further release, picked by the seed.
    #[arg(long)]
    pub third_by_seed: bool,
    /// Only these configurations (names of the files in configs/).
    #[arg(long, value_delimiter = ',')]
    pub config: Vec<String>,
    /// Random pods for each release and configuration.
    #[arg(long, default_value_t = 40)]
    pub pods: usize,
    /// The seed of the random pods; one is drawn from the clock when this is not given.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Fail when fewer pods than this were injected by the oracle.
    #[arg(long, default_value_t = 0)]
    pub min: usize,
    /// Fail when fewer pods than this were injected by the oracle of one release.
    #[arg(long, default_value_t = 0)]
    pub min_each: usize,
    /// How many differing pods are shown and saved.
    #[arg(long, default_value_t = 5)]
    pub show: usize,
    /// Print how often each path differed.
    #[arg(long)]
    pub summary: bool,
    /// Print the whole coverage table, not only what never fired.
    #[arg(long)]
    pub coverage: bool,
    /// Leave out the hand-written pods.
    #[arg(long)]
    pub only_random: bool,
    /// Create every injected pod in a real API server too, with dry run: as it was, after Istio and after Pillion.
    #[arg(long)]
    pub api_server: bool,
    /// Compare manifests, as `istioctl kube-inject` injects them, instead of pods: --pods and --min then count random
    /// manifests of each release and configuration, and documents of each release.
    #[arg(long)]
    pub files: bool,
    /// Write the pods on which both agree, with their answers, into this folder: the core's test `recorded` reads it.
    #[arg(long, value_name = "DIR")]
    pub record: Option<PathBuf>,
    /// Compare so many pods that nobody would write instead, under configurations that are changed too; what differs is
    /// made small.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub fuzz: usize,
    /// Run one saved case again and print every difference.
    #[arg(long, value_name = "FILE")]
    pub replay: Option<PathBuf>,
    /// Compare mesh configurations and ProxyConfig resources, field by field, and no pods.
    #[arg(long)]
    pub mesh: bool,
    /// With --mesh: random questions, besides those that go through every field.
    #[arg(long, default_value_t = 2000)]
    pub questions: usize,
    /// With --mesh: ask one saved question again.
    #[arg(long, value_name = "FILE")]
    pub question: Option<PathBuf>,
    /// What is held against Istio.
    #[arg(long, value_enum, default_value_t = Peer::Pillion)]
    pub peer: Peer,
    /// How many answers are remembered while replicas of each pod are asked about.
    #[arg(long, value_enum, default_value_t = Memo::On)]
    pub memo: Memo,
    /// Where rendered configurations and differing pods are written.
    #[arg(long, value_name = "DIR")]
    pub work: Option<PathBuf>,
    /// Configurations compared at once.
    #[arg(long, default_value_t = 2)]
    pub jobs: usize,
}

/// What is held against Istio. All but the first exist to test the harness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Peer {
    /// Pillion.
    Pillion,
    /// An injector that never injects: nearly nothing is the same.
    Null,
    /// Istio itself: everything is the same, but for what it does not answer twice alike.
    Istio,
}
