//! Servers that run until they are dropped: the real ones, on loopback.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::program;

/// A `rollcall` that serves, and has said where.
#[derive(Debug)]
pub struct Server {
    /// The process.
    pub child: Child,
    /// Where it listens.
    pub url: String,
    /// What it has said before that: who it is.
    pub name: String,
}

impl Server {
    /// Starts it in a folder, on a free port.
    #[must_use]
    pub fn start(here: &Path, args: &[&str]) -> Self {
        let mut command = Command::new(program());
        command.current_dir(here).args(args).args(["--listen", "127.0.0.1:0"]);
        let mut child = command.stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the server starts");
        let mut lines = BufReader::new(child.stderr.take().expect("its stderr is piped")).lines();
        let mut line = || lines.next().expect("it says who and where it is").expect("in UTF-8");
        let name = line();
        let url = line().rsplit(' ').next().unwrap_or_default().to_owned();
        Self { child, url, name }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
