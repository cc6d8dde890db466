//! Memory, threads, descriptors and time on CPUs of one process, from before anybody asked to after everybody has left; and
//! whether it ends as it began. Never: what it is asked.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use pillion_core::inject::Reason;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::changes::Changing;
use crate::harness::{Server, metric, page};
use crate::subject::{Counts, Subject, Who};

/// How often a sample is taken, or more often in a short run.
pub const EVERY: Duration = Duration::from_secs(10);
/// How much of the run caches have to fill, at most so long.
const WARM_UP: f64 = 0.2;
const WARM_UP_MOST: Duration = Duration::from_secs(300);
/// The most that memory may grow from the first third behind that to the last one.
pub const MOST_GROWTH_KIB: f64 = 4096.0;
/// Descriptors that a client of an API server may have more than at the start: it keeps some connections for the next time.
const SPARE: usize = 8;

/// What the kernel says of a process.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    pub at: Duration,
    pub rss_kib: u64,
    pub peak_kib: u64,
    pub threads: u64,
    pub descriptors: usize,
    pub cpu: Duration,
}

impl Sample {
    pub fn of(process: u32, at: Duration) -> Self {
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap();
            line.trim().trim_end_matches(" kB").parse().unwrap()
        };
        let descriptors = fs::read_dir(format!("/proc/{process}/fd")).unwrap().count();
        let (rss_kib, peak_kib, threads) = (field("VmRSS"), field("VmHWM"), field("Threads"));
        Self { at, rss_kib, peak_kib, threads, descriptors, cpu: cpu(process) }
    }
}

/// The time that all threads of a process were on a CPU, also those that have ended.
fn cpu(process: u32) -> Duration {
    /// Of `sysconf(_SC_CLK_TCK)`, which Linux gives to programs as 100 everywhere.
    const TICKS: f64 = 100.0;
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let behind_the_name = stat.rsplit_once(')').unwrap().1;
    let ticks = behind_the_name.split_whitespace().skip(11).take(2).map(|text| text.parse::<f64>().unwrap());
    Duration::from_secs_f64(ticks.sum::<f64>() / TICKS)
}

/// One process, and all that was seen of it.
pub struct Watched {
    pub subject: Arc<Subject>,
    server: Server,
    tasks: Vec<JoinHandle<()>>,
    _changing: Changing,
    /// Before anybody asked, while they did, and after all have left.
    pub unasked: Sample,
    pub samples: Vec<Sample>,
    pub left: Sample,
    /// Lines of the log that tell of an error, by what they say.
    pub errors: Vec<String>,
    pub lines: usize,
}

impl Watched {
    pub fn new(
        server: Server,
        subject: Arc<Subject>,
        tasks: Vec<JoinHandle<()>>,
        unasked: Sample,
        changing: Changing,
    ) -> Self {
        let (samples, errors) = (Vec::new(), Vec::new());
        Self {
            subject,
            server,
            tasks,
            _changing: changing,
            unasked,
            samples,
            left: unasked,
            errors,
            lines: 0,
        }
    }

    /// Looks at the process, and reads what it has logged.
    pub fn sample(&mut self, at: Duration) {
        self.samples.push(Sample::of(self.subject.process, at));
        for line in self.server.serving.said() {
            self.lines += 1;
            // A configuration or a certificate that is broken is told of so.
            let meant = ["configuration not", "certificate"].iter().any(|word| line.contains(word));
            if line.contains(r#""level":"ERROR""#) && !meant || line.contains(r#""message":"panic""#) {
                self.errors.push(line);
            }
        }
    }

