//! A whole run: every release and configuration is rendered, asked and judged; the figures are added up.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};

use crate::answer::{Answer, Reading, Verdict};
use crate::api_server::ApiServer;
use crate::case::Case;
use crate::compare::Difference;
use crate::configuration::{self, Configuration};
use crate::generate;
use crate::handmade::{self, Handmade};
use crate::injector::{self, Injector};
use crate::judge::{self, Judgement, Pair};
use crate::options::Options;
use crate::oracle::Oracle;
use crate::properties;
use crate::record::Recorder;
use crate::replay;
use crate::tally::{Failure, Figures, Tally};
use crate::{coverage, deviations, gates, loading, pillion, places, releases, templates, wordings, workers};
use pillion_chance::Rng;

/// How often the oracle is asked again about a pod that differs, in as many processes.
const ASK_AGAIN: usize = 3;
/// How often in each of these processes: map order shows within one process too.
const TIMES_EACH: usize = 3;
/// Of the injected pods, one in so many is injected a second time.
const AGAIN_EVERY: usize = 5;

/// One release and configuration to compare.
#[derive(Debug)]
pub struct Job<'r> {
    /// The release.
    pub release: &'r str,
    /// Its oracle.
    pub oracle: &'r Oracle,
    /// The oracle that judges.
    pub newest: &'r Oracle,
    /// The configuration.
    pub configuration: &'r Configuration,
    /// The API server that judges too.
    pub api_server: Option<&'r ApiServer>,
    /// Its place among the configurations of the run, and how many there are.
    pub place: (usize, usize),
    /// Where it is rendered.
    pub dir: PathBuf,
}

/// Runs everything that the options name.
pub fn run(options: &Options) -> Result<Tally> {
    let seed = options.seed.unwrap_or_else(clock_seed);
    let work = places::work(options.work.as_deref())?;
    let configurations = configuration::load(&options.config)?;
    let newest = Oracle::of("latest", &work)?;
    let chosen = releases::choose(&options.release, options.third_by_seed, seed)?;
    let oracles: BTreeMap<_, _> = chosen
        .iter()
        .map(|release| Ok((release.as_str(), Oracle::of(release, &work)?)))
        .collect::<Result<_>>()?;
    let handmade = if options.only_random { vec![] } else { handmade::load(&newest)? };
    let api_server = options.api_server.then(ApiServer::start).transpose()?;
    let api_server = api_server.as_ref();
    let mut jobs = vec![];
    for (release, oracle) in &oracles {
        for (at, configuration) in configurations.iter().enumerate().filter(|(_, c)| c.applies(release)) {
            let dir = work.join("rendered").join(release).join(&configuration.name);
            let place = (at, configurations.len());
            jobs.push(Job { release, oracle, newest: &newest, configuration, api_server, place, dir });
        }
    }
    let whole = ["1.20.1", "latest"].iter().all(|release| oracles.contains_key(release));
    let complete = whole && options.config.is_empty() && !options.only_random && options.pods > 0;
    let mut tally = Tally { seed, complete, ..Tally::default() };
    generate::expectations().into_iter().for_each(|name| tally.coverage.expect(name));
    deviations::TABLE.iter().for_each(|row| tally.coverage.expect(format!("on purpose: {}", row.name)));
    pillion::expectations(options.memo).into_iter().for_each(|name| tally.coverage.expect(name));
    gates::expectations(oracles.keys().copied()).into_iter().for_each(|name| tally.coverage.expect(name));
    handmade.iter().flat_map(Handmade::covers).for_each(|name| tally.coverage.expect(name));
    wordings::expect(&mut tally.coverage);
    templates::expect(&mut tally.coverage, &oracles.keys().copied().collect::<Vec<_>>())?;
    if options.config.is_empty() || options.config.iter().any(|name| name == "custom") {
        let parts = loading::load(&newest)?;
        loading::expect(&mut tally.coverage, &parts);
        for (release, oracle) in &oracles {
            tally.merge(loading::compare(release, oracle, &parts, options.show)?, options.show);
        }
    }
    let work_off = |job: &Job<'_>| {
        compare(job, &handmade, seed, options, &work)
            .with_context(|| format!("Istio {}, {}", job.release, job.configuration.name))
    };
    workers::each(&jobs, options.jobs, work_off, |found| tally.merge(found, options.show))?;
    Ok(tally)
}

