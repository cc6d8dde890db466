//! [`Oracle`]: Istio's own injector of one release, as a child process. Owns how it is called and how its answers
//! are read; never judges them.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::case::Case;
use crate::configuration::Configuration;
use crate::files::ask::Said;
use crate::places;

/// A built oracle.
#[derive(Clone, Debug)]
pub struct Oracle {
    release: String,
    program: PathBuf,
    scratch: PathBuf,
}

/// What `batch` writes for one call.
#[derive(Debug, Deserialize)]
struct BatchLine {
    code: u16,
    body: String,
    #[serde(default)]
    panic: String,
}

/// An action of a template, and how often it ran.
#[derive(Debug, Deserialize)]
pub struct Action {
    /// The template.
    pub template: String,
    /// Its line.
    pub line: usize,
    /// The action itself, or `branch` for a branch being taken.
    pub action: String,
    /// How often it ran.
    pub count: usize,
}

/// What `units` writes for one question.
#[derive(Debug, Deserialize)]
pub struct Unit {
    /// The answer, where it is JSON.
    #[serde(default)]
    pub json: Value,
    /// Why there is none.
    #[serde(default)]
    pub err: Option<String>,
}

impl Oracle {
    /// The oracle of `release`, built if it is not yet; files of calls go to `work`.
    pub fn of(release: &str, work: &Path) -> Result<Self> {
        let script = places::sources().join("build-oracle.sh");
        let built = Command::new(&script)
            .arg(release)
            .stderr(Stdio::inherit())
            .output()
            .with_context(|| format!("cannot run {}", script.display()))?;
        if !built.status.success() {
            bail!("the oracle of Istio {release} is not there: {} says why", script.display());
        }
        let scratch = work.join("scratch");
        std::fs::create_dir_all(&scratch)?;
        let program = places::oracle_cache()?.join(release).join("oracle");
        Ok(Self { release: release.to_owned(), program, scratch })
    }

    /// The release whose injector it is.
    #[must_use]
    pub fn release(&self) -> &str {
        &self.release
    }

    /// What tells this build of the oracle from others.
    pub fn stamp(&self) -> Result<String> {
        let file = self.program.with_file_name("stamp");
        std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))
    }

    /// Renders the release's chart with `values` into `dir`, as the release was published: with its tag.
    pub fn render(&self, values: &Path, dir: &Path) -> Result<()> {
        let tag = if self.release == "latest" { "" } else { &self.release };
        let args: [&OsStr; 7] = [
            "render".as_ref(),
            "--dir".as_ref(),
            dir.as_os_str(),
            "--values".as_ref(),
            values.as_os_str(),
            "--tag".as_ref(),
            tag.as_ref(),
        ];
        self.call(&args, &[], Stdio::null())
    }

    /// Istio's answers to `cases` under the configuration rendered into `dir`, in order; with `counts`, how often each
    /// action of a template ran goes into that file.
    pub fn batch(
        &self,
        configuration: &Configuration,
        dir: &Path,
        cases: &[&Case],
        counts: Option<&Path>,
    ) -> Result<Vec<Answer>> {
        let questions = cases.iter().map(|case| json!({"path": case.path, "review": case.review}));
        let mut args: Vec<&OsStr> = vec![
            "batch".as_ref(),
            "--dir".as_ref(),
            dir.as_os_str(),
            "--revision".as_ref(),
            configuration.revision.as_ref(),
        ];
        if let Some(file) = counts {
            args.extend(["--coverage".as_ref(), file.as_os_str()]);
        }
        let lines: Vec<BatchLine> = self.ask(&args, &configuration.env, questions)?;
        Ok(lines
            .into_iter()
            .map(|line| Answer {
                code: line.code,
                body: line.body.into_bytes(),
                panicked: !line.panic.is_empty(),
                fired: vec![],
            })
            .collect())
    }

    /// Answers of a building block, in order.
    pub fn units(&self, unit: &str, questions: impl Iterator<Item = Value>) -> Result<Vec<Unit>> {
        self.ask(&["units".as_ref(), "--unit".as_ref(), unit.as_ref()], &[], questions)
    }

    /// Istio's answers about manifests under the configuration rendered into `dir`, in order.
    pub fn manifests(
        &self,
        configuration: &Configuration,
        dir: &Path,
        questions: impl Iterator<Item = Value>,
    ) -> Result<Vec<Said>> {
        let args: [&OsStr; 5] = [
            "manifests".as_ref(),
            "--dir".as_ref(),
            dir.as_os_str(),
            "--revision".as_ref(),
            configuration.revision.as_ref(),
        ];
        self.ask(&args, &configuration.env, questions)
    }

    /// What mesh configurations become, in order.
    pub fn mesh<T: DeserializeOwned>(&self, questions: impl Iterator<Item = Value>) -> Result<Vec<T>> {
        self.ask(&["mesh".as_ref()], &[], questions)
    }

    /// What Istio says of parts of configurations, in order; nothing where it takes them.
    pub fn load(&self, parts: impl Iterator<Item = Value>) -> Result<Vec<Option<String>>> {
        let said: Vec<Unit> = self.ask(&["load".as_ref()], &[], parts)?;
        Ok(said.into_iter().map(|unit| unit.err).collect())
    }

    /// Questions to a file, the oracle over it, answers from a file: no pipe can fill up.
    fn ask<T: DeserializeOwned>(
        &self,
        args: &[&OsStr],
        env: &[(String, String)],
        questions: impl Iterator<Item = Value>,
    ) -> Result<Vec<T>> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let file = |ending: &str| self.scratch.join(format!("{}-{number}.{ending}", std::process::id()));
        let (asked, answered) = (file("in"), file("out"));
        let mut count = 0;
        let mut writer = BufWriter::new(File::create(&asked)?);
        for question in questions {
            serde_json::to_writer(&mut writer, &question)?;
            writer.write_all(b"\n")?;
            count += 1;
        }
        writer.flush()?;
        if count == 0 {
            return Ok(vec![]);
        }
        let mut all = args.to_vec();
        all.extend(["--out".as_ref(), answered.as_os_str()]);
        self.call(&all, env, File::open(&asked)?.into())?;
        let answers: Vec<T> = BufReader::new(File::open(&answered)?)
            .lines()
            .map(|line| Ok(serde_json::from_str(&line?)?))
            .collect::<Result<_>>()?;
        if answers.len() != count {
            bail!("the oracle answered {} of {count} questions", answers.len());
        }
        std::fs::remove_file(asked)?;
        std::fs::remove_file(answered)?;
        Ok(answers)
    }

    fn call(&self, args: &[&OsStr], env: &[(String, String)], input: Stdio) -> Result<()> {
        let done = Command::new(&self.program)
            .args(args)
            // The process is short-lived: memory is cheaper than collecting garbage.
            .env("GOGC", "400")
            .envs(env.iter().map(|(k, v)| (k, v)))
            .stdin(input)
            .stdout(Stdio::null())
            .output()
            .with_context(|| format!("cannot run {}", self.program.display()))?;
        if !done.status.success() {
            let said = String::from_utf8_lossy(&done.stderr);
            let end: String = said.chars().rev().take(2000).collect::<Vec<_>>().into_iter().rev().collect();
            bail!("{} {:?} failed: {end}", self.program.display(), args.first());
        }
        Ok(())
    }
}
