//! `naru bundle list`.

use anyhow::{Context, Result};
use clap::Args;
use jiff::tz::TimeZone;
use naru_api::selector::LabelSelector;
use naru_bundle::time::Instant;
use naru_release::{
    operations::{Listing, Options, Order},
    record::{Release, Status},
};
use regex_automata::meta::Regex;
use serde::Serialize;

use super::{
    connect::operator,
    global::GlobalArgs,
    output::{self, Form, OutputArgs},
    report::{NAMESPACE_COLOR, paint, status_color},
};

/// List releases.
#[derive(Clone, Debug, Args)]
pub struct ListArgs {
    /// Those of all namespaces.
    #[arg(long, short = 'A')]
    all_namespaces: bool,
    /// By when they were deployed.
    #[arg(long, short)]
    date: bool,
    /// Backwards.
    #[arg(long, short)]
    reverse: bool,
    /// Deployed ones.
    #[arg(long)]
    deployed: bool,
    /// Failed ones.
    #[arg(long)]
    failed: bool,
    /// Those that an operation is under way for, or was interrupted.
    #[arg(long)]
    pending: bool,
    /// Revisions that later ones have replaced.
    #[arg(long)]
    superseded: bool,
    /// Uninstalled ones whose history was kept.
    #[arg(long)]
    uninstalled: bool,
    /// Those that are being uninstalled.
    #[arg(long)]
    uninstalling: bool,
    /// Those whose name this regular expression finds something in.
    #[arg(long, short, value_name = "REGEX")]
    filter: Option<String>,
    /// Those with such labels: team=a,tier!=b.
    #[arg(long, short = 'l', value_name = "LABELS")]
    selector: Option<String>,
    /// How many at most; any number if negative.
    #[arg(long, short, value_name = "NUMBER", default_value_t = 256, allow_negative_numbers = true)]
    max: i64,
    /// How many to pass over first.
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    offset: usize,
    /// Names only.
    #[arg(long, short = 'q')]
    short: bool,
    /// Without the line of headings.
    #[arg(long)]
    no_headers: bool,
    /// The form of times, in Go's layout: 2006-01-02 15:04:05Z0700.
    #[arg(long, value_name = "LAYOUT")]
    time_format: Option<String>,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Serialize)]
struct Row {
    name: String,
    namespace: String,
    revision: String,
    updated: String,
    status: String,
    chart: String,
    app_version: String,
}

impl ListArgs {
    /// Runs the command.
    pub async fn run(self, global: &GlobalArgs) -> Result<()> {
        let cluster = global.connect().await?;
        let operator = operator(&cluster, Options::default());
        let pattern = self.filter.as_deref().map(Regex::new).transpose();
        let pattern = pattern.context("error parsing regexp")?;
        let selector = LabelSelector::parse(self.selector.as_deref().unwrap_or_default());
        let selector = selector.map_err(anyhow::Error::msg)?;
        let fits = |release: &Release| {
            pattern.as_ref().is_none_or(|pattern| pattern.is_match(&release.name))
                && selector.matches(|name| release.labels.get(name).map(String::as_str))
        };
        let listing = Listing {
            everywhere: self.all_namespaces,
            statuses: self.statuses(),
            order: if self.date { Order::Date } else { Order::Name },
            reverse: self.reverse,
            max: usize::try_from(self.max).unwrap_or(usize::MAX),
            offset: self.offset,
        };
        let all = operator.storage().list(self.all_namespaces).await?;
        let chosen = listing.choose(all, fits);
        let rows: Vec<Row> = chosen.iter().map(|one| self.row(&one.release)).collect();
        let names = || rows.iter().map(|row| row.name.clone()).collect::<Vec<_>>();
        match (self.output.form, self.short) {
            (Form::Json, true) => output::print_json(&names()),
            (Form::Yaml, true) => output::print_yaml(&names())?,
            (Form::Table, true) => names().iter().for_each(|name| println!("{name}")),
            (Form::Json, false) => output::print_json(&rows),
            (Form::Yaml, false) => output::print_yaml(&rows)?,
            (Form::Table, false) => print!("{}", self.table(rows, global.color.is_on())),
        }
        Ok(())
    }

    fn statuses(&self) -> Vec<Status> {
        let flags = [
            (self.deployed, &[Status::Deployed][..]),
            (self.failed, &[Status::Failed]),
            (self.superseded, &[Status::Superseded]),
            (self.uninstalled, &[Status::Uninstalled]),
            (self.uninstalling, &[Status::Uninstalling]),
            (self.pending, &[Status::PendingInstall, Status::PendingUpgrade, Status::PendingRollback]),
        ];
        flags.into_iter().filter(|(wanted, _)| *wanted).flat_map(|(_, all)| all.iter().copied()).collect()
    }

    fn row(&self, release: &Release) -> Row {
        let updated = match (release.info.last_deployed, &self.time_format) {
            (None, _) => "-".into(),
            (Some(at), None) => at.plain(),
            (Some(at), Some(layout)) => {
                let zoned = at.at.to_zoned(TimeZone::fixed(at.offset));
                String::from_utf8_lossy(&Instant::now(&zoned).format(layout.as_bytes())).into_owned()
            }
        };
        Row {
            name: release.name.clone(),
            namespace: release.namespace.clone(),
            revision: release.version.to_string(),
            updated,
            status: release.info.status.to_string(),
            chart: release.chart_name(),
            app_version: release.app_version(),
        }
    }

    fn table(&self, rows: Vec<Row>, color: bool) -> String {
        let heading = ["NAME", "NAMESPACE", "REVISION", "UPDATED", "STATUS", "CHART", "APP VERSION"];
        let heading = (!self.no_headers).then(|| heading.map(String::from).to_vec());
        let cells = rows.into_iter().map(|row| {
            vec![row.name, row.namespace, row.revision, row.updated, row.status, row.chart, row.app_version]
        });
        let all: Vec<_> = heading.into_iter().chain(cells).collect();
        let decorate = |row: usize, column: usize, cell: &str| match (row, column) {
            (0, _) if color && !self.no_headers => format!("\x1b[1m{cell}\x1b[22m"),
            (_, 1) => paint(cell, NAMESPACE_COLOR, color),
            (_, 4) => paint(cell, status_color(Status::parse(cell)), color),
            _ => cell.into(),
        };
        output::grid_with(&all, usize::MAX, decorate)
    }
}