/// A seed that no run had before.
#[must_use]
pub fn clock_seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    now.as_secs() ^ u64::from(now.subsec_nanos())
}

fn compare(job: &Job<'_>, handmade: &[Handmade], seed: u64, options: &Options, work: &Path) -> Result<Tally> {
    job.configuration.render(job.oracle, &job.dir)?;
    let injector = injector::build(options, job.release, job.configuration, &job.dir)?;
    let cases = cases(job, handmade, seed, options)?;
    let mut tally = Tally::default();
    let mut recorder = Recorder::begin(options.record.as_deref(), job)?;
    let injected = round(job, injector.as_deref(), &cases, options, work, &mut tally, &mut recorder)?;
    let again: Vec<Case> = injected
        .into_iter()
        .enumerate()
        .filter(|(at, _)| at % AGAIN_EVERY == 0)
        .map(|(_, (case, pod))| case.again(pod))
        .collect();
    round(job, injector.as_deref(), &again, options, work, &mut tally, &mut recorder)?;
    recorder.end()?;
    Ok(tally)
}

fn cases(job: &Job<'_>, handmade: &[Handmade], seed: u64, options: &Options) -> Result<Vec<Case>> {
    let paths = &job.configuration.paths;
    let path = |at: usize| paths[at % paths.len()].as_str();
    let mut cases: Vec<Case> = handmade
        .iter()
        .enumerate()
        .filter_map(|(at, one)| one.under(job.release, &job.configuration.name, path(at)))
        .collect();
    // The sweep is dealt out over the configurations, differently by each seed.
    let (place, places) = job.place;
    let turn = usize::try_from(seed % places as u64).unwrap_or_default();
    for (at, mut case) in generate::sweep().into_iter().enumerate() {
        if (at + turn) % places == place {
            path(at).clone_into(&mut case.path);
            cases.push(case);
        }
    }
    let seed = Rng::new(seed).fork(&job.configuration.name);
    for number in 0..options.pods {
        cases.push(generate::case(&seed, number, path(number)));
    }
    if job.configuration.own_templates {
        cases.extend(templates::cases(job.release, &seed, path(0))?);
    }
    Ok(cases)
}

