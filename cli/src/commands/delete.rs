//! `naru delete`: asks for objects to go, and waits until they have.

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use http::Method;
use serde_json::json;
use tokio::time::{Duration, Instant, sleep};

use crate::{
    client::{
        ClientArgs, Session, api, failure, manifest::FileArgs, resource::Resource, selection::Selected,
    },
    commands::{apply::DryRun, wait::seconds},
};

/// How often to look whether an object has gone.
const POLL: Duration = Duration::from_millis(100);

/// Delete objects.
///
/// Examples: `naru delete pod web`, `naru delete -f pod.yaml`, `naru delete pods -l app=web`, `naru delete pods --all`.
#[derive(Clone, Debug, Args)]
pub struct DeleteArgs {
    /// TYPE NAME..., or TYPE/NAME...
    #[arg(value_name = "TYPE")]
    pub targets: Vec<String>,
    /// What files describe.
    #[command(flatten)]
    pub files: FileArgs,
    /// Objects with these labels.
    #[arg(long = "selector", short = 'l', value_name = "LABELS")]
    pub selector: Option<String>,
    /// All of the namespace.
    #[arg(long)]
    pub all: bool,
    /// With -l or --all: in all namespaces.
    #[arg(long, short = 'A')]
    pub all_namespaces: bool,
    /// Objects with these fields, for example status.phase=Failed.
    #[arg(long, value_name = "FIELDS")]
    pub field_selector: Option<String>,
    /// Succeed when an object does not exist.
    #[arg(long)]
    pub ignore_not_found: bool,
    /// Seconds a pod gets to end by itself; its own if not given.
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true)]
    pub grace_period: Option<i64>,
    /// With --grace-period=0: do not wait for the node, which may leave processes behind.
    #[arg(long)]
    pub force: bool,
    /// As --grace-period=1.
    #[arg(long, conflicts_with = "grace_period")]
    pub now: bool,
    /// Whether what the objects own goes: background, foreground, or stays: orphan.
    #[arg(long, value_enum, default_value_t = Cascade::Background)]
    pub cascade: Cascade,
    /// Wait until the objects have gone (--wait=false does not).
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set, num_args = 0..=1, default_missing_value = "true")]
    pub wait: bool,
    /// How long to wait for each object, for example 30s; 0 has no end.
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = seconds)]
    pub timeout: Duration,
    /// Delete nothing: client only says what would go, server has the server try it.
    #[arg(long, value_enum, default_value_t = DryRun::None)]
    pub dry_run: DryRun,
    /// The form of what is printed: name.
    #[arg(long, short, value_name = "FORM")]
    pub output: Option<crate::client::output::Output>,
    /// Which server, which namespace.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// What becomes of dependents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Cascade {
    /// They go after.
    Background,
    /// They go before.
    Foreground,
    /// They stay.
    Orphan,
}

impl DeleteArgs {
    /// Runs the command.
    pub async fn run(self) -> Result<ExitCode> {
        match (self.grace_period, self.force) {
            (Some(0), false) => {
                eprintln!(
                    "Warning: --grace-period=0 works with --force only; the pods' nodes are waited for"
                );
            }
            (_, true) => eprintln!(
                "Warning: Immediate deletion does not wait for confirmation that the running resource has been \
                 terminated. The resource may continue to run on the cluster indefinitely."
            ),
            _ => {}
        }
        let session = self.client.session().await?;
        let doomed = self.doomed(&session).await?;
        if doomed.is_empty() {
            println!("No resources found");
            return Ok(ExitCode::SUCCESS);
        }
        let mut failed = false;
        let mut going = Vec::new();
        for one in doomed {
            match self.delete(&session, &one).await {
                Ok(uid) => going.push((one, uid)),
                Err(error) if self.ignore_not_found && failure::is_not_found(&error) => {}
                Err(error) => {
                    failed = true;
                    eprintln!("{}", failure::describe(&error.into()));
                }
            }
        }
        if self.wait && self.dry_run == DryRun::None {
            for (one, uid) in &going {
                self.until_gone(&session, one, uid).await?;
            }
        }
        Ok(ExitCode::from(u8::from(failed)))
    }

