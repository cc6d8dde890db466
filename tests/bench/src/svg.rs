//! [`Chart`]: lines over two logarithmic axes, drawn as SVG. Never: what the lines mean.

use std::fmt::Write;

/// A drawing.
#[derive(Debug)]
pub(crate) struct Chart<'a> {
    /// What is shown.
    pub(crate) title: &'a str,
    /// What grows to the right.
    pub(crate) x: &'a str,
    /// What grows upwards.
    pub(crate) y: &'a str,
    /// The lines.
    pub(crate) lines: Vec<Line<'a>>,
}

/// A line; its points are above zero.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    /// Stands at its end.
    pub(crate) name: &'a str,
    /// As SVG writes colours.
    pub(crate) colour: &'a str,
    /// From left to right.
    pub(crate) points: Vec<(f64, f64)>,
}

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 80.0;
const RIGHT: f64 = 90.0;
const TOP: f64 = 44.0;
const BOTTOM: f64 = 56.0;

/// Powers of ten that an axis spans.
#[derive(Clone, Copy, Debug)]
struct Decades {
    first: i32,
    last: i32,
}

impl Decades {
    fn over(values: impl Iterator<Item = f64>) -> Self {
        let (mut least, mut most) = (f64::INFINITY, f64::MIN_POSITIVE);
        for value in values.filter(|value| value.is_finite() && *value > 0.0) {
            least = least.min(value);
            most = most.max(value);
        }
        if least > most {
            return Self { first: 0, last: 1 };
        }
        // Both are small numbers: a double's exponent has three digits.
        let (first, last) = (least.log10().floor() as i32, most.log10().ceil() as i32);
        Self { first, last: last.max(first + 1) }
    }

    /// Where a value lies, from 0 to 1.
    fn place(self, value: f64) -> f64 {
        (value.log10() - f64::from(self.first)) / f64::from(self.last - self.first)
    }
}

impl Chart<'_> {
    /// The drawing as SVG text.
    pub(crate) fn draw(&self) -> String {
        let points = || self.lines.iter().flat_map(|line| &line.points);
        let across = Decades::over(points().map(|point| point.0));
        let up = Decades::over(points().map(|point| point.1));
        let x = |value: f64| across.place(value).mul_add(WIDTH - LEFT - RIGHT, LEFT);
        let y = |value: f64| up.place(value).mul_add(-(HEIGHT - TOP - BOTTOM), HEIGHT - BOTTOM);
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
             font-family=\"sans-serif\" font-size=\"13\">\n\
             <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>\n\
             <text x=\"{LEFT}\" y=\"24\" font-size=\"15\">{}</text>\n",
            escape(self.title)
        );
        let mut grid = |from: (f64, f64), to: (f64, f64), at: (f64, f64), anchor: &str, text: &str| {
            let _ = writeln!(
                out,
                "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"#dddddd\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\" fill=\"#444444\">{text}</text>",
                from.0, from.1, to.0, to.1, at.0, at.1
            );
        };
        let (foot, end) = (HEIGHT - BOTTOM, WIDTH - RIGHT);
        for decade in across.first..=across.last {
            let at = x(10_f64.powi(decade));
            grid((at, TOP), (at, foot), (at, foot + 18.0), "middle", &power(decade));
        }
        for decade in up.first..=up.last {
            let at = y(10_f64.powi(decade));
            grid((LEFT, at), (end, at), (LEFT - 8.0, at + 4.0), "end", &power(decade));
        }
        let (middle, centre) = (f64::midpoint(LEFT, end), f64::midpoint(TOP, foot));
        let _ = writeln!(
            out,
            "<text x=\"{middle:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>\n\
             <text transform=\"translate(20 {centre:.1}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
            HEIGHT - 14.0,
            escape(self.x),
            escape(self.y)
        );
        for line in &self.lines {
            let places: Vec<(f64, f64)> = line.points.iter().map(|point| (x(point.0), y(point.1))).collect();
            let path: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
            let (colour, path) = (line.colour, path.join(" "));
            let _ = writeln!(
                out,
                "<polyline points=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>"
            );
            for (x, y) in &places {
                let _ = writeln!(out, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>");
            }
            if let Some((x, y)) = places.last() {
                let (x, y, name) = (x + 8.0, y + 4.0, escape(line.name));
                let _ = writeln!(out, "<text x=\"{x:.1}\" y=\"{y:.1}\" fill=\"{colour}\">{name}</text>");
            }
        }
        out + "</svg>\n"
    }
}

/// A power of ten as people write it.
fn power(decade: i32) -> String {
    let value = 10_f64.powi(decade);
    let digits = if decade < 0 { format!("{value}") } else { format!("{value:.0}") };
    if decade < 4 {
        return digits;
    }
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|group| std::str::from_utf8(group).ok()).collect();
    groups.join(",")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_are_grouped() {
        assert_eq!([-1, 0, 3, 4, 6].map(power), ["0.1", "1", "1000", "10,000", "1,000,000"]);
    }

    #[test]
    fn a_line_lies_within_the_axes() {
        let line = Line { name: "a & b", colour: "#000000", points: vec![(10.0, 30.0), (1000.0, 3000.0)] };
        let text = Chart { title: "t", x: "x", y: "y", lines: vec![line] }.draw();
        assert!(text.contains("a &amp; b") && text.contains(">10<") && text.contains(">10,000<"));
        let places = text.split_once("polyline points=\"").unwrap().1.split('"').next().unwrap();
        for place in places.split([' ', ',']).map(|number| number.parse::<f64>().unwrap()) {
            assert!((0.0..=WIDTH).contains(&place));
        }
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        assert!(Chart { title: "t", x: "x", y: "y", lines: vec![] }.draw().ends_with("</svg>\n"));
    }
}