    /// Has everybody leave and holds against the process what it counted, what it still has, and how it ends.
    pub async fn end(&mut self) {
        for task in &self.tasks {
            if task.is_finished() {
                self.subject.failed("what changes ended before its time: see the panic above".to_owned());
            }
            task.abort();
        }
        let allowed = self.unasked.descriptors + if self.subject.who == Who::Cluster { SPARE } else { 0 };
        // Strangers stay for a while, and connections of those who are gone are closed in their time.
        for _ in 0..1200 {
            sleep(Duration::from_millis(100)).await;
            self.left =
                Sample::of(self.subject.process, self.samples.last().map_or(Duration::ZERO, |it| it.at));
            let open = metric(&page(self.subject.admin, "/metrics").await.1, "pillion_connections");
            if open == 0.0 && self.left.descriptors <= allowed {
                break;
            }
        }
        let (began, left) = (self.unasked.descriptors, self.left.descriptors);
        if left > allowed {
            self.subject
                .failed(format!("{left} descriptors are open when all have left, {began} were at the start"));
        }
        let metrics = page(self.subject.admin, "/metrics").await.1;
        for what in against(&metrics, &self.subject.counts.lock().unwrap()) {
            println!("soak: {}: DOES NOT HOLD: {what}", self.subject.who.name());
            self.errors.push(what);
        }
        if let Some((first, last)) = self.memory()
            && last > first + MOST_GROWTH_KIB
        {
            self.subject.failed(format!("memory grew from {first:.0} to {last:.0} KiB"));
        }
        self.sample(self.left.at);
        self.samples.pop();
        self.server.serving.signal("TERM");
        let code = self.server.serving.code();
        if code != Some(0) {
            self.subject.failed(format!("it ended with {code:?} when it was told to end"));
        }
    }

    /// The median of memory in the first third of the samples behind the warm-up, and in the last one.
    pub fn memory(&self) -> Option<(f64, f64)> {
        let warm = self.warm();
        let third = warm.len() / 3;
        let median = |of: &[Sample]| {
            let mut all: Vec<u64> = of.iter().map(|sample| sample.rss_kib).collect();
            all.sort_unstable();
            all.get(all.len() / 2).map(|kib| *kib as f64)
        };
        median(&warm[..third]).zip(median(&warm[warm.len() - third..]))
    }

    fn warm(&self) -> &[Sample] {
        let whole = self.samples.last().map_or(Duration::ZERO, |sample| sample.at);
        let from = whole.mul_f64(WARM_UP).min(WARM_UP_MOST);
        &self.samples[self.samples.partition_point(|sample| sample.at < from)..]
    }

    /// The sample nearest to a part of the whole run.
    pub fn at(&self, part: f64) -> Option<&Sample> {
        let last = self.samples.len().checked_sub(1)?;
        self.samples.get((part * last as f64).round() as usize)
    }
}

/// What the process counted and what was sent must be the same.
fn against(metrics: &str, counts: &Counts) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut same = |what: &str, counted: f64, least: u64, most: u64| {
        if !(least as f64..=most as f64).contains(&counted) {
            wrong.push(format!("{what}: the process counted {counted}, its clients {least} to {most}"));
        }
    };
    let mut all = 0.0;
    for reason in Reason::ALL {
        let (code, verdict) = (reason.code(), reason.verdict().code());
        let series = format!(
            "pillion_injections_total{{result=\"{verdict}\",reason=\"{code}\",revision=\"default\"}}"
        );
        let counted = metric(metrics, &series);
        let sent = counts.reasons.get(code).copied().unwrap_or_default();
        // Whoever goes in the middle of a request may be counted; whoever has to come again is counted by one of the two.
        let maybe = match reason {
            Reason::BodyUnreadable => counts.abandoned + counts.again,
            Reason::Deadline => counts.again,
            _ => 0,
        };
        same(code, counted, sent, sent + maybe);
        all += counted;
    }
    let sum = all as u64;
    same("requests", metric(metrics, "sidecar_injection_requests_total"), sum, sum);
    let shed: f64 = ["memory", "queue", "deadline"]
        .iter()
        .map(|why| metric(metrics, &format!("pillion_requests_shed_total{{why=\"{why}\"}}")))
        .sum();
    same("requests that were sent away", shed, counts.again, counts.again);
    for none in [
        "pillion_panics_total",
        "pillion_requests_in_flight",
        "pillion_requests_waiting",
        "pillion_connections",
    ] {
        same(none, metric(metrics, none), 0, 0);
    }
    wrong
}
