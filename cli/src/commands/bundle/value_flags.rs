//! The flags that give values.

use std::{fs, io::Read, sync::Arc};

use anyhow::{Result, anyhow};
use clap::Args;
use naru_bundle::{
    value::Map,
    values::{Origins, ValueOptions},
};

/// Most bytes of a values file.
const MAX_BYTES: u64 = 64 << 20;

/// The flags that give values.
#[derive(Clone, Debug, Default, Args)]
pub struct ValueFlags {
    /// Values in a YAML file (`-` for standard input); repeat or separate with commas.
    #[arg(short = 'f', long, value_name = "FILE", value_delimiter = ',')]
    pub values: Vec<String>,
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
        ValueOptions { files: values, set, set_string, set_file, set_json, set_literal }
    }
}

fn read(path: &str) -> Result<Vec<u8>, String> {
    let mut data = Vec::new();
    let read = match path.trim() {
        "-" => std::io::stdin().take(MAX_BYTES).read_to_end(&mut data),
        _ => fs::File::open(path).and_then(|file| file.take(MAX_BYTES).read_to_end(&mut data)),
    };
    read.map_err(|error| format!("open {path}: {error}"))?;
    Ok(data)
}
