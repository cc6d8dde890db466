//! The corpus says what Go makes of a text (decoded into a Pod and encoded again); the rest are rules of numbers.

use super::*;

/// `{"text": …, "canonical": …}` or `{"text": …, "err": …}` a line.
const CORPUS: &str = include_str!("../../../../tests/corpus/quantity.jsonl");

fn text<'v>(case: &'v Value<'_>, key: &str) -> Option<&'v str> {
    case.get(key).and_then(Value::as_str)
}

#[test]
fn every_text_of_the_corpus_is_read_and_written_as_go_does() {
    let mut cases = 0;
    let mut wrong = Vec::new();
    for line in CORPUS.lines() {
        let case = crate::parse(line.as_bytes()).unwrap();
        let input = text(&case, "text").unwrap();
        let got = Quantity::from_value(&Value::from(input)).map(|q| q.to_string());
        let same = match &got {
            Ok(got) => Some(got.as_str()) == text(&case, "canonical"),
            Err(e) => Some(e.to_string().as_str()) == text(&case, "err"),
        };
        let again = canonical(trim(input)).map(|c| c.into_owned());
        let checked = check_value(&Value::from(input));
        if !same || again != got || checked.is_ok() != got.is_ok() {
            wrong.push(format!("{got:?} {again:?} for {line}"));
        }
        cases += 1;
    }
    println!("quantity corpus: {} of {cases} as Go", cases - wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(cases > 5_000);
}

#[test]
fn amounts_compare_across_formats() {
    let ordered = [
        "-1e40",
        "-9Ei",
        "-1",
        "-1n",
        "0",
        "1n",
        "0.5",
        "999m",
        "1",
        "1001m",
        "1k",
        "1Ki",
        "1025",
        "1M",
        "1Mi",
        "7Ei",
        "9223372036854775807",
        "1e19",
        "1e400000000",
    ];
    let read: Vec<Quantity> = ordered.iter().map(|t| Quantity::parse(t).unwrap()).collect();
    for (i, a) in read.iter().enumerate() {
        for (j, b) in read.iter().enumerate() {
            assert_eq!(a.cmp(b), i.cmp(&j), "{} {}", ordered[i], ordered[j]);
        }
    }
    for (a, b) in [("1000m", "1"), ("1Ki", "1024"), ("0", "-0m"), ("1.50", "1500m"), ("1e3", "1k")] {
        assert_eq!(Quantity::parse(a).unwrap(), Quantity::parse(b).unwrap());
    }
}

#[test]
fn values_are_rounded_away_from_zero() {
    for (text, value, milli) in [
        ("1", 1, 1000),
        ("1500m", 2, 1500),
        ("-1500m", -2, -1500),
        ("1n", 1, 1),
        ("0.0000000001", 1, 1),
        ("1.5Ki", 1536, 1_536_000),
        ("100Ei", i64::MAX, i64::MAX.wrapping_mul(1000)),
        ("12e6", 12_000_000, 12_000_000_000),
        ("0", 0, 0),
        ("0e999999999", 0, 0),
        ("1e999999999", 0, 0),
    ] {
        let q = Quantity::parse(text).unwrap();
        assert_eq!((q.value(), q.milli_value()), (value, milli), "{text}");
    }
}

#[test]
fn monstrous_numbers_cost_no_more_than_their_text() {
    let long = "9".repeat(1_000_000);
    for text in [
        format!("{long}Ki"),
        format!("0.{long}Gi"),
        format!("{long}e2147483647"),
        format!("1.{long}e-2000000000"),
    ] {
        let q = Quantity::parse(&text).unwrap();
        assert!(!q.is_zero() && q.to_string().len() <= text.len() + 2);
        let _ = (q.value(), q.milli_value(), q == q.clone());
    }
}

#[test]
fn json_values_are_read_as_the_decoder_reads_them() {
    let read = |json: &str| {
        Quantity::from_value(&crate::parse(json.as_bytes()).unwrap())
            .map(|q| q.to_string())
            .map_err(|e| e.to_string())
    };
    assert_eq!(read("1024").as_deref(), Ok("1024"));
    assert_eq!(read("0.5").as_deref(), Ok("500m"));
    assert_eq!(read("null").as_deref(), Ok("0"));
    assert_eq!(read(r#"" 1Gi ""#).as_deref(), Ok("1Gi"));
    assert!(read("true").unwrap_err().starts_with("quantities must match the regular expression '^("));
    assert!(read("{}").is_err() && read("[]").is_err() && read("\"\"").is_err());
}
