//! Pillion's answer to a question, out of the same functions that make a snapshot and inject a pod. Never Istio's.

use anyhow::{Result, anyhow};
use pillion_core::config::proxyconfig::{self, ANNOTATION, Target};
use pillion_core::config::{Gates, Level, Mesh, ProxyConfigResource, ProxyConfigs, Source};
use pillion_govalue::encode::message_json;
use pillion_govalue::types::KNOWN;
use pillion_govalue::{TypeRef, Value};

use super::question::{Answer, Question};

/// What Pillion, following `level`, makes of a question.
pub fn answer(question: &Question, level: Level) -> Result<Answer> {
    let gates = Gates::of(level);
    let mut answer = Answer::default();
    let mut mesh = Mesh::of(&gates);
    for (name, text) in [("shared", &question.shared), ("mesh", &question.mesh)] {
        match text.as_deref().map(|text| mesh.layered(text)) {
            None => {}
            Some(Ok((layered, _))) => mesh = layered,
            Some(Err(error)) => {
                answer.refused.insert(name.to_owned(), error.to_string());
            }
        }
    }
    answer.mesh = json(&mesh.config, KNOWN.mesh_config)?;
    let mut resources = vec![];
    for text in &question.proxy_configs {
        let read = ProxyConfigResource::read(&Source { name: "resource", text });
        answer.resources.push(read.as_ref().err().map(ToString::to_string).unwrap_or_default());
        resources.extend(read);
    }
    let annotation = question.annotations.get(ANNOTATION).map(String::as_str);
    if let Some(text) = annotation {
        if let Err(error) = proxyconfig::check_annotation(text, &gates) {
            answer.annotation = error.to_string();
        }
        if let Ok(applied) = mesh.with_proxy_config(text) {
            answer.applied = json(&applied, KNOWN.proxy_config)?;
        }
    }
    let label = |key: &str| question.labels.get(key).map(String::as_str);
    let target = Target { namespace: &question.namespace, label, annotation };
    let proxy = proxyconfig::effective(&mesh, &ProxyConfigs::new(resources, &gates), &target);
    answer.proxy = json(&proxy, KNOWN.proxy_config)?;
    let clean = proxyconfig::clean_proxy_config(&proxy, !gates.no_default_tracing);
    answer.pod = text(&clean, KNOWN.proxy_config)?;
    Ok(answer)
}

fn text(message: &Value<'_>, ty: TypeRef) -> Result<String> {
    message_json(message, ty).map_err(|error| anyhow!("a message that cannot be written: {error}"))
}

fn json(message: &Value<'_>, ty: TypeRef) -> Result<serde_json::Value> {
    Ok(serde_json::from_str(&text(message, ty)?)?)
}
