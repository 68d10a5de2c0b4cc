//! `naru bundle dependency`: a chart's dependencies.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args, Subcommand};
use naru_bundle::chart::{Chart, write_archive};
use naru_release::fetch::{Access, Fetcher, Manager};

use super::{
    chart_flags::AccessFlags, global::GlobalArgs, output, package, provenance::ProvenanceFlags, source,
};

/// Manage a chart's dependencies.
#[derive(Clone, Debug, Args)]
pub struct DependencyArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Clone, Debug, Subcommand)]
enum What {
    /// Fetch what the lock file names.
    Build(UpdateArgs),
    /// List the dependencies and how they stand.
    #[command(visible_alias = "ls")]
    List {
        /// The chart's folder.
        #[arg(default_value = ".")]
        chart: PathBuf,
        /// How wide a column may be; 0 is no limit.
        #[arg(long, value_name = "NUMBER", default_value_t = 80)]
        max_col_width: usize,
    },
    /// Resolve the dependencies anew, fetch them and write the lock file.
    #[command(visible_alias = "up")]
    Update(UpdateArgs),
}

#[derive(Clone, Debug, Args)]
struct UpdateArgs {
    /// The chart's folder.
    #[arg(default_value = ".")]
    chart: PathBuf,
    /// Take the indexes of repositories as they were fetched last.
    #[arg(long)]
    skip_refresh: bool,
    #[command(flatten)]
    access: AccessFlags,
    #[command(flatten)]
    provenance: ProvenanceFlags,
}

impl DependencyArgs {
    /// Runs the command.
    pub async fn run(self, global: &GlobalArgs) -> Result<()> {
        match self.what {
            What::Build(args) => {
                args.access.check()?;
                let fetcher = global.fetcher(args.access.access());
                let fetcher = fetcher.with_provenance(args.provenance.wanted_if_there());
                Ok(manager(&fetcher, &args.chart, args.skip_refresh).build().await?)
            }
            What::Update(args) => {
                args.access.check()?;
                let fetcher = global.fetcher(args.access.access());
                let fetcher = fetcher.with_provenance(args.provenance.wanted());
                update(&fetcher, &args.chart, args.skip_refresh).await
            }
            What::List { chart, max_col_width } => {
                list(&global.fetcher(Access::default()), &chart, max_col_width)
            }
        }
    }
}

/// Resolves and fetches a chart's dependencies.
pub async fn update(fetcher: &Fetcher, chart: &Path, skip_refresh: bool) -> Result<()> {
    Ok(manager(fetcher, chart, skip_refresh).update().await?)
}

/// The same without a word.
pub async fn update_silently(fetcher: &Fetcher, chart: &Path) -> Result<()> {
    let manager = Manager { say: &|_| {}, ..manager(fetcher, chart, false) };
    Ok(manager.update().await?)
}

fn manager<'a>(fetcher: &'a Fetcher, folder: &'a Path, skip_refresh: bool) -> Manager<'a> {
    Manager {
        fetcher,
        folder,
        load: &|path| source::load(path).map_err(|error| format!("{error:#}")),
        pack: &pack,
        say: &|line| println!("{line}"),
        skip_refresh,
    }
}

fn pack(chart: &Chart, folder: &Path) -> Result<Vec<u8>, String> {
    let modified = package::modified(folder).map_err(|error| format!("{error:#}"))?;
    write_archive(chart, &modified).map_err(|error| error.to_string())
}

fn list(fetcher: &Fetcher, chart: &Path, max_col_width: usize) -> Result<()> {
    let manager = manager(fetcher, chart, true);
    let Some(rows) = manager.list()? else {
        println!("WARNING: no dependencies at {}", chart.join("charts").display());
        return Ok(());
    };
    let heading = ["NAME", "VERSION", "REPOSITORY", "STATUS"].map(String::from).to_vec();
    let cells = rows.into_iter().map(|row| vec![row.name, row.version, row.repository, row.status.into()]);
    let all: Vec<_> = std::iter::once(heading).chain(cells).collect();
    let widest = if max_col_width == 0 { usize::MAX } else { max_col_width };
    println!("{}", output::grid_with(&all, widest, |_, _, cell| cell.into()));
    for problem in manager.strangers()? {
        println!("WARNING: {problem}");
    }
    Ok(())
}
