//! [`Histogram`]: a Prometheus histogram as text, and what it says of quantiles. Never: where it comes from.

use anyhow::{Context, Result};

/// Counts of observations at most as long as each bound, all label sets together.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Histogram {
    /// Upper bounds in seconds, ascending, with how many observations do not exceed them.
    buckets: Vec<(f64, u64)>,
    sum: f64,
}

impl Histogram {
    /// Reads the histogram `name` of the label sets with `name="webhook"`; without any it is empty.
    pub(crate) fn read(text: &str, name: &str, webhook: &str) -> Result<Self> {
        let of = format!("name=\"{webhook}\"");
        let mut all = Self::default();
        for line in text.lines().filter(|line| line.starts_with(name) && line.contains(&of)) {
            let (series, value) = line.rsplit_once(' ').context("a line without a value")?;
            let value: f64 = value.parse().with_context(|| line.to_owned())?;
            if series.starts_with(&format!("{name}_sum")) {
                all.sum += value;
            } else if series.starts_with(&format!("{name}_bucket")) {
                let bound = series.split("le=\"").nth(1).and_then(|rest| rest.split('"').next());
                let bound = bound.context("a bucket without a bound")?;
                let bound = if bound == "+Inf" { f64::INFINITY } else { bound.parse()? };
                all.add(bound, value as u64);
            }
        }
        all.buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        Ok(all)
    }

    fn add(&mut self, bound: f64, count: u64) {
        match self.buckets.iter_mut().find(|(known, _)| known.total_cmp(&bound).is_eq()) {
            Some((_, known)) => *known += count,
            None => self.buckets.push((bound, count)),
        }
    }

    /// What came after an earlier reading.
    pub(crate) fn since(&self, earlier: &Self) -> Self {
        let before = |bound: f64| {
            earlier
                .buckets
                .iter()
                .find(|(known, _)| known.total_cmp(&bound).is_eq())
                .map_or(0, |(_, count)| *count)
        };
        let buckets = self.buckets.iter().map(|&(bound, count)| (bound, count.saturating_sub(before(bound))));
        Self { buckets: buckets.collect(), sum: self.sum - earlier.sum }
    }

    /// How many observations there are.
    pub(crate) fn count(&self) -> u64 {
        self.buckets.last().map_or(0, |(_, count)| *count)
    }

    /// Their mean, in seconds.
    pub(crate) fn mean(&self) -> f64 {
        self.sum / self.count().max(1) as f64
    }

    /// The quantile as Prometheus estimates it: observations lie evenly within a bucket.
    pub(crate) fn quantile(&self, of_one: f64) -> f64 {
        let rank = of_one * self.count() as f64;
        let mut below = (0.0, 0);
        for &(bound, count) in &self.buckets {
            if count as f64 >= rank && count > below.1 {
                if bound.is_infinite() {
                    return below.0;
                }
                return below.0 + (bound - below.0) * (rank - below.1 as f64) / (count - below.1) as f64;
            }
            below = (bound, count);
        }
        f64::NAN
    }

    /// The share of observations that do not exceed the bucket's bound.
    pub(crate) fn share_within(&self, bound: f64) -> f64 {
        let within = self.buckets.iter().rfind(|(known, _)| *known <= bound).map_or(0, |(_, count)| *count);
        within as f64 / self.count().max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
# HELP d_seconds x
d_seconds_bucket{name="w",operation="CREATE",le="0.005"} 90
d_seconds_bucket{name="w",operation="CREATE",le="0.025"} 99
d_seconds_bucket{name="w",operation="CREATE",le="+Inf"} 100
d_seconds_sum{name="w",operation="CREATE"} 0.4
d_seconds_count{name="w",operation="CREATE"} 100
d_seconds_bucket{name="other",operation="CREATE",le="+Inf"} 7
"#;

    #[test]
    fn quantiles_are_estimated_within_buckets() {
        let read = Histogram::read(TEXT, "d_seconds", "w").unwrap();
        assert_eq!(read.count(), 100);
        assert!((read.mean() - 0.004).abs() < 1e-9);
        assert!((read.quantile(0.45) - 0.0025).abs() < 1e-9);
        assert!((read.quantile(0.945) - 0.015).abs() < 1e-9);
        assert!((read.quantile(0.999) - 0.025).abs() < 1e-9);
        assert!((read.share_within(0.005) - 0.9).abs() < 1e-9);
    }

    #[test]
    fn what_was_there_before_is_taken_off() {
        let read = Histogram::read(TEXT, "d_seconds", "w").unwrap();
        assert_eq!(read.since(&read).count(), 0);
        assert_eq!(read.since(&Histogram::default()), read);
    }
}
