//! `naru bundle repo`: chart repositories, in Helm's own configuration.

use std::{io::Read, path::PathBuf, time::Duration};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use naru_release::{
    cluster::chain,
    fetch::{Access, Fetcher, Indexing, Repositories, Repository, index_folder},
};
use serde::Serialize;

use super::{
    chart_flags::AccessFlags,
    connect::duration,
    global::GlobalArgs,
    output::{self, Form, OutputArgs},
};

/// Manage chart repositories.
#[derive(Clone, Debug, Args)]
pub struct RepoArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Clone, Debug, Subcommand)]
enum What {
    /// Add a chart repository.
    Add(Box<AddArgs>),
    /// List the chart repositories.
    #[command(visible_alias = "ls")]
    List(ListArgs),
    /// Remove chart repositories.
    #[command(visible_alias = "rm")]
    Remove {
        /// Which.
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
    },
    /// Fetch the repositories' indexes anew.
    #[command(visible_alias = "up")]
    Update {
        /// Which; all if none is named.
        #[arg(value_name = "NAME")]
        names: Vec<String>,
        /// How long one index may take: 2m0s, 90s.
        #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "2m0s")]
        timeout: Duration,
    },
    /// Write the index of a folder of archives, which makes it a chart repository.
    Index(IndexArgs),
}

#[derive(Clone, Debug, Args)]
struct IndexArgs {
    /// The folder.
    folder: PathBuf,
    /// Where the folder will be served.
    #[arg(long, value_name = "URL", default_value = "", hide_default_value = true)]
    url: String,
    /// Keep the entries of this index.
    #[arg(long, value_name = "FILE")]
    merge: Option<PathBuf>,
    /// Write JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Debug, Args)]
struct AddArgs {
    /// What to call it.
    name: String,
    /// Where it is.
    url: String,
    /// Take the place of another of this name.
    #[arg(long)]
    force_update: bool,
    /// Add repositories too that were given up: every one can be added here.
    #[arg(long)]
    #[allow(dead_code, reason = "what it allows is never refused")]
    allow_deprecated_repos: bool,
    /// Read the password from standard input.
    #[arg(long)]
    password_stdin: bool,
    /// Give the user and password to every host.
    #[arg(long)]
    pass_credentials: bool,
    /// How long the index may take: 2m0s, 90s.
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "2m0s")]
    timeout: Duration,
    #[command(flatten)]
    access: AccessFlags,
}

#[derive(Clone, Debug, Args)]
struct ListArgs {
    /// Without the line of headings.
    #[arg(long)]
    no_headers: bool,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Serialize)]
struct Row {
    name: String,
    url: String,
}

impl RepoArgs {
    /// Runs the command.
    pub async fn run(self, global: &GlobalArgs) -> Result<()> {
        let fetcher = global.fetcher(Access::default());
        match self.what {
            What::Add(args) => args.run(global).await,
            What::List(args) => args.run(&fetcher),
            What::Remove { names } => remove(&fetcher, &names),
            What::Update { names, timeout } => {
                let access = Access { timeout: Some(timeout), ..Access::default() };
                update(&global.fetcher(access), &names).await
            }
            What::Index(IndexArgs { folder, url, merge, json }) => {
                Ok(index_folder(&folder, &Indexing { url, merge, json })?)
            }
        }
    }
}

/// A file's absolute path, for a configuration that is read from anywhere.
fn absolute(path: Option<PathBuf>) -> Result<String> {
    let path = path.map(|path| std::path::absolute(&path)).transpose().context("a file's path")?;
    Ok(path.map(|path| path.display().to_string()).unwrap_or_default())
}

impl AddArgs {
    async fn run(self, global: &GlobalArgs) -> Result<()> {
        let AddArgs { name, url, force_update, password_stdin, pass_credentials, mut access, .. } = self;
        if password_stdin {
            access.password.clear();
            std::io::stdin().read_to_string(&mut access.password)?;
            access.password.truncate(access.password.trim_end_matches(['\r', '\n']).len());
        }
        if name.contains('/') {
            bail!("repository name ({name}) contains '/', please specify a different name without '/'");
        }
        let fetcher = global.fetcher(Access { timeout: Some(self.timeout), ..access.access() });
        let file = fetcher.home.repositories_file.clone();
        let mut all = Repositories::load(&file)?;
        let repository = Repository {
            name: name.clone(),
            url,
            username: access.username.clone(),
            password: access.password.clone(),
            pass_credentials_all: pass_credentials,
            cert_file: absolute(access.cert_file)?,
            key_file: absolute(access.key_file)?,
            ca_file: absolute(access.ca_file)?,
            insecure_skip_tls_verify: access.insecure_skip_tls_verify,
        };
        match all.get(&name) {
            Some(known) if !force_update && *known != repository => {
                bail!("repository name ({name}) already exists, please specify a different name")
            }
            Some(_) if !force_update => {
                println!("{name:?} already exists with the same configuration, skipping");
                return Ok(());
            }
            _ => {}
        }
        fetcher.refresh(&repository).await?;
        all.put(repository);
        all.save(&file)?;
        println!("{name:?} has been added to your repositories");
        Ok(())
    }
}

impl ListArgs {
    fn run(self, fetcher: &Fetcher) -> Result<()> {
        let all = Repositories::load(&fetcher.home.repositories_file)?;
        let rows: Vec<Row> =
            all.repositories.into_iter().map(|one| Row { name: one.name, url: one.url }).collect();
        match self.output.form {
            Form::Json => output::print_json(&rows),
            Form::Yaml => output::print_yaml(&rows)?,
            Form::Table if rows.is_empty() => eprintln!("no repositories to show"),
            Form::Table => {
                let heading = (!self.no_headers).then(|| vec!["NAME".into(), "URL".into()]);
                let cells = rows.into_iter().map(|row| vec![row.name, row.url]);
                print!("{}", output::grid(&heading.into_iter().chain(cells).collect::<Vec<_>>()));
            }
        }
        Ok(())
    }
}

fn remove(fetcher: &Fetcher, names: &[String]) -> Result<()> {
    let file = &fetcher.home.repositories_file;
    let mut all = Repositories::load(file)?;
    if all.repositories.is_empty() {
        bail!("no repositories configured");
    }
    for name in names {
        if !all.remove(name) {
            bail!("no repo named {name:?} found");
        }
        all.save(file)?;
        fetcher.forget(name);
        println!("{name:?} has been removed from your repositories");
    }
    Ok(())
}

async fn update(fetcher: &Fetcher, names: &[String]) -> Result<()> {
    let all = Repositories::load(&fetcher.home.repositories_file)?;
    if all.repositories.is_empty() {
        bail!("no repositories found. You must add one before updating");
    }
    if let Some(name) = names.iter().find(|name| all.get(name).is_none()) {
        bail!("no repositories found matching '{name}'.  Nothing will be updated");
    }
    println!("Hang tight while we grab the latest from your chart repositories...");
    let mut failed = Vec::new();
    for one in all.repositories.iter().filter(|one| names.is_empty() || names.contains(&one.name)) {
        match fetcher.refresh(one).await {
            Ok(_) => println!("...Successfully got an update from the {:?} chart repository", one.name),
            Err(error) => {
                let (name, url) = (&one.name, &one.url);
                println!(
                    "...Unable to get an update from the {name:?} chart repository ({url}):\n\t{}",
                    chain(error.reason())
                );
                failed.push(url.clone());
            }
        }
    }
    if !failed.is_empty() {
        bail!("failed to update the following repositories: [{}]", failed.join(" "));
    }
    println!("Update Complete. ⎈Happy Helming!⎈");
    Ok(())
}
