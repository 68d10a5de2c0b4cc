//! What people do with releases: install, upgrade, roll back, uninstall, test, compare.
//!
//! In: an [`Operator`] (cluster, options, a way to say things) and, where a chart is involved, somebody who renders it.
//! Out: the record of what came about. Each operation writes a pending record first, so that its interruption shows.

mod diff;
mod error;
mod heartbeat;
mod hooks;
mod install;
mod query;
mod rollback;
mod stage;
mod test;
mod uninstall;
mod upgrade;

use std::{collections::BTreeMap, future::Future, time::Duration};

pub use diff::Difference;
pub use error::Error;
pub use install::dry_run_offline;
use jiff::Zoned;
pub use query::{Listing, Order};
use serde_json::value::RawValue;
pub use test::{Filter, Tested};
use tokio_util::sync::CancellationToken;
pub use uninstall::Uninstalled;

use crate::{
    cluster::{Capabilities, Cluster, storage::Storage},
    objects::{self, Object, ownership},
    plan::changes::{Method, Placed},
    readiness::Rules,
    record::{ApplyMethod, Hook, Release, Time},
};

/// The longest description that a user may give, in characters; Helm's limit.
pub const DESCRIPTION_CHARS_MAX: usize = 256;

/// Whether anything is changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DryRun {
    /// It is.
    #[default]
    None,
    /// No: and the cluster is not asked either.
    Client,
    /// No, but the cluster is asked.
    Server,
}

/// What is waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wait {
    /// Hooks only.
    #[default]
    Hooks,
    /// Everything, by what objects report.
    Everything,
    /// Everything, by the rules of Helm 3.
    Legacy,
}

/// Where changes to objects are computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ServerSide {
    /// By server-side apply.
    True,
    /// Here.
    False,
    /// As the last revision had it; for a new release where the server offers server-side apply, there.
    #[default]
    Auto,
}

/// How operations go about it; each heeds what concerns it.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether anything is changed.
    pub dry_run: DryRun,
    /// What is waited for.
    pub wait: Wait,
    /// Whether Jobs must complete.
    pub wait_for_jobs: bool,
    /// How long one wait may take.
    pub timeout: Duration,
    /// Whether hooks are passed over.
    pub no_hooks: bool,
    /// Where changes are computed.
    pub server_side: ServerSide,
    /// Whether server-side apply takes fields that others manage.
    pub force_conflicts: bool,
    /// Whether objects are replaced instead of patched.
    pub force_replace: bool,
    /// Whether a failure undoes what was done.
    pub rollback_on_failure: bool,
    /// Whether what a failed upgrade made is deleted.
    pub cleanup_on_fail: bool,
    /// What the record says, instead of what it says by itself.
    pub description: String,
    /// How many revisions are kept; 0 means all.
    pub history_max: usize,
    /// Whether objects of others are taken over.
    pub take_ownership: bool,
    /// Labels for the record; an upgrade unsets those that are `null`.
    pub labels: BTreeMap<String, String>,
    /// Whether the chart's definitions of kinds are passed over.
    pub skip_crds: bool,
    /// Whether the namespace is made.
    pub create_namespace: bool,
    /// Whether the name of an uninstalled or failed release is taken.
    pub replace: bool,
    /// Whether unknown fields are let through.
    pub disable_validation: bool,
    /// Whether an uninstalled release's records stay.
    pub keep_history: bool,
    /// Whether it is fine that there is no such release.
    pub ignore_not_found: bool,
    /// What becomes of the dependents of deleted objects: `Background`, `Foreground` or `Orphan`.
    pub propagation: String,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            dry_run: DryRun::None,
            wait: Wait::Hooks,
            wait_for_jobs: false,
            timeout: Duration::from_secs(300),
            no_hooks: false,
            server_side: ServerSide::Auto,
            force_conflicts: false,
            force_replace: false,
            rollback_on_failure: false,
            cleanup_on_fail: false,
            description: String::new(),
            history_max: 10,
            take_ownership: false,
            labels: BTreeMap::new(),
            skip_crds: false,
            create_namespace: false,
            replace: false,
            disable_validation: false,
            keep_history: false,
            ignore_not_found: false,
            propagation: "Background".into(),
        }
    }
}

/// A file that defines kinds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// Its name, for messages.
    pub name: String,
    /// Its text.
    pub content: String,
}

/// A rendered bundle, all of it text.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// The chart as Helm's records keep it, JSON.
    pub chart: Box<RawValue>,
    /// The values that the user gave, with those kept from the last revision, JSON.
    pub config: Box<RawValue>,
    /// Everything that is no hook, in the order of installation.
    pub manifest: String,
    /// The hooks, ordered by kind.
    pub hooks: Vec<Hook>,
    /// The notes.
    pub notes: String,
    /// What people should know of the chart.
    pub warnings: Vec<String>,
}

/// What a rendering depends on besides chart and values.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The release's name.
    pub name: &'a str,
    /// Its namespace.
    pub namespace: &'a str,
    /// The revision.
    pub revision: u64,
    /// Whether it is an upgrade.
    pub upgrade: bool,
    /// What the server is and serves; `None` if it is not to be asked.
    pub capabilities: Option<&'a Capabilities>,
    /// The revision whose values may be kept.
    pub previous: Option<&'a Release>,
}

