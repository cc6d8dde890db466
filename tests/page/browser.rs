//! A headless Chromium, driven over the DevTools protocol: JSON over a WebSocket. By hand, for the crates that know every
//! message of the protocol by its type stop understanding newer browsers, and a distribution's browser is always newer.
//! Never: assertions about the page.

use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;
use tungstenite::{Message, WebSocket};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A browser with one page.
pub struct Browser {
    child: Child,
    socket: WebSocket<TcpStream>,
    session: String,
    calls: u64,
    /// What the browser told of by itself, in order.
    events: Vec<Value>,
    _profile: TempDir,
}

/// How a page is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    pub width: u32,
    pub height: u32,
    pub dark: bool,
}

impl Browser {
    /// Starts one, with an empty page.
    pub fn start() -> Self {
        let program = std::env::var_os("PILLION_CHROMIUM")
            .expect("PILLION_CHROMIUM names no Chromium: run `make page`");
        let profile = tempfile::tempdir().unwrap();
        let log = std::fs::File::create(profile.path().join("log")).unwrap();
        let child = Command::new(program)
            // The sandbox needs what containers do not give; the only page is our own.
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"])
            .args(["--no-first-run", "--disable-background-networking", "--disable-component-update"])
            .args(["--hide-scrollbars", "--force-color-profile=srgb", "--remote-debugging-port=0"])
            .arg("--host-resolver-rules=MAP rebound.example 127.0.0.1")
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            // It has children, and all of them end with it.
            .process_group(0)
            .spawn()
            .unwrap();
        let mut child = Started(Some(child));
        let socket = connect(profile.path(), || child.has_ended());
        let child = child.keep();
        let mut browser =
            Self { child, socket, session: String::new(), calls: 0, events: Vec::new(), _profile: profile };
        let target = browser.call("Target.createTarget", json!({"url": "about:blank"}));
        let attached =
            browser.call("Target.attachToTarget", json!({"targetId": target["targetId"], "flatten": true}));
        attached["sessionId"].as_str().unwrap().clone_into(&mut browser.session);
        for domain in ["Page", "Runtime", "Log", "Network", "Audits"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        // As if somebody sat before it: keys and focus work.
        browser.call("Emulation.setFocusEmulationEnabled", json!({"enabled": true}));
        browser
    }

    /// Calls a method and gives its result.
    #[allow(clippy::needless_pass_by_value, reason = "whoever calls makes them for this call")]
    pub fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.calls += 1;
        let mut message = json!({"id": self.calls, "method": method, "params": parameters});
        if !self.session.is_empty() {
            message["sessionId"] = Value::from(self.session.clone());
        }
        self.socket.send(Message::text(message.to_string())).unwrap();
        loop {
            let Message::Text(text) = self.socket.read().unwrap_or_else(|error| panic!("{method}: {error}"))
            else {
                continue;
            };
            let mut told: Value = serde_json::from_str(&text).unwrap();
            if told["id"] == self.calls {
                assert!(told.get("error").is_none(), "{method}: {}", told["error"]);
                return told["result"].take();
            }
            self.events.push(told);
        }
    }

    /// Goes to a page and waits until it is there. What was told of before is forgotten.
    pub fn open(&mut self, url: &str) {
        self.events.clear();
        let gone = self.call("Page.navigate", json!({"url": url}));
        assert!(gone.get("errorText").is_none(), "{url}: {gone}");
        self.wait("document.readyState === 'complete'");
    }

    /// Runs a script in the page and gives what it comes to.
    pub fn run(&mut self, script: &str) -> Value {
        let mut done = self.call(
            "Runtime.evaluate",
            json!({"expression": script, "returnByValue": true, "awaitPromise": true}),
        );
        assert!(done.get("exceptionDetails").is_none(), "{script}: {done}");
        done["result"]["value"].take()
    }

    /// The text of the only element that a selector names, as a person sees it.
    pub fn text(&mut self, selector: &str) -> String {
        let script = format!("[...document.querySelectorAll({selector:?})].map((it) => it.innerText)");
        let found = self.run(&script);
        let [text] = found.as_array().unwrap().as_slice() else { panic!("{selector}: {found}") };
        text.as_str().unwrap().to_owned()
    }

