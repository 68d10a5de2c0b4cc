//! `naru image`: the images of this machine's node.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Subcommand};
use naru_image::{Content, DiskImages, Image, ImageStore, Progress, WasmEncoding};

use crate::{args::DataDir, client::table::Grid, cluster::Cluster};

/// How much of a digest tells images apart, in hexadecimal digits (crictl prints as many).
const SHORT_ID: usize = 13;

/// Manage the images of this machine's node.
#[derive(Clone, Debug, Args)]
pub struct ImageArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: ImageCommand,
}

/// The image commands.
#[derive(Clone, Debug, Subcommand)]
pub enum ImageCommand {
    /// Take an image from a file: an OCI layout (folder or tar), a docker archive, or a bare .wasm.
    ///
    /// Example: `docker save web:1 -o web.tar && naru image import web.tar`. Pods find the name without a pull.
    Import(ImportArgs),
    /// List the images.
    Ls(DataDir),
    /// Forget names, and content that no other name needs.
    Rm(RemoveArgs),
}

/// `naru image import`.
#[derive(Clone, Debug, Args)]
pub struct ImportArgs {
    /// The file or folder.
    #[arg(value_name = "FILE|DIR")]
    pub path: PathBuf,
    /// The image's name, for example registry/app:1; the one the file gives itself if not given.
    #[arg(long, value_name = "REF")]
    pub name: Option<String>,
    /// Whose images.
    #[command(flatten)]
    pub data: DataDir,
}

/// `naru image rm`.
#[derive(Clone, Debug, Args)]
pub struct RemoveArgs {
    /// The names.
    #[arg(value_name = "REF", required = true)]
    pub names: Vec<String>,
    /// Whose images.
    #[command(flatten)]
    pub data: DataDir,
}

impl ImageArgs {
    /// Runs the command.
    pub async fn run(self) -> Result<()> {
        match self.command {
            ImageCommand::Import(args) => import(args).await,
            ImageCommand::Ls(data) => list(&data).await,
            ImageCommand::Rm(args) => remove(args).await,
        }
    }
}

/// The node's images. Before a cluster's first start there are no containers, hence no mounts to look at.
fn open(data: &DataDir) -> Result<DiskImages> {
    let rootfs = match Cluster::find(&data.data_dir)? {
        Some(cluster) => cluster.rootfs(),
        None => data.data_dir.join("images/rootfs"),
    };
    Ok(DiskImages::open(&data.data_dir.join("images"), &rootfs)?)
}

async fn import(args: ImportArgs) -> Result<()> {
    let images = open(&args.data)?;
    let image = images
        .import(&args.path, args.name.as_deref(), |step: Progress<'_>| {
            eprintln!("layer {}/{} {}", step.done + 1, step.total, step.digest)
        })
        .await?;
    for name in &image.names {
        println!("imported {name} ({}, {})", kind(&image), size(image.size_bytes));
    }
    Ok(())
}

async fn list(data: &DataDir) -> Result<()> {
    let mut grid = Grid::default();
    grid.push(["NAME", "TAG", "IMAGE ID", "KIND", "SIZE"].map(String::from).to_vec());
    // To look is no reason to make directories.
    let images = if data.data_dir.join("images").exists() { open(data)?.list().await? } else { Vec::new() };
    for image in images {
        let id: String = image.digest.trim_start_matches("sha256:").chars().take(SHORT_ID).collect();
        for name in &image.names {
            let (name, tag) = split(name);
            grid.push(vec![name, tag, id.clone(), kind(&image).into(), size(image.size_bytes)]);
        }
    }
    print!("{}", grid.render());
    Ok(())
}

async fn remove(args: RemoveArgs) -> Result<()> {
    let images = open(&args.data)?;
    for name in &args.names {
        images.remove(name).await?;
        println!("removed {name}");
    }
    Ok(())
}

fn kind(image: &Image) -> &'static str {
    match &image.content {
        Content::Oci { .. } => "oci",
        Content::Wasm { encoding: WasmEncoding::Module, .. } => "wasm module",
        Content::Wasm { encoding: WasmEncoding::Component, .. } => "wasm component",
    }
}

/// A normalised reference as name and tag; a digest is shown in the tag's place.
fn split(reference: &str) -> (String, String) {
    let (name, digest) = reference.split_once('@').unwrap_or((reference, ""));
    let slash = name.rfind('/').unwrap_or_default();
    match name[slash..].split_once(':') {
        Some((end, tag)) => (format!("{}{end}", &name[..slash]), tag.into()),
        None => (name.into(), if digest.is_empty() { "<none>".into() } else { digest.into() }),
    }
}

/// Bytes as docker prints them: decimal units, three digits.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let mut amount = bytes as f64;
    let mut unit = 0;
    while amount >= 1000.0 && unit + 1 < UNITS.len() {
        amount /= 1000.0;
        unit += 1;
    }
    let digits = if unit == 0 || amount >= 100.0 {
        0
    } else if amount >= 10.0 {
        1
    } else {
        2
    };
    format!("{amount:.digits$}{}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_sizes() {
        let pair = |name: &str, tag: &str| (name.to_string(), tag.to_string());
        assert_eq!(split("docker.io/library/busybox:1.36"), pair("docker.io/library/busybox", "1.36"));
        assert_eq!(split("localhost:5000/a:b"), pair("localhost:5000/a", "b"));
        assert_eq!(split("localhost:5000/a@sha256:00"), pair("localhost:5000/a", "sha256:00"));
        for (bytes, expected) in [(0, "0B"), (999, "999B"), (2_133_000, "2.13MB"), (25_700, "25.7kB")] {
            assert_eq!(size(bytes), expected);
        }
    }
}
