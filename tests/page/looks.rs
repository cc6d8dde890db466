//! What the page looks like, on wide and narrow screens, light and dark: pictures for people in `target/page`, and what a
//! test can hold: nothing runs over the edge, text stands out, fields have names, the keyboard is enough.

use crate::browser::Screen;
use crate::{HOST, Shown, WEB, pictures};

const SCREENS: [(&str, Screen); 4] = [
    ("wide-light", Screen { width: 1280, height: 900, dark: false }),
    ("wide-dark", Screen { width: 1280, height: 900, dark: true }),
    ("narrow-light", Screen { width: 375, height: 812, dark: false }),
    ("narrow-dark", Screen { width: 375, height: 812, dark: true }),
];

/// Texts that stand out too little from what is behind them: less than 4.5 to 1, or 3 to 1 where they are large.
const FAINT: &str = r"(() => {
  const parts = (colour) => colour.match(/[\d.]+/g).map(Number);
  const part = (value) => value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  const behind = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = parts(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const faint = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !node.checkVisibility() || node.closest('.away, .skip, script, noscript')) continue;
    const style = getComputedStyle(node);
    const [a, b] = [light(parts(style.color)), light(behind(node))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) faint.add(`${ratio.toFixed(2)} ${node.className}: ${walker.currentNode.data.trim().slice(0, 40)}`);
  }
  return [...faint];
})()";

/// Elements that reach over the right edge.
const OVER: &str = "[...document.querySelectorAll('body *')].filter((it) => it.checkVisibility() && !it.closest('.away, .skip') \
    && it.getBoundingClientRect().right > document.documentElement.clientWidth + 1).map((it) => it.outerHTML.slice(0, 120))";

/// Fields and buttons without a name.
const NAMELESS: &str = "[...document.querySelectorAll('input, textarea, button')]\
    .filter((it) => !(it.labels?.length || it.textContent.trim())).map((it) => it.outerHTML)";

fn none(shown: &mut Shown, what: &str, script: &str) {
    let found = shown.browser.run(script);
    assert_eq!(found, serde_json::json!([]), "{what}");
}

/// Pictures of the page as it is, on every screen; on each what can be held is held.
fn picture(shown: &mut Shown, name: &str) {
    for (screen, how) in SCREENS {
        shown.browser.look(how);
        shown.browser.run("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");
        shown.browser.picture(&pictures().join(format!("{name}-{screen}.png")));
        none(shown, &format!("{name} {screen}: over the edge"), OVER);
        none(shown, &format!("{name} {screen}: faint"), FAINT);
    }
}

#[test]
fn the_page_is_readable_on_every_screen() {
    let mut shown = Shown::start();
    shown.browser.wait("document.getElementById('band-says').textContent.includes('Ready')");
    picture(&mut shown, "empty");
    none(&mut shown, "nameless", NAMELESS);
    shown.skip();
    for _ in 0..5 {
        shown.admit();
    }
    shown.explain(WEB);
    shown.browser.wait("document.getElementById('injected').textContent === '5'");
    picture(&mut shown, "explained");
    shown.browser.click("[aria-label=Trace] .buttons button:nth-child(1)");
    picture(&mut shown, "unfolded");
    shown.explain(&format!("{HOST}---\n{WEB}---\n{}", HOST.replace("true", "perhaps")));
    picture(&mut shown, "several");
    shown.explain("kind: [");
    picture(&mut shown, "problem");
    shown.serving.signal("INT");
    shown.browser.wait("document.getElementById('band-says').textContent.includes('does not answer')");
    picture(&mut shown, "gone");
    println!("pictures: {}", pictures().display());
}

#[test]
fn the_keyboard_is_enough() {
    let mut shown = Shown::start();
    let browser = &mut shown.browser;
    let focus = "document.activeElement.id || document.activeElement.className";
    let mut seen = Vec::new();
    for _ in 0..5 {
        browser.press("Tab", 9, false);
        seen.push(browser.run(focus).as_str().unwrap().to_owned());
    }
    assert_eq!(seen, ["skip", "paste", "namespace", "example", "go"]);
    browser.write("#paste", HOST);
    browser.press("Enter", 13, true);
    browser.wait("document.getElementById('told').innerText.includes('stays without a sidecar')");
    // Where the answer is announced, and where trouble is.
    let roles =
        browser.run("['told', 'problem'].map((it) => document.getElementById(it).getAttribute('role'))");
    assert_eq!(roles, serde_json::json!(["status", "alert"]));
    browser.run("document.querySelector('.tree summary').focus()");
    let open = "document.querySelector('.tree details').open";
    let before = browser.run(open);
    browser.press("Enter", 13, false);
    browser.wait(&format!("{open} !== {before}"));
    shown.is_clean();
}
