//! Flags about signatures of charts, and passphrases. In: the command line, the environment, a passphrase's file or the
//! terminal. Out: what is to be done about signatures; signed texts.

use std::{
    cell::OnceCell,
    fs,
    io::{self, BufRead, BufReader, Read},
    os::{fd::AsFd, unix::fs::FileTypeExt},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, anyhow, ensure};
use clap::Args;
use naru_bundle::{chart::Chart, yaml};
use naru_release::fetch::{self, Provenance, usual_keyring};

use super::terminal;

/// The longest passphrase, in bytes.
const PASSPHRASE_MAX: u64 = 64 * 1024;

/// Whose signatures count.
#[derive(Clone, Debug, Default, Args)]
pub struct KeyringFlag {
    /// The keyring, of any of GnuPG's forms [default: $GNUPGHOME/pubring.gpg or pubring.kbx]
    #[arg(long, value_name = "FILE")]
    keyring: Option<PathBuf>,
}

impl KeyringFlag {
    /// The keyring's file.
    pub fn path(&self) -> PathBuf {
        let usual = || usual_keyring(|name| std::env::var_os(name).map(PathBuf::from));
        self.keyring.clone().unwrap_or_else(usual)
    }

    fn is_empty(&self) -> bool {
        self.keyring.as_ref().is_some_and(|path| path.as_os_str().is_empty())
    }
}

/// Whether a chart must be signed, and by whom.
#[derive(Clone, Debug, Default, Args)]
pub struct ProvenanceFlags {
    /// Take the chart only if somebody in the keyring has signed it.
    #[arg(long)]
    pub verify: bool,
    #[command(flatten)]
    keyring: KeyringFlag,
}

impl ProvenanceFlags {
    /// What is done about charts that are fetched.
    pub fn wanted(&self) -> Provenance {
        if self.verify { Provenance::Demanded(self.keyring.path()) } else { Provenance::Ignored }
    }

    /// The same where a chart without a signature passes.
    pub fn wanted_if_there(&self) -> Provenance {
        if self.verify { Provenance::IfThere(self.keyring.path()) } else { Provenance::Ignored }
    }

    /// Verifies a chart on this machine, if that is wanted.
    ///
    /// # Errors
    /// Nobody in the keyring vouches for it.
    pub fn verify_here(&self, path: &Path) -> Result<()> {
        if self.verify {
            fetch::verify_file(&std::path::absolute(path)?, &self.keyring.path())?;
        }
        Ok(())
    }
}

/// Whether packed charts are signed, and with which key.
#[derive(Clone, Debug, Default, Args)]
pub struct SignFlags {
    /// Sign the archive, into a file beside it.
    #[arg(long)]
    sign: bool,
    /// The name of the key that signs, or a part of it.
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    key: String,
    #[command(flatten)]
    keyring: KeyringFlag,
    /// A file whose first line is the key's passphrase; - is standard input.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// Standard input is read once, for all charts.
    #[arg(skip)]
    passphrase: OnceCell<Vec<u8>>,
}

impl SignFlags {
    /// Refuses to sign with nothing.
    ///
    /// # Errors
    /// No key is named.
    pub fn check(&self) -> Result<()> {
        if self.sign {
            ensure!(!self.key.is_empty(), "--key is required for signing a package");
            ensure!(!self.keyring.is_empty(), "--keyring is required for signing a package");
        }
        Ok(())
    }

    /// Signs an archive of a chart, if that is wanted.
    ///
    /// # Errors
    /// The key or its passphrase cannot be had, or the file not be written.
    pub fn sign(&self, chart: &Chart, archive: &Path) -> Result<()> {
        if !self.sign {
            return Ok(());
        }
        let keyring = fetch::read_keyring(&self.keyring.path())?;
        let given = self.passphrase_file.as_deref().map(|file| self.passphrase(file)).transpose()?;
        let bytes = fs::read(archive).with_context(|| archive.display().to_string())?;
        let name = archive.file_name().unwrap_or_default().to_string_lossy();
        let text = fetch::statement(&yaml::write(&chart.metadata.document())?, &name, &bytes)?;
        let signed = fetch::sign(&keyring, &self.key, &text, |name| match given {
            Some(passphrase) => Ok(passphrase.clone()),
            None => ask(name),
        });
        let beside = PathBuf::from(format!("{}.prov", archive.display()));
        let signed = signed?;
        fs::write(&beside, signed).with_context(|| beside.display().to_string())
    }

    fn passphrase(&self, file: &Path) -> Result<&Vec<u8>> {
        if self.passphrase.get().is_none() {
            let first = if file.as_os_str() == "-" { from_standard_input()? } else { from_file(file)? };
            return Ok(self.passphrase.get_or_init(|| first));
        }
        self.passphrase.get().context("a passphrase that was read is still there")
    }
}

fn from_standard_input() -> Result<Vec<u8>> {
    let stdin = fs::File::from(io::stdin().as_fd().try_clone_to_owned()?);
    ensure!(
        stdin.metadata()?.file_type().is_fifo(),
        "specified reading passphrase from stdin, without input on stdin"
    );
    first_line(stdin)
}

fn from_file(path: &Path) -> Result<Vec<u8>> {
    let file = fs::File::open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => anyhow!("open {}: no such file or directory", path.display()),
        _ => anyhow!("open {}: {error}", path.display()),
    })?;
    first_line(file)
}

fn first_line(from: impl Read) -> Result<Vec<u8>> {
    let mut line = Vec::new();
    let read = BufReader::new(from.take(PASSPHRASE_MAX)).read_until(b'\n', &mut line)?;
    ensure!(read > 0, "EOF");
    if line.last() == Some(&b'\n') {
        line.pop();
        if line.last() == Some(&b'\r') {
            line.pop();
        }
    }
    Ok(line)
}

/// Asks for a key's passphrase on the terminal, without showing it.
fn ask(name: &str) -> Result<Vec<u8>> {
    Ok(terminal::hidden_line(&format!("Password for key {name:?} >  "))?.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passphrases_are_first_lines() {
        for (text, expected) in [("a\nb", "a"), ("a\r\n", "a"), ("a", "a"), ("\n", ""), ("a \n", "a ")] {
            assert_eq!(first_line(text.as_bytes()).ok().as_deref(), Some(expected.as_bytes()), "{text:?}");
        }
        assert!(first_line(&b""[..]).is_err());
    }
}
