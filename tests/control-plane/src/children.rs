//! [`Children`]: processes that end with the test, whatever ends it. When the test returns or panics, they are killed
//! and waited for. When it is killed itself (`kill -9`, Ctrl-C), a guard does it: a small shell that reads from a pipe,
//! whose other end only this process holds. Owns the directory that the processes work in, which goes with them.
//! Never ends a process that it did not start.

use std::fs::File;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use anyhow::{Context, Result};

/// What the guard does: it learns process ids, and ends them at the end of its input. Their state is thrown away, so
/// that nothing is gained by letting them end slowly.
const GUARD: &str = r#"
while read -r word id; do
	case $word in
	watch) ids="$ids $id" ;;
	ended)
		rest=
		for other in $ids; do [ "$other" = "$id" ] || rest="$rest $other"; done
		ids=$rest
		;;
	done) ids= ;;
	esac
done
[ -z "$ids" ] || kill -9 $ids
# What is just ending may still write.
tries=100
while [ -e "$1" ] && [ $tries -gt 0 ]; do
	rm -rf -- "$1" || sleep 0.05
	tries=$((tries - 1))
done
"#;

/// Running processes and their directory.
#[derive(Debug)]
pub struct Children {
    directory: PathBuf,
    guard: Child,
    running: Vec<(String, Child)>,
}

impl Children {
    /// None yet, in a new directory.
    ///
    /// # Errors
    /// No directory can be made, or there is no shell.
    pub fn new() -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("pillion-").tempdir().context("no directory")?.keep();
        let guard = Command::new("sh")
            .args(["-c", GUARD, "guard"])
            .arg(&directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Ctrl-C at a terminal is for the whole group; the guard must outlive it.
            .process_group(0)
            .spawn()
            .context("cannot start sh, which guards the processes")?;
        Ok(Self { directory, guard, running: vec![] })
    }

    /// Where the processes work and log.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Starts a process under a name; what it prints goes to `NAME.log`.
    ///
    /// # Errors
    /// The program cannot be started.
    pub fn start(&mut self, name: &str, command: &mut Command) -> Result<()> {
        // A process that is started again goes on where its log ends.
        let log = File::options().create(true).append(true).open(self.log_file(name));
        let log = log.with_context(|| format!("no log for {name}"))?;
        let child = command
            .current_dir(&self.directory)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().display()))?;
        let id = child.id();
        self.running.push((name.to_owned(), child));
        self.tell(&format!("watch {id}")).context("the guard of the processes is gone")
    }

    /// The process ids, by name.
    pub fn ids(&self) -> impl Iterator<Item = (&str, u32)> {
        self.running.iter().map(|(name, child)| (name.as_str(), child.id()))
    }

    /// A process that has ended by itself, if there is one.
    pub fn ended(&mut self) -> Option<(String, ExitStatus)> {
        self.running
            .iter_mut()
            .find_map(|(name, child)| Some((name.clone(), child.try_wait().ok().flatten()?)))
    }

    /// How the process of this name ended, if it has; it is then forgotten, and the name is free again.
    pub fn take_ended(&mut self, name: &str) -> Option<ExitStatus> {
        let index = self.running.iter().position(|(known, _)| known == name)?;
        let status = self.running[index].1.try_wait().ok().flatten()?;
        let (_, child) = self.running.remove(index);
        // The number may soon be another process's.
        let _ = self.tell(&format!("ended {}", child.id()));
        Some(status)
    }

    /// Sends the process of this name a signal, such as `TERM`.
    ///
    /// # Errors
    /// There is no such process, or it cannot be signalled.
    pub fn signal(&mut self, name: &str, signal: &str) -> Result<()> {
        let id = self.ids().find(|(known, _)| *known == name).map(|(_, id)| id);
        let id = id.with_context(|| format!("no process {name} runs"))?;
        let mut told = Command::new("sh");
        told.args(["-c", "kill -s \"$1\" \"$2\"", "kill", signal, &id.to_string()]);
        let status = told.stderr(Stdio::null()).status().context("cannot run sh")?;
        anyhow::ensure!(status.success(), "process {id} ({name}) does not take the signal {signal}");
        Ok(())
    }

    /// All that a process printed.
    #[must_use]
    pub fn whole_log(&self, name: &str) -> String {
        String::from_utf8_lossy(&std::fs::read(self.log_file(name)).unwrap_or_default()).into_owned()
    }

    /// The end of what a process printed.
    #[must_use]
    pub fn log(&self, name: &str) -> String {
        const LINES: usize = 20;
        let text = self.whole_log(name);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(LINES)..].join("\n")
    }

    fn log_file(&self, name: &str) -> PathBuf {
        self.directory.join(format!("{name}.log"))
    }

    fn tell(&mut self, line: &str) -> std::io::Result<()> {
        self.guard.stdin.as_mut().map_or(Ok(()), |pipe| writeln!(pipe, "{line}"))
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        // In reverse: an API server without its etcd would only complain.
        for (_, child) in self.running.iter_mut().rev() {
            // A process that has ended already cannot be killed, which is as well.
            let _ = child.kill();
            let _ = child.wait();
        }
        let _ = self.tell("done");
        self.guard.stdin = None;
        let _ = self.guard.wait();
    }
}
