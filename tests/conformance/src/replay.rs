//! Differing pods on disk: saved with all that is needed to ask again, and asked again with `--replay`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::api_server::{self, ApiServer};
use crate::case::Case;
use crate::judge::{self, Pair};
use crate::options::Options;
use crate::oracle::Oracle;
use crate::run::{Job, ask_both, excused, hold_words};
use crate::tally::{Figures, Tally};
use crate::{configuration, injector, places, report};

/// A saved case, and the answers that differed.
#[derive(Debug, Serialize, Deserialize)]
struct Saved {
    release: String,
    configuration: String,
    case: Case,
    istio: Value,
    pillion: Value,
}

/// Saves a case with both answers below `work` and says where.
pub fn save(work: &Path, job: &Job<'_>, pair: &Pair<'_>) -> Result<PathBuf> {
    write(work, job, pair.case, [&pair.istio.patch, &pair.pillion.patch])
}

/// Saves a case alone: the answers are had by asking again.
pub fn save_case(work: &Path, job: &Job<'_>, case: &Case) -> Result<PathBuf> {
    write(work, job, case, [&Value::Null, &Value::Null])
}

fn write(work: &Path, job: &Job<'_>, case: &Case, [istio, pillion]: [&Value; 2]) -> Result<PathBuf> {
    let dir = work.join("differing");
    std::fs::create_dir_all(&dir)?;
    let file = dir.join(format!("{}-{}-{}.json", job.release, job.configuration.name, case.name));
    let saved = Saved {
        release: job.release.to_owned(),
        configuration: job.configuration.name.clone(),
        case: case.clone(),
        istio: istio.clone(),
        pillion: pillion.clone(),
    };
    std::fs::write(&file, serde_json::to_vec_pretty(&saved)?)?;
    Ok(file)
}

/// Asks both injectors about a saved case and prints every difference; true when there is none.
pub fn run(file: &Path, options: &Options) -> Result<bool> {
    let text = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let saved: Saved =
        serde_json::from_slice(&text).with_context(|| format!("{} is no saved case", file.display()))?;
    let work = places::work(options.work.as_deref())?;
    let configurations = configuration::load(std::slice::from_ref(&saved.configuration))?;
    let configuration = configurations.first().context("the configuration is gone")?;
    let oracle = Oracle::of(&saved.release, &work)?;
    let newest = Oracle::of("latest", &work)?;
    let dir = work.join("rendered").join(&saved.release).join(&saved.configuration);
    configuration.render(&oracle, &dir)?;
    let injector = injector::build(options, &saved.release, configuration, &dir)?;
    let api_server = options.api_server.then(ApiServer::start).transpose()?;
    let job = Job {
        release: &saved.release,
        oracle: &oracle,
        newest: &newest,
        configuration,
        api_server: api_server.as_ref(),
        place: (0, 1),
        dir,
    };
    let cases = [saved.case];
    let (pairs, _) = ask_both(&job, injector.as_deref(), &cases, None)?;
    let mut judged = judge::judge(&newest, &pairs)?;
    if let Some(server) = job.api_server {
        server.hold(&job, &pairs, &mut judged, &[], &mut api_server::tally::Tally::default())?;
    }
    let (mut tally, mut figures) = (Tally::default(), Figures::default());
    let mut same = true;
    for (pair, judgement) in pairs.iter().zip(judged) {
        let mut judgement = excused(&job, pair, judgement, &mut tally);
        hold_words(&job, pair, &mut judgement, &mut figures, &mut tally);
        report::one(pair, &judgement);
        same &= judgement.same();
    }
    Ok(same)
}