/// Why a rendering failed.
pub type RenderError = Box<dyn std::error::Error + Send + Sync>;

/// Somebody who renders a chart.
pub trait Render {
    /// The chart's definitions of kinds, its subcharts' among them.
    fn definitions(&self) -> Vec<Definition>;
    /// Renders.
    fn render(&self, request: Request<'_>) -> impl Future<Output = Result<Bundle, RenderError>>;
}

/// Who operates on the releases of one namespace.
pub struct Operator<'a> {
    /// The cluster.
    pub(crate) cluster: &'a Cluster,
    pub(crate) storage: Storage<'a>,
    /// How.
    pub options: Options,
    /// Says things to people, beside the result: a warning, a hook's log.
    say: &'a (dyn Fn(&str) + Sync),
    /// Ends the operation; what is pending is marked as failed.
    cancelled: CancellationToken,
}

impl<'a> Operator<'a> {
    /// Somebody who operates on the releases of the cluster's namespace.
    pub fn new(
        cluster: &'a Cluster,
        options: Options,
        say: &'a (dyn Fn(&str) + Sync),
        cancelled: CancellationToken,
    ) -> Self {
        Operator { cluster, storage: Storage::new(cluster), options, say, cancelled }
    }

    /// The records.
    pub fn storage(&self) -> &Storage<'a> {
        &self.storage
    }

    pub(crate) fn say(&self, text: &str) {
        (self.say)(text);
    }

    fn is_dry(&self) -> bool {
        self.options.dry_run != DryRun::None
    }

    /// How objects are changed, and what the record says of it. `last` is how the last revision was written.
    async fn method(&self, last: Option<ApplyMethod>) -> Result<(Method, ApplyMethod), Error> {
        let Options { server_side, force_replace, force_conflicts, .. } = self.options;
        let server = match (server_side, last) {
            (ServerSide::True, _) => true,
            (ServerSide::False, _) => false,
            (ServerSide::Auto, Some(ApplyMethod::Client | ApplyMethod::Unset)) => false,
            (ServerSide::Auto, None) if force_replace => false,
            (ServerSide::Auto, _) => self.cluster.offers_apply().await,
        };
        if force_replace && force_conflicts {
            return Err(Error::Contradiction("cannot use force conflicts and force replace together"));
        }
        match (server, force_replace) {
            (true, true) => {
                Err(Error::Contradiction("cannot use server-side apply and force replace together"))
            }
            (true, false) => Ok((Method::Apply { force: force_conflicts }, ApplyMethod::Server)),
            (false, _) if force_conflicts => Err(Error::Plain(
                "invalid client update option(s): forceConflicts enabled when serverSideApply disabled"
                    .into(),
            )),
            (false, true) => Ok((Method::Replace, ApplyMethod::Client)),
            (false, false) => Ok((Method::Patch, ApplyMethod::Client)),
        }
    }

    fn rules(&self) -> Rules {
        match (self.options.wait, self.options.wait_for_jobs) {
            (Wait::Legacy, false) => Rules::Legacy,
            (Wait::Legacy, true) => Rules::LegacyWithJobs,
            (_, false) => Rules::Release,
            (_, true) => Rules::ReleaseWithJobs,
        }
    }

    fn waits(&self) -> bool {
        self.options.wait != Wait::Hooks || self.options.rollback_on_failure
    }

    /// Passes on what a rendering wants people to know.
    fn warn(&self, warnings: &[String]) {
        warnings.iter().for_each(|warning| self.say(&warning_line(warning)));
    }

    /// The objects of a manifest that is to be, each marked as the release's own.
    async fn wanted(&self, release: &Release) -> Result<Vec<Placed>, Error> {
        let what = "unable to build kubernetes objects from new release manifest";
        let objects = self.parse(&release.manifest, what)?;
        let mut placed = self.cluster.place(objects).await.map_err(|source| Error::Build { what, source })?;
        for one in &mut placed {
            ownership::mark(&mut one.object, &release.name, &release.namespace);
        }
        Ok(placed)
    }

    /// The objects of a manifest that was; kinds that the server does not know any more are passed over.
    async fn had(&self, release: &Release) -> Result<Vec<Placed>, Error> {
        let what = "unable to build kubernetes objects from current release manifest";
        Ok(self.cluster.place_known(self.parse(&release.manifest, what)?).await)
    }

    fn parse(&self, manifest: &str, what: &'static str) -> Result<Vec<Object>, Error> {
        objects::parse(manifest).map_err(|source| Error::Manifest { what, source })
    }

    /// Refuses objects that exist and are somebody else's.
    async fn check_ownership(
        &self,
        new: &[Placed],
        release: &Release,
        doing: &'static str,
    ) -> Result<(), Error> {
        let live = self.cluster.live(new).await?;
        if self.options.take_ownership {
            return Ok(());
        }
        for one in live {
            if let Some(problem) = ownership::problem(&one.object, &release.name, &release.namespace) {
                return Err(Error::NotOurs { doing, object: one.identity.to_string(), problem });
            }
        }
        Ok(())
    }
}

/// A warning in Helm's words.
fn warning_line(warning: &str) -> String {
    format!("level=WARN msg={warning:?}")
}

/// The present, as records have it.
pub(crate) fn now() -> Time {
    Time::from(&Zoned::now())
}
