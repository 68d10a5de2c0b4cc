//! `naru bundle verify`: who has signed a chart's archive. Source: `helm verify`.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use naru_release::fetch::verify_file;

use super::provenance::KeyringFlag;

/// Say who has signed a chart's archive; fail if nobody in the keyring has, or if it was changed since.
#[derive(Clone, Debug, Args)]
pub struct VerifyArgs {
    /// The archive; its signature lies beside it as ARCHIVE.prov.
    #[arg(value_name = "PATH")]
    path: PathBuf,
    #[command(flatten)]
    keyring: KeyringFlag,
}

impl VerifyArgs {
    /// Runs the command.
    pub fn run(self) -> Result<()> {
        print!("{}", verify_file(&self.path, &self.keyring.path())?);
        Ok(())
    }
}