/// Asks both about all cases, judges and counts; gives back what Istio injected.
fn round<'c>(
    job: &Job<'_>,
    injector: Option<&dyn Injector>,
    cases: &'c [Case],
    options: &Options,
    work: &Path,
    tally: &mut Tally,
    recorder: &mut Recorder,
) -> Result<Vec<(&'c Case, serde_json::Value)>> {
    let counts = job.dir.join("actions.json");
    let (pairs, answers) = ask_both(job, injector, cases, Some(&counts))?;
    coverage::count_actions(&mut tally.coverage, job.release, &counts)?;
    let mut judged = judge::judge(job.newest, &pairs)?;
    // Where Pillion refuses such a pod, that is the difference.
    let unreadable = |pair: &Pair<'_>, judgement: &Judgement| {
        judgement.unreadable.clone().filter(|_| pair.pillion.verdict == Verdict::Injected)
    };
    if let Some((pair, error)) =
        pairs.iter().zip(&judged).find_map(|(pair, judgement)| Some((pair, unreadable(pair, judgement)?)))
    {
        bail!("{}: Istio's own patch does not apply: {error}", pair.case.name);
    }
    for (judgement, answer) in judged.iter_mut().zip(&answers) {
        judgement.broken.extend(answer.fired.iter().filter(|name| name.starts_with("broken: ")).cloned());
    }
    let undecided = undecided(job, &pairs, &judged)?;
    if let Some(server) = job.api_server {
        server.hold(job, &pairs, &mut judged, &undecided, &mut tally.api_server)?;
    }
    let mut figures = Figures::default();
    let mut injected = vec![];
    for (at, (pair, judgement)) in pairs.iter().zip(judged).enumerate() {
        if undecided.contains(&at) {
            figures.undecided += 1;
            continue;
        }
        templates::count(&mut tally.coverage, job.release, pair);
        let mut judgement = excused(job, pair, judgement, tally);
        if pair.case.again && pair.istio.verdict == Verdict::Injected {
            let changed: Vec<&str> = answers[at]
                .fired
                .iter()
                .filter_map(|name| name.strip_prefix(pillion::AGAIN_CHANGES))
                .collect();
            figures.again += 1;
            figures.unchanged += usize::from(changed.is_empty());
            judgement.broken.extend(properties::second_injection(
                pair.case.pod(),
                &judgement.injected,
                &changed,
            ));
        }
        hold_words(job, pair, &mut judgement, &mut figures, tally);
        if judgement.excused && judgement.same() {
            figures.on_purpose += 1;
            gates::note(job.release, &answers[at].fired)
                .into_iter()
                .for_each(|name| tally.coverage.fire(name));
            continue;
        }
        figures.total += 1;
        figures.count(pair.istio.verdict);
        if pair.istio.verdict == Verdict::Refused {
            *tally.refusals.entry(general(&pair.istio.message)).or_default() += 1;
        }
        if job.configuration.chart_defaults {
            judgement.broken.extend(properties::no_value(pair));
        }
        let fired = answers[at].fired.iter().filter(|name| !name.starts_with(pillion::AGAIN_CHANGES));
        pair.case.covers.iter().chain(fired).for_each(|name| tally.coverage.fire(name));
        tally.coverage.fire(&format!("verdict: {:?}", pair.istio.verdict));
        recorder.note(pair, &judgement)?;
        if judgement.same() {
            figures.same += 1;
            gates::note(job.release, &answers[at].fired);
        } else {
            note_failure(job, pair, &judgement, options, work, tally)?;
        }
        if pair.istio.verdict == Verdict::Injected {
            injected.push((pair.case, judgement.injected));
        }
    }
    let key = (job.release.to_owned(), job.configuration.name.clone());
    tally.by_configuration.entry(key).or_default().add(&figures);
    Ok(injected)
}

/// The judgement without the differences that are there on purpose.
pub(crate) fn excused(
    job: &Job<'_>,
    pair: &Pair<'_>,
    mut judgement: Judgement,
    tally: &mut Tally,
) -> Judgement {
    let mut used = vec![];
    judgement.differences.retain(|difference| {
        let row = deviations::excuse(job, pair, difference);
        used.extend(row.map(|row| row.name));
        row.is_none()
    });
    used.dedup();
    used.iter().for_each(|name| tally.coverage.fire(&format!("on purpose: {name}")));
    judgement.excused = !used.is_empty();
    judgement
}

/// Holds what two refusals say against each other. Where Istio refuses for a reason that is not followed on purpose, Pillion
/// may refuse for another.
pub(crate) fn hold_words(
    job: &Job<'_>,
    pair: &Pair<'_>,
    judgement: &mut Judgement,
    figures: &mut Figures,
    tally: &mut Tally,
) {
    if [pair.istio.verdict, pair.pillion.verdict] != [Verdict::Refused; 2] {
        return;
    }
    let (istio, pillion) = (&pair.istio.message, &pair.pillion.message);
    let otherwise = wordings::count(istio, pillion, figures, tally);
    if otherwise.is_empty() {
        return;
    }
    let [istio, pillion] = [istio, pillion].map(|text| Some(text.as_str().into()));
    let difference = Difference { path: "(message)".to_owned(), istio, pillion };
    match deviations::excuse(job, pair, &difference) {
        Some(row) => {
            tally.coverage.fire(&format!("on purpose: {}", row.name));
            judgement.excused = true;
        }
        None => judgement.broken.extend(otherwise),
    }
}