    /// Waits until a script comes to `true`.
    pub fn wait(&mut self, script: &str) {
        let end = Instant::now() + PATIENCE;
        while self.run(script) != true {
            if Instant::now() > end {
                let page = self.run("document.body.innerText");
                panic!(
                    "not within {PATIENCE:?}: {script}\nthe page says: {}",
                    page.as_str().unwrap_or_default()
                );
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Writes into a field as a person does, in place of what it holds.
    pub fn write(&mut self, selector: &str, text: &str) {
        self.run(&format!(
            "(() => {{ const it = document.querySelector({selector:?}); it.focus(); it.select(); }})()"
        ));
        if text.is_empty() {
            self.press("Delete", 46, false);
        } else {
            self.call("Input.insertText", json!({"text": text}));
        }
    }

    /// Presses a key, with control held down or not.
    pub fn press(&mut self, key: &str, code: u32, control: bool) {
        for kind in ["keyDown", "keyUp"] {
            let modifiers = if control { 2 } else { 0 };
            let text = if kind == "keyDown" && key == "Enter" { "\r" } else { "" };
            self.call(
                "Input.dispatchKeyEvent",
                json!({
                    "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code,
                    "modifiers": modifiers, "text": text,
                }),
            );
        }
    }

    /// Clicks into the middle of an element.
    pub fn click(&mut self, selector: &str) {
        let place = self.run(&format!(
            "(() => {{ const it = document.querySelector({selector:?}); it.scrollIntoView({{block: 'center'}});
              const at = it.getBoundingClientRect(); return [at.x + at.width / 2, at.y + at.height / 2]; }})()"
        ));
        for kind in ["mousePressed", "mouseReleased"] {
            self.call(
                "Input.dispatchMouseEvent",
                json!({"type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1}),
            );
        }
    }

    /// Looks at the page on another screen.
    pub fn look(&mut self, screen: Screen) {
        let Screen { width, height, dark } = screen;
        self.call(
            "Emulation.setDeviceMetricsOverride",
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}),
        );
        let scheme = if dark { "dark" } else { "light" };
        self.call(
            "Emulation.setEmulatedMedia",
            json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]}),
        );
    }

    /// Writes a picture of the whole page.
    pub fn picture(&mut self, file: &Path) {
        self.run("window.scrollTo(0, 0)");
        let size = self.call("Page.getLayoutMetrics", json!({}))["cssContentSize"].take();
        let clip = json!({"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1});
        let taken = self.call(
            "Page.captureScreenshot",
            json!({"format": "png", "clip": clip, "captureBeyondViewport": true}),
        );
        let bytes = BASE64_STANDARD.decode(taken["data"].as_str().unwrap()).unwrap();
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, bytes).unwrap();
    }

    /// What went wrong in the page: errors and warnings of its script and of the browser, breaches of its policy.
    pub fn complaints(&mut self) -> Vec<String> {
        // Whatever is on its way comes before this answer.
        self.run("new Promise((done) => setTimeout(done, 50))");
        let bad = |event: &&Value| match event["method"].as_str().unwrap_or_default() {
            "Runtime.exceptionThrown" | "Audits.issueAdded" => true,
            "Runtime.consoleAPICalled" => event["params"]["type"] != "log",
            "Log.entryAdded" => {
                ["warning", "error"].contains(&event["params"]["entry"]["level"].as_str().unwrap())
            }
            _ => false,
        };
        self.events.iter().filter(bad).map(ToString::to_string).collect()
    }

    /// The addresses of everything that was asked for since the page was opened.
    pub fn requested(&self) -> Vec<String> {
        let asked = self.events.iter().filter(|event| event["method"] == "Network.requestWillBeSent");
        asked.map(|event| event["params"]["request"]["url"].as_str().unwrap().to_owned()).collect()
    }

    /// The statuses of answers to requests for this address.
    pub fn statuses(&self, url: &str) -> Vec<u64> {
        let answers = self.events.iter().filter(|event| event["method"] == "Network.responseReceived");
        let of = answers.map(|event| &event["params"]["response"]).filter(|response| response["url"] == url);
        of.map(|response| response["status"].as_u64().unwrap()).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// A child that ends if nobody comes to keep it.
struct Started(Option<Child>);

impl Started {
    fn has_ended(&mut self) -> bool {
        self.0.as_mut().is_none_or(|child| child.try_wait().unwrap().is_some())
    }

    fn keep(mut self) -> Child {
        self.0.take().unwrap()
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            end(child);
        }
    }
}

/// Ends a child and its children: they are a process group.
fn end(child: &mut Child) {
    let group = format!("-{}", child.id());
    let _ = Command::new("kill").args(["-s", "KILL", "--", &group]).status();
    let _ = child.wait();
}

/// Connects to the browser once it says where.
fn connect(profile: &Path, mut has_ended: impl FnMut() -> bool) -> WebSocket<TcpStream> {
    let file: PathBuf = profile.join("DevToolsActivePort");
    let end = Instant::now() + PATIENCE;
    let (port, path) = loop {
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        if let Some((port, path)) = text.split_once('\n')
            && !path.is_empty()
        {
            break (port.to_owned(), path.trim().to_owned());
        }
        let log = || std::fs::read_to_string(profile.join("log")).unwrap_or_default();
        assert!(Instant::now() < end && !has_ended(), "Chromium does not start:\n{}", log());
        std::thread::sleep(Duration::from_millis(20));
    };
    let stream = TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    tungstenite::client(format!("ws://127.0.0.1:{port}{path}"), stream).unwrap().0
}
