//! The command line. By hand: an argument parser would be a tenth of the shim's memory.

use std::{ffi::OsString, path::PathBuf};

const USAGE: &str = "usage: naru-shim-oci --socket PATH --run-dir DIR\n\
    Serves the OCI containers of the pod that DIR/sandbox.json names. Started by naru, not by hand.";

/// What the shim is told.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Args {
    /// The socket to serve.
    pub(crate) socket: PathBuf,
    /// The pod's directory.
    pub(crate) run_dir: PathBuf,
}

impl Args {
    /// Reads the arguments after the program's name; the error is what to tell the user.
    pub(crate) fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Self, String> {
        let (mut socket, mut run_dir) = (None, None);
        let mut args = args.into_iter();
        while let Some(arg) = args.next() {
            let slot = match arg.to_str() {
                Some("--socket") => &mut socket,
                Some("--run-dir") => &mut run_dir,
                Some("--help" | "-h") => return Err(USAGE.to_owned()),
                _ => return Err(format!("unknown argument {}\n{USAGE}", arg.display())),
            };
            let value = args.next().ok_or_else(|| format!("{} needs a value\n{USAGE}", arg.display()))?;
            *slot = Some(PathBuf::from(value));
        }
        match (socket, run_dir) {
            (Some(socket), Some(run_dir)) if socket.is_absolute() && run_dir.is_absolute() => {
                Ok(Self { socket, run_dir })
            }
            (Some(_), Some(_)) => Err(format!("both paths must be absolute\n{USAGE}")),
            _ => Err(format!("both arguments are needed\n{USAGE}")),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Result<Args, String> {
        Args::parse(args.iter().map(OsString::from))
    }

    #[test]
    fn takes_both_paths_and_nothing_else() {
        let args = parse(&["--run-dir", "/run/x", "--socket", "/run/x/shim.sock"]).unwrap();
        assert_eq!(args, Args { socket: "/run/x/shim.sock".into(), run_dir: "/run/x".into() });
        for bad in [
            &[][..],
            &["--socket", "/a"],
            &["--socket", "a", "--run-dir", "/b"],
            &["--socket"],
            &["--help"],
            &["--what"],
        ] {
            assert!(parse(bad).unwrap_err().contains("usage:"), "{bad:?}");
        }
    }
}