fn title(job: &Job<'_>, pair: &Pair<'_>) -> String {
    format!("Istio {}, {}, {}", job.release, job.configuration.name, pair.case.name)
}

/// Both answers to every case, and Pillion's as they came. How often template actions ran goes into `counts`.
pub fn ask_both<'c>(
    job: &Job<'_>,
    injector: Option<&dyn Injector>,
    cases: &'c [Case],
    counts: Option<&Path>,
) -> Result<(Vec<Pair<'c>>, Vec<Answer>)> {
    let asked: Vec<&Case> = cases.iter().collect();
    let istio = job.oracle.batch(job.configuration, &job.dir, &asked, counts)?;
    let answers = match injector {
        None => job.oracle.batch(job.configuration, &job.dir, &asked, None)?,
        Some(injector) => {
            let admit = |case: &Case| injector.admit(&case.path, case.review.to_string().as_bytes());
            cases.iter().map(admit).collect()
        }
    };
    let mut pairs = vec![];
    for ((case, istio), answer) in cases.iter().zip(istio).zip(&answers) {
        pairs.push(Pair { case, istio: istio.read(), pillion: answer.read(), typed: injector.is_none() });
    }
    Ok((pairs, answers))
}

/// The pairs that differ and on which the oracle, asked again, does not agree with itself.
pub(crate) fn undecided(job: &Job<'_>, pairs: &[Pair<'_>], judged: &[Judgement]) -> Result<Vec<usize>> {
    let differing: Vec<usize> = (0..pairs.len()).filter(|at| !judged[*at].differences.is_empty()).collect();
    let same_verdict = |at: &&usize| pairs[**at].istio.verdict == pairs[**at].pillion.verdict;
    // Where every answer differs in its verdict there is nothing to be undecided about: Pillion is far off.
    if differing.len() == pairs.len() && !differing.iter().any(|at| same_verdict(&at)) {
        return Ok(vec![]);
    }
    let cases: Vec<&Case> =
        differing.iter().flat_map(|at| std::iter::repeat_n(pairs[*at].case, TIMES_EACH)).collect();
    let mut wavering = vec![];
    for _ in 0..ASK_AGAIN {
        let answers = job.oracle.batch(job.configuration, &job.dir, &cases, None)?;
        let readings: Vec<Reading> = answers.iter().map(Answer::read).collect();
        for (at, readings) in differing.iter().zip(readings.chunks(TIMES_EACH)) {
            if readings.iter().any(|reading| !judge::agree(reading, &pairs[*at].istio)) {
                wavering.push(*at);
            }
        }
    }
    Ok(wavering)
}

/// A message without what is in quotes, and without numbers: what kind of refusal it is.
fn general(message: &str) -> String {
    let mut out = String::new();
    let mut quote = None;
    for c in message.chars() {
        match quote {
            Some(q) if c == q => quote = None,
            Some(_) => {}
            None if matches!(c, '\'' | '"' | '`') => {
                quote = Some(c);
                out.push('…');
            }
            None if c.is_ascii_digit() => {}
            None => out.push(if c.is_control() { ' ' } else { c }),
        }
    }
    out.chars().take(160).collect()
}

fn note_failure(
    job: &Job<'_>,
    pair: &Pair<'_>,
    judgement: &Judgement,
    options: &Options,
    work: &Path,
    tally: &mut Tally,
) -> Result<()> {
    let title = title(job, pair);
    let broken = judgement.broken.iter().map(|b| format!("(broken) {}", b.split(':').next().unwrap_or(b)));
    let groups: Vec<String> = judgement.differences.iter().map(|d| d.group()).chain(broken).collect();
    for group in groups {
        tally.groups.entry(group).or_insert_with(|| (0, title.clone())).0 += 1;
    }
    if tally.failures.len() < options.show {
        let saved = replay::save(work, job, pair)?;
        tally.failures.push(Failure {
            saved,
            title,
            differences: judgement.differences.clone(),
            broken: judgement.broken.clone(),
        });
    }
    Ok(())
}
