//! Sets in their one form, and what the kernel lists made statements.

use serde_json::json;

use super::spans::{Ports, Ranges};
use super::{differences, listing};

#[test]
fn sets_are_written_as_nft_reads_them() {
    let ports = [
        ("80", "80"),
        ("90,80", "{ 80, 90 }"),
        ("80,81", "80-81"),
        ("1-5,4-9,65535", "{ 1-9, 65535 }"),
        ("1-65535", "1-65535"),
    ];
    for (typed, written) in ports {
        assert_eq!(Ports::parse(typed).unwrap().0.to_string(), written, "{typed}");
    }
    assert!(Ports::parse(" ").unwrap().0.is_empty());
    let ranges = [
        ("10.1.2.3/8", "10.0.0.0/8", "{  }"),
        ("0.0.0.0/0", "0.0.0.0/0", "{  }"),
        ("0.0.0.0/1,128.0.0.0/1", "0.0.0.0/0", "{  }"),
        ("255.255.255.255,10.0.0.0/24,10.0.1.0/24", "{ 10.0.0.0/23, 255.255.255.255 }", "{  }"),
        ("10.0.1.0/24,10.0.2.0/24", "10.0.1.0-10.0.2.255", "{  }"),
        ("::/0", "{  }", "::/0"),
        ("::/1,8000::/1", "{  }", "::/0"),
        ("fd00::/8,2001:db8::1/128", "{  }", "{ 2001:db8::1, fd00::/8 }"),
        ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "{  }", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ];
    for (typed, v4, v6) in ranges {
        let parsed = Ranges::parse(typed).unwrap();
        assert_eq!((parsed.v4.to_string(), parsed.v6.to_string()), (v4.to_owned(), v6.to_owned()), "{typed}");
    }
}

#[test]
fn a_range_that_only_touches_loopback_may_be_included() {
    assert!(Ranges::parse_included("0.0.0.0/0,::/0,126.0.0.0/7").is_ok());
    assert!(Ranges::parse_included("10.0.0.0/8,127.0.0.1").is_err());
}

/// A rule of ours in the chain `output`.
fn rule(expressions: &serde_json::Value) -> serde_json::Value {
    json!({ "rule": { "family": "inet", "table": "pillion", "chain": "output", "handle": 3, "expr": expressions } })
}

fn listed(objects: &[serde_json::Value]) -> Vec<String> {
    listing::statements(&json!({ "nftables": objects }).to_string()).unwrap()
}

#[test]
fn a_set_is_read_the_same_in_each_of_its_forms() {
    let field = |right: serde_json::Value| {
        let left = json!({"payload": {"protocol": "ip", "field": "daddr"}});
        let expression = json!([{"match": {"op": "==", "left": left, "right": right}}, {"return": null}]);
        listed(&[rule(&expression)]).remove(0)
    };
    let wanted = "add rule inet pillion output ip daddr 10.0.0.0/8 return";
    for right in [
        json!({"prefix": {"addr": "10.0.0.0", "len": 8}}),
        json!({"set": [{"prefix": {"addr": "10.128.0.0", "len": 9}}, {"prefix": {"addr": "10.0.0.0", "len": 9}}]}),
        json!({"range": ["10.0.0.0", "10.255.255.255"]}),
        json!({"set": [{"range": ["10.0.0.0", "10.255.255.254"]}, "10.255.255.255"]}),
    ] {
        assert_eq!(field(right.clone()), wanted, "{right}");
    }
    assert!(field(json!("@named")).contains("@named"), "what is not ours stays as it is");
}

#[test]
fn what_is_not_ours_is_told_as_it_is() {
    let objects = [
        json!({"metainfo": {"version": "1.0.6"}}),
        json!({"table": {"family": "inet", "name": "pillion", "handle": 1, "flags": "dormant"}}),
        json!({"chain": {"family": "inet", "table": "pillion", "name": "mine", "handle": 9}}),
        rule(
            &json!([{"counter": {"packets": 1, "bytes": 2}}, {"redirect": {"port": 1, "flags": ["random"]}}]),
        ),
        json!({"set": {"family": "inet", "name": "s", "handle": 7}}),
        rule(
            &json!([{"match": {"op": "!=", "left": {"meta": {"key": "skuid"}}, "right": 0}}, {"accept": null}]),
        ),
    ];
    let lines = listed(&objects);
    assert_eq!(lines.len(), 5);
    assert_eq!(lines[1], "add chain inet pillion mine");
    assert!(lines[0].contains("dormant") && !lines[0].contains("handle"), "{}", lines[0]);
    assert!(lines[2].starts_with("add set {") && !lines[2].contains("handle"), "{}", lines[2]);
    assert!(lines[3].contains(r#""random""#) && lines[3].contains("counter"), "{}", lines[3]);
    assert!(lines[4].contains(r#""op":"!=""#) && lines[4].ends_with("accept"), "{}", lines[4]);
}

#[test]
fn differences_name_what_is_missing_and_what_is_unexpected() {
    let lines = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(differences(&lines("a b"), &lines("a b")), None);
    let told = differences(&lines("a b c"), &lines("a x c")).unwrap();
    assert_eq!((told.missing, told.unexpected), (lines("b"), lines("x")));
    assert_eq!(told.diff, " a\n-x\n+b\n c\n");
    assert!(differences(&lines("a b"), &lines("b a")).is_some(), "the order is the meaning");
}
