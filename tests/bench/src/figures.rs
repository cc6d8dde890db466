//! [`Figures`]: what slots come to: CPU time of one request, latencies; and [`Measured`], all of a workload. Never:
//! measuring, printing.

use serde::Serialize;

use crate::load::{SHAPES, Slot};
use crate::measure::{TURNS, Turn};
use crate::peers::Kind;
use crate::process::Memory;

/// What the slots of one peer under one shape come to. Times are in microseconds.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Figures {
    /// CPU time of one request: the median of the rounds.
    pub(crate) cpu_us: f64,
    /// The same, round by round.
    pub(crate) cpu_us_of_rounds: Vec<f64>,
    /// Requests of all rounds.
    pub(crate) requests: u64,
    /// Answers in a second of wall time, which this load generator limits too.
    pub(crate) per_second: f64,
    /// Half of the answers took no longer.
    pub(crate) p50_us: f64,
    /// 99 of 100.
    pub(crate) p99_us: f64,
    /// 999 of 1,000.
    pub(crate) p999_us: f64,
    /// Bytes of a body on the average.
    pub(crate) body_bytes: u64,
    /// Bytes of an answer on the average.
    pub(crate) reply_bytes: u64,
}

impl Figures {
    /// The figures of some slots.
    pub(crate) fn of(slots: &[Slot]) -> Self {
        let each = |slot: &Slot| slot.cpu.as_secs_f64() * 1e6 / (slot.requests.max(1) as f64);
        let rounds: Vec<f64> = slots.iter().map(each).collect();
        let mut latencies: Vec<u32> = slots.iter().flat_map(|slot| slot.latencies.iter().copied()).collect();
        latencies.sort_unstable();
        let requests: u64 = slots.iter().map(|slot| slot.requests).sum();
        let wall: f64 = slots.iter().map(|slot| slot.wall.as_secs_f64()).sum();
        let sum = |bytes: fn(&Slot) -> u64| slots.iter().map(bytes).sum::<u64>() / requests.max(1);
        Self {
            cpu_us: median(&rounds),
            cpu_us_of_rounds: rounds,
            requests,
            per_second: requests as f64 / wall.max(f64::MIN_POSITIVE),
            p50_us: quantile(&latencies, 500),
            p99_us: quantile(&latencies, 990),
            p999_us: quantile(&latencies, 999),
            body_bytes: sum(|slot| slot.sent),
            reply_bytes: sum(|slot| slot.received),
        }
    }
}

/// All figures of a workload.
#[derive(Debug)]
pub(crate) struct Measured {
    /// Its name.
    pub(crate) workload: &'static str,
    /// By turn, then by shape.
    pub(crate) figures: Vec<Vec<Figures>>,
    /// Memory at the end.
    pub(crate) memory: Vec<(Kind, Memory)>,
}

/// One row of the table: an injector under one shape, and what it is held against.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    /// The workload.
    pub(crate) workload: &'static str,
    /// Whose templates: `istio` or `envoy`.
    pub(crate) templates: &'static str,
    /// The shape of load.
    pub(crate) shape: &'static str,
    /// How often Pillion's CPU time goes into istiod's; there is no istiod with the Envoy profile.
    pub(crate) ratio_istiod: Option<f64>,
    /// How often the echo's CPU time goes into Pillion's.
    pub(crate) ratio_echo: f64,
    /// Pillion.
    pub(crate) pillion: Figures,
    /// Istio's injector.
    pub(crate) istiod: Option<Figures>,
    /// The echo with answers of Pillion's size.
    pub(crate) echo: Figures,
    /// Pillion's memory at the end of the workload.
    pub(crate) memory: Memory,
    /// That of Istio's injector.
    pub(crate) memory_istiod: Option<Memory>,
}

impl Measured {
    /// The rows of the table.
    pub(crate) fn rows(&self) -> Vec<Row> {
        let sets = [(Kind::Pillion, "istio", Some(Kind::Istiod)), (Kind::Profile, "envoy", None)];
        let row = |shape: usize, (kind, templates, rival): (Kind, &'static str, Option<Kind>)| {
            let pillion = self.of(Turn::Of(kind), shape)?.clone();
            let echo = self.of(Turn::EchoOf(kind), shape)?.clone();
            let istiod = rival.and_then(|rival| self.of(Turn::Of(rival), shape)).cloned();
            Some(Row {
                workload: self.workload,
                templates,
                shape: SHAPES[shape].name,
                ratio_istiod: istiod.as_ref().map(|istiod| istiod.cpu_us / pillion.cpu_us),
                ratio_echo: pillion.cpu_us / echo.cpu_us,
                memory: self.memory_of(kind)?,
                memory_istiod: rival.and_then(|rival| self.memory_of(rival)),
                pillion,
                istiod,
                echo,
            })
        };
        sets.into_iter().flat_map(|set| (0..SHAPES.len()).filter_map(move |shape| row(shape, set))).collect()
    }

    fn of(&self, turn: Turn, shape: usize) -> Option<&Figures> {
        let at = TURNS.iter().position(|known| *known == turn)?;
        self.figures.get(at)?.get(shape)
    }

    fn memory_of(&self, kind: Kind) -> Option<Memory> {
        self.memory.iter().find(|(known, _)| *known == kind).map(|(_, memory)| *memory)
    }
}

/// The middle one; of an even number the mean of the two.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

/// The value that so many of a thousand do not exceed, in microseconds.
fn quantile(sorted_ns: &[u32], of_thousand: usize) -> f64 {
    let at = (sorted_ns.len() * of_thousand).div_ceil(1000).saturating_sub(1);
    sorted_ns.get(at).map_or(f64::NAN, |ns| f64::from(*ns) / 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_quantiles() {
        assert!((median(&[3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!((median(&[4.0, 1.0]) - 2.5).abs() < 1e-9);
        let thousand: Vec<u32> = (1..=1000).map(|ms| ms * 1000).collect();
        for (of_thousand, us) in [(500, 500.0), (990, 990.0), (999, 999.0)] {
            assert!((quantile(&thousand, of_thousand) - us).abs() < 1e-9);
        }
        assert!((quantile(&[7000], 999) - 7.0).abs() < 1e-9);
        assert!(quantile(&[], 500).is_nan());
    }
}
