//! The flags that give values.

use std::{
    fs,
    io::{self, Read},
    sync::Arc,
    thread,
};

use anyhow::{Result, anyhow};
use clap::Args;
use naru_bundle::{
    value::Map,
    values::{Origins, ValueOptions},
};
use naru_release::fetch::read_url;

use super::listed::{Listed, listed};

/// Most bytes of a values file.
const MAX_BYTES: u64 = 64 << 20;

/// The flags that give values.
#[derive(Clone, Debug, Default, Args)]
pub struct ValueFlags {
    /// Values in a YAML file or at a URL (`-` for standard input); repeat or separate with commas.
    #[arg(short = 'f', long, value_name = "FILE", value_parser = listed)]
    pub values: Vec<Listed>,
    /// Set values: key1=val1,key2=val2.
    #[arg(long, value_name = "KEY=VALUE", allow_hyphen_values = true)]
    pub set: Vec<String>,
    /// Set strings: key1=val1,key2=val2.
    #[arg(long, value_name = "KEY=VALUE", allow_hyphen_values = true)]
    pub set_string: Vec<String>,
    /// Set values to the content of files: key1=path1,key2=path2.
    #[arg(long, value_name = "KEY=FILE", allow_hyphen_values = true)]
    pub set_file: Vec<String>,
    /// Set JSON values: key1=json1,key2=json2, or one JSON object.
    #[arg(long, value_name = "KEY=JSON", allow_hyphen_values = true)]
    pub set_json: Vec<String>,
    /// Set one string, taken as it is.
    #[arg(long, value_name = "KEY=TEXT", allow_hyphen_values = true)]
    pub set_literal: Vec<String>,
}

impl ValueFlags {
    /// All values merged, in Helm's order.
    pub fn merge(&self) -> Result<Map> {
        self.options().merge(&mut |path| read(path)).map_err(|text| anyhow!(text))
    }

    /// Where the values come from, for reports.
    pub fn origins(&self) -> Option<Arc<Origins>> {
        Some(Arc::new(Origins { given: self.options(), read }))
    }

    fn options(&self) -> ValueOptions {
        let Self { values, set, set_string, set_file, set_json, set_literal } = self.clone();
        ValueOptions {
            files: Listed::all(&values).cloned().collect(),
            set,
            set_string,
            set_file,
            set_json,
            set_literal,
        }
    }
}

/// Reads a file, standard input (`-`), or what is at a URL.
fn read(path: &str) -> Result<Vec<u8>, String> {
    let mut data = Vec::new();
    let read = match path.trim() {
        "-" => io::stdin().take(MAX_BYTES).read_to_end(&mut data),
        _ if is_url(path) => return fetch(path),
        _ => fs::File::open(path).and_then(|file| file.take(MAX_BYTES).read_to_end(&mut data)),
    };
    read.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => format!("open {path}: no such file or directory"),
        io::ErrorKind::PermissionDenied => format!("open {path}: permission denied"),
        io::ErrorKind::IsADirectory => format!("read {path}: is a directory"),
        _ => format!("open {path}: {error}"),
    })?;
    Ok(data)
}

fn is_url(path: &str) -> bool {
    let scheme = path.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    scheme.is_some_and(|scheme| scheme == "http" || scheme == "https")
}

/// Fetches values, whether or not a runtime is there: those who give none start none.
fn fetch(url: &str) -> Result<Vec<u8>, String> {
    let max = usize::try_from(MAX_BYTES).unwrap_or(usize::MAX);
    let fetch = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| format!("{url}: {error}"))?;
        runtime.block_on(read_url(url, max)).map_err(|error| format!("{:#}", anyhow!(error)))
    };
    // A thread of its own may wait, wherever this is called from.
    let fetched = thread::scope(|scope| scope.spawn(fetch).join());
    fetched.unwrap_or_else(|_| Err(format!("{url}: the fetching ended early")))
}
