//! The program as a child process.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// The program with these arguments and without the variables that it reads.
pub fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pillion"));
    command.args(args);
    for name in [
        "REVISION",
        "POD_NAMESPACE",
        "CLUSTER_ID",
        "ENABLE_NATIVE_SIDECARS",
        "PLATFORM",
        "COMPLIANCE_POLICY",
        "ISTIOD_CUSTOM_HOST",
        "PILLION_STATE_DIR",
        "RUST_LOG",
    ] {
        command.env_remove(name);
    }
    command
}

/// Runs the program to its end.
pub fn run(args: &[&str]) -> Output {
    command(args).stdin(Stdio::null()).output().unwrap()
}

/// Runs the program with `input` on its standard input.
pub fn run_with(args: &[&str], input: &str) -> Output {
    pillion_control_plane::run(&mut command(args), input).unwrap()
}

/// Standard output as text.
pub fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Standard error as text.
pub fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// `pillion serve` on free ports of loopback.
pub struct Serving {
    child: Child,
    /// The line that it printed.
    pub line: String,
    log: std::sync::mpsc::Receiver<String>,
    /// What was logged so far.
    pub logged: Vec<String>,
}

impl Serving {
    pub fn start(state: &Path, more: &[&str]) -> Self {
        Self::spawn(command(&Self::arguments("serve", state, more)))
    }

    /// `pillion shadow` in its place.
    pub fn shadow(state: &Path, more: &[&str]) -> Self {
        Self::spawn(command(&Self::arguments("shadow", state, more)))
    }

    /// The same in a shell that first runs `setting`.
    pub fn start_under(setting: &str, state: &Path, more: &[&str]) -> Self {
        let program = command(&Self::arguments("serve", state, more));
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("{setting} && exec \"$0\" \"$@\"")]);
        shell.arg(program.get_program()).args(program.get_args());
        Self::spawn(shell)
    }

    fn arguments<'a>(word: &'a str, state: &'a Path, more: &[&'a str]) -> Vec<&'a str> {
        let mut args = vec![word, "--https-addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0"];
        args.extend([
            "--debug-addr",
            "127.0.0.1:0",
            "--drain-delay",
            "0s",
            "--log-format",
            "json",
            "--state-dir",
        ]);
        args.push(state.to_str().unwrap());
        args.extend(more);
        args
    }

    fn spawn(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, log) = std::sync::mpsc::channel();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        std::thread::spawn(move || stdout.read_to_end(&mut Vec::new()));
        Self { child, line, log, logged: Vec::new() }
    }

    /// Waits for a log line that holds all of `parts`.
    pub fn logs(&mut self, parts: &[&str]) -> String {
        let found = |line: &String| parts.iter().all(|part| line.contains(part));
        if let Some(line) = self.logged.iter().find(|line| found(line)) {
            return line.clone();
        }
        let end = Instant::now() + Duration::from_secs(20);
        while let Ok(line) = self.log.recv_timeout(end.saturating_duration_since(Instant::now())) {
            self.logged.push(line.clone());
            if found(&line) {
                return line;
            }
        }
        panic!("no line with {parts:?} in\n{}", self.logged.join("\n"));
    }

    /// What was logged since this was last asked for; nothing is kept of it.
    #[allow(dead_code, reason = "long runs only: what they log does not fit into memory")]
    pub fn said(&mut self) -> Vec<String> {
        let mut lines = std::mem::take(&mut self.logged);
        lines.extend(self.log.try_iter());
        lines
    }

    /// The port that a listener of this name (`https`, `admin`, `debug`) got.
    pub fn port(&mut self, name: &str) -> u16 {
        let line: serde_json::Value = serde_json::from_str(&self.logs(&["\"listening\""])).unwrap();
        line[name].as_str().unwrap().rsplit_once(':').unwrap().1.parse().unwrap()
    }

    /// The id of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, name: &str) {
        let id = self.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// Waits for the end and gives the exit code.
    pub fn code(&mut self) -> Option<i32> {
        let end = Instant::now() + Duration::from_secs(30);
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("still running");
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
