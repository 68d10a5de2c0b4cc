//! Where a chart comes from: this machine, a chart repository or a registry.

use std::path::PathBuf;

use anyhow::{Result, anyhow};
use clap::Args;
use naru_bundle::chart::Chart;
use naru_release::fetch::{Access, Fetcher};
use rand::TryRngCore;

use super::{connect::say, global::GlobalArgs, provenance::ProvenanceFlags, source};

/// How to reach repositories and registries.
#[derive(Clone, Debug, Default, Args)]
pub struct AccessFlags {
    /// The user.
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    pub username: String,
    /// The password.
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub password: String,
    /// Trust this certificate authority, PEM.
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
    /// Show this certificate, PEM.
    #[arg(long, value_name = "FILE", requires = "key_file")]
    pub cert_file: Option<PathBuf>,
    /// Its key, PEM.
    #[arg(long, value_name = "FILE", requires = "cert_file")]
    pub key_file: Option<PathBuf>,
    /// Accept any certificate.
    #[arg(long)]
    pub insecure_skip_tls_verify: bool,
    /// Talk to registries without TLS.
    #[arg(long)]
    pub plain_http: bool,
}

impl AccessFlags {
    /// Reads the files that are named, as helm does, whether or not something is fetched.
    ///
    /// # Errors
    /// One of them cannot be read, or is not what it should be.
    pub fn check(&self) -> Result<()> {
        Ok(self.access().check()?)
    }

    /// For fetching.
    pub fn access(&self) -> Access {
        Access {
            username: self.username.clone(),
            password: self.password.clone(),
            ca_file: self.ca_file.clone(),
            identity: self.cert_file.clone().zip(self.key_file.clone()),
            insecure: self.insecure_skip_tls_verify,
            plain_http: self.plain_http,
            pass_credentials: false,
            timeout: None,
        }
    }
}

/// Which chart.
#[derive(Clone, Debug, Default, Args)]
pub struct ChartFlags {
    /// The chart repository's URL, if the chart is named without one.
    #[arg(long, value_name = "URL", default_value = "", hide_default_value = true)]
    pub repo: String,
    /// A version, or a range: 1.2.3, ^2.0.0. The latest if not given.
    #[arg(long, value_name = "RANGE", default_value = "", hide_default_value = true)]
    pub version: String,
    /// Development versions too.
    #[arg(long)]
    pub devel: bool,
    /// Give the user and password to every host.
    #[arg(long)]
    pub pass_credentials: bool,
    #[command(flatten)]
    pub provenance: ProvenanceFlags,
    #[command(flatten)]
    pub access: AccessFlags,
}

impl ChartFlags {
    /// The version that is wanted.
    pub fn wanted(&self) -> &str {
        if self.version.is_empty() && self.devel { ">0.0.0-0" } else { &self.version }
    }

    /// Somebody who fetches.
    pub fn fetcher(&self, global: &GlobalArgs) -> Fetcher {
        global.fetcher(Access { pass_credentials: self.pass_credentials, ..self.access.access() })
    }

    /// Loads a chart that can be installed, from wherever it is; with `update`, its missing dependencies are fetched
    /// first.
    pub async fn load(&self, reference: &str, update: bool, global: &GlobalArgs) -> Result<Chart> {
        let chart = self.load_any(reference, update, global).await?;
        source::check_installable(&chart)?;
        Ok(chart)
    }

    /// Whether the chart is not on this machine.
    pub fn is_remote(&self, reference: &str) -> bool {
        let is_here = || matches!(source::locate(reference), Ok(Some(_)));
        !self.repo.is_empty() || reference.starts_with("oci://") || !is_here()
    }

    /// The same of any chart, one that cannot be installed too.
    pub async fn load_any(&self, reference: &str, update: bool, global: &GlobalArgs) -> Result<Chart> {
        self.access.check()?;
        let local = if self.repo.is_empty() && !reference.starts_with("oci://") {
            source::locate(reference)?
        } else {
            None
        };
        match local {
            Some(path) => {
                self.provenance.verify_here(&path)?;
                let chart = source::load(&path)?;
                if update && path.is_dir() && !naru_bundle::chart::missing_dependencies(&chart).is_empty() {
                    super::dependency::update(&self.fetcher(global), &path, false).await?;
                    return source::load(&path);
                }
                Ok(chart)
            }
            None => {
                let wanted = self.provenance.wanted();
                let fetcher = self.fetcher(global).with_provenance(wanted.clone());
                let fetched = fetcher.chart(reference.trim(), self.wanted(), &self.repo).await?;
                if let Some((reference, digest)) = &fetched.pulled {
                    eprintln!("Pulled: {reference}\nDigest: {digest}");
                }
                // Without a cache it is only fetched again.
                if let Err(problem) = fetched.keep(&fetcher.home.content_cache) {
                    source::warn(&[format!("the chart is not kept in the cache: {:#}", anyhow!(problem))]);
                }
                fetched.verify(&wanted, reference, &say)?;
                let mut warnings = Vec::new();
                let chart = Chart::from_archive(&fetched.bytes, &mut warnings)?;
                source::warn(&warnings);
                Ok(chart)
            }
        }
    }
}

/// Fills bytes with the kernel's randomness.
pub fn random(bytes: &mut [u8]) {
    rand::rngs::OsRng.try_fill_bytes(bytes).expect("the kernel has randomness once it runs programs");
}

/// `a=1,b=2` as Helm's map flags read it.
pub fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) =
        text.split_once('=').ok_or_else(|| format!("{text} must be formatted as key=value"))?;
    Ok((name.into(), value.into()))
}

/// The release's name and the chart, from what stands on the command line.
pub fn name_and_chart<'a>(
    arguments: &'a [String],
    generate: bool,
    template: &str,
) -> Result<(String, &'a str)> {
    match arguments {
        [_, _] if generate => Err(anyhow!("cannot set --generate-name and also specify a name")),
        [_, _] if !template.is_empty() => Err(anyhow!("cannot set --name-template and also specify a name")),
        [name, chart] => Ok((name.clone(), chart)),
        [chart] if !template.is_empty() => Ok((super::template::template_name(template)?, chart)),
        [chart] if generate => {
            let now = jiff::Timestamp::now().as_second();
            Ok((naru_release::plan::name::generated(chart, now), chart))
        }
        [_] => Err(anyhow!("must either provide a name or specify --generate-name")),
        _ => Err(anyhow!(
            "expected at most two arguments, unexpected arguments: {}",
            arguments[2..].join(", ")
        )),
    }
}
