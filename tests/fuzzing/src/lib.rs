//! Pillion against inputs that nobody sane would send. A target is a function of bytes that panics where something is
//! wrong; [`TARGETS`] lists them, with the inputs that mutation begins with. They are run in two ways: by libFuzzer, which
//! sees what code an input reaches (the workspace `fuzz`), and by [`run`], which is seeded and needs no other compiler.
//!
//! | module | owns |
//! |---|---|
//! | [`targets`] | the bodies: what is done with the bytes, and what must hold |
//! | [`seeds`] | what mutation begins with: the project's corpora, profiles and golden cases |
//! | [`grammar`] | which parts of an input belong together |
//! | `words` | words that mean something |
//! | [`mutate`] | inputs made of inputs |
//! | [`run`] | many inputs, each from the seed and its number; findings made small |
//!
//! Never: what the program should do with a right input. The tests beside the code hold that.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a target says what is wrong by panicking"
)]

pub mod grammar;
pub mod mutate;
pub mod run;
pub mod seeds;
pub mod targets;
mod words;

use grammar::Grammar;

/// What is run with bytes.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, also that of the libFuzzer target and of the folder of its cases.
    pub name: &'static str,
    /// Panics where something is wrong.
    pub body: fn(&[u8]),
    /// What mutation begins with.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Which parts of an input belong together.
    pub grammar: Grammar,
    /// No input is made longer than this.
    pub longest: usize,
    /// How many of a thousand executions of a run over all targets are its.
    pub share: u64,
}

/// All of them. The shares make a thousand.
pub const TARGETS: &[Target] = &[
    Target {
        name: "gotmpl_parse",
        body: targets::templates::parse,
        seeds: seeds::templates,
        grammar: Grammar::Template,
        longest: 4096,
        share: 130,
    },
    Target {
        name: "gotmpl_execute",
        body: targets::templates::execute,
        seeds: seeds::templates,
        grammar: Grammar::Template,
        longest: 2048,
        share: 110,
    },
    Target {
        name: "goyaml_read",
        body: targets::yaml::read,
        seeds: seeds::yaml,
        grammar: Grammar::Lines,
        longest: 4096,
        share: 130,
    },
    Target {
        name: "goyaml_roundtrip",
        body: targets::yaml::roundtrip,
        seeds: seeds::yaml,
        grammar: Grammar::Lines,
        longest: 4096,
        share: 110,
    },
    Target {
        name: "kubepatch_merge",
        body: targets::patches::merge,
        seeds: seeds::merges,
        grammar: Grammar::Json,
        longest: 8192,
        share: 90,
    },
    Target {
        name: "kubepatch_diff",
        body: targets::patches::diff,
        seeds: seeds::pairs,
        grammar: Grammar::Json,
        longest: 8192,
        share: 90,
    },
    Target {
        name: "review_decode",
        body: targets::reviews::decode,
        seeds: seeds::reviews,
        grammar: Grammar::Json,
        longest: 16384,
        share: 110,
    },
    Target {
        name: "whole_path",
        body: targets::reviews::whole_path,
        seeds: seeds::calls,
        grammar: Grammar::Json,
        longest: 16384,
        share: 30,
    },
    Target {
        name: "url_parameters",
        body: targets::settings::url_parameters,
        seeds: seeds::urls,
        grammar: Grammar::List,
        longest: 1024,
        share: 40,
    },
    Target {
        name: "annotations",
        body: targets::settings::annotations,
        seeds: seeds::annotations,
        grammar: Grammar::List,
        longest: 4096,
        share: 70,
    },
    Target {
        name: "declarations",
        body: targets::settings::declarations,
        seeds: seeds::declarations,
        grammar: Grammar::Lines,
        longest: 8192,
        share: 10,
    },
    Target {
        name: "redirect",
        body: targets::settings::redirect,
        seeds: seeds::redirects,
        grammar: Grammar::List,
        longest: 512,
        share: 80,
    },
];

/// The target of this name.
#[must_use]
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