    async fn doomed(&self, session: &Session) -> Result<Vec<Selected>> {
        let resources = session.resources().await?;
        let mut doomed = session.of_files(&resources, &self.files)?;
        if self.targets.is_empty() {
            if self.files.filename.is_empty() {
                bail!("you must name what to delete: TYPE NAME, TYPE/NAME, or -f FILE");
            }
            return Ok(doomed);
        }
        for target in resources.targets(&self.targets)? {
            let selected = self.all || self.selector.is_some() || self.field_selector.is_some();
            match target.names.is_empty() {
                true if selected => doomed.extend(self.matching(session, &target.resource).await?),
                true => bail!("resource(s) were provided, but no name was specified"),
                false => {
                    let names = target.names.into_iter();
                    doomed.extend(names.map(|name| session.selected(&target.resource, name)));
                }
            }
        }
        Ok(doomed)
    }

    async fn matching(&self, session: &Session, resource: &Resource) -> Result<Vec<Selected>> {
        let namespace = (!self.all_namespaces).then_some(session.namespace.as_str());
        let labels = self.selector.clone().map(|labels| ("labelSelector", labels));
        let fields = self.field_selector.clone().map(|fields| ("fieldSelector", fields));
        session.matching(resource, namespace, labels.into_iter().chain(fields)).await
    }

    /// Asks for one object to go, and says so; returns its uid.
    async fn delete(&self, session: &Session, one: &Selected) -> Result<String, kube::Error> {
        let live = api::get(&session.client, &one.path(), "application/json").await?;
        let mut options = json!({"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": match self.cascade {
            Cascade::Background => "Background",
            Cascade::Foreground => "Foreground",
            Cascade::Orphan => "Orphan",
        }});
        let grace = match (self.now, self.force, self.grace_period) {
            (true, ..) => Some(1),
            (_, true, None) => Some(0),
            // Zero without --force would be a forced deletion by mistake.
            (_, false, Some(0)) => Some(1),
            (_, _, given) => given.filter(|seconds| *seconds >= 0),
        };
        if let Some(grace) = grace {
            options["gracePeriodSeconds"] = json!(grace);
        }
        if self.dry_run == DryRun::Server {
            options["dryRun"] = json!(["All"]);
        }
        if self.dry_run != DryRun::Client {
            api::send(&session.client, Method::DELETE, &one.path(), &options).await?;
        }
        println!("{}", self.words(one));
        Ok(live["metadata"]["uid"].as_str().unwrap_or_default().into())
    }

    fn words(&self, one: &Selected) -> String {
        if self.output.is_some() {
            return one.words();
        }
        let forced = if self.force { " force" } else { "" };
        let tried = match self.dry_run {
            DryRun::None => "",
            DryRun::Client => " (dry run)",
            DryRun::Server => " (server dry run)",
        };
        let place = match one.resource.namespaced() {
            true => format!(" from {} namespace", one.namespace),
            false => String::new(),
        };
        let kind = one.resource.object("");
        format!("{} {:?}{forced} deleted{place}{tried}", kind.trim_end_matches('/'), one.name)
    }

    async fn until_gone(&self, session: &Session, one: &Selected, uid: &str) -> Result<()> {
        let deadline = (!self.timeout.is_zero()).then(|| Instant::now() + self.timeout);
        loop {
            match api::get(&session.client, &one.path(), "application/json").await {
                Ok(found) if found["metadata"]["uid"] == uid => {}
                // Another object by the same name is not the one that was deleted.
                Ok(_) => return Ok(()),
                Err(error) if failure::is_not_found(&error) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
            if deadline.is_some_and(|deadline| Instant::now() > deadline) {
                bail!("timed out waiting for {} to go", one.words());
            }
            sleep(POLL).await;
        }
    }
}
