//! Configurations that are hurt: refused with a place, or taken, and then pods are answered under them.

use pillion_core::config::{Cluster, Settings, Snapshot, Source, Sources};

use crate::{hurt, pods, sets, survive};
use pillion_chance::Rng;

fn tried(config: &str, values: &str, mesh: &str) -> bool {
    let sources = Sources {
        injector: Source { name: "config", text: config },
        values: Source { name: "values", text: values },
        mesh: Some(Source { name: "mesh", text: mesh }),
        shared_mesh: None,
        proxy_configs: Vec::new(),
        annotations: None,
    };
    match Snapshot::build(&sources, Settings::default(), Cluster::default()) {
        Ok(built) => {
            for warning in &built.warnings {
                assert!(!warning.to_string().is_empty());
            }
            survive::answered(&built.snapshot, &pods::rich().to_string(), "/inject");
            true
        }
        Err(error) => {
            let message = error.to_string();
            let place = ["config", "values", "mesh"].iter().any(|name| message.contains(name));
            assert!(place && message.len() < 32 * 1024, "{message}");
            false
        }
    }
}

#[test]
fn hurt_configurations_are_refused_with_their_place_or_used() {
    let [config, values, mesh] = sets::PROFILE;
    let mut rng = Rng::new(3);
    let mut taken = 0;
    for round in 0..240 {
        let [c, v, m] = [config, values, mesh].map(str::to_owned);
        let small = hurt::torn(sets::SIDECAR, &mut rng);
        taken += usize::from(match round % 4 {
            0 => tried(&hurt::torn(&c, &mut rng), &v, &m),
            1 => tried(&c, &hurt::torn(&v, &mut rng), &m),
            2 => tried(&c, &v, &hurt::torn(&m, &mut rng)),
            _ => tried(&small, &v, &m),
        });
    }
    assert!((10..230).contains(&taken), "{taken} of 240 taken");
}

#[test]
fn values_and_meshes_of_any_kind_are_answered() {
    let [config, values, mesh] = sets::PROFILE;
    let whole = [
        "",
        "null",
        "5",
        "[]",
        "{}",
        "\"x\"",
        "{\"global\":5}",
        "{\"global\":{\"proxy\":[]}}",
        "\u{0}",
        "a: b: c",
    ];
    for text in whole.iter().chain(hurt::FRAGMENTS) {
        tried(text, values, mesh);
        tried(config, text, mesh);
        tried(config, values, text);
        for key in
            ["defaultConfig", "extensionProviders", "trustDomain", "defaultProviders", "discoverySelectors"]
        {
            tried(config, values, &format!("{{\"{key}\": {text}}}"));
        }
        for key in [
            "policy",
            "defaultTemplates",
            "aliases",
            "templates",
            "neverInjectSelector",
            "injectedAnnotations",
        ] {
            tried(&format!("{{\"{key}\": {text}}}"), values, mesh);
        }
    }
}

#[test]
fn a_yaml_bomb_is_refused() {
    let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned();
    for i in 1..40 {
        bomb += &format!("a{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); 9].join(","));
    }
    let [config, values, _] = sets::PROFILE;
    assert!(!tried(config, values, &bomb));
    assert!(!tried(config, &bomb, ""));
    assert!(!tried(&bomb, values, ""));
}
