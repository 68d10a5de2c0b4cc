//! A release comes into being.

use std::collections::BTreeMap;

use super::{
    Bundle, DryRun, Error, Operator, Options, Render, Request, now,
    stage::{Stage, Step},
    warning_line,
};
use crate::{
    cluster::{Course, Writing, chain, storage::History},
    objects,
    plan::{
        changes::{Change, Method, Placed},
        history, name,
    },
    readiness::Rules,
    record::{ApplyMethod, Event, Info, Release, Status, secret},
};

/// What an install does with its only manifest.
const RELEASE_MANIFEST: &str = "unable to build kubernetes objects from release manifest";
/// How long new kinds may take to be served.
const DEFINITIONS_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(60);

/// An install that only has to be carried out.
pub(super) struct Prepared {
    pub(super) history: History,
    pub(super) planned: history::Install,
    pub(super) release: Release,
    pub(super) wanted: Vec<Placed>,
    pub(super) method: Method,
}

impl Operator<'_> {
    /// Installs a chart as a new release and gives its record.
    pub async fn install(&self, name: &str, chart: &impl Render) -> Result<Release, Error> {
        let Prepared { history, planned, mut release, wanted, method } =
            self.prepare_install(name, chart).await?;
        if self.is_dry() {
            release.info.description = "Dry run complete".into();
            return Ok(release);
        }
        if self.options.create_namespace {
            self.cluster.ensure_namespace(method).await?;
        }
        let mut old = Vec::new();
        if let Some(mut last) = planned.supersede.and_then(|version| history.get(version)).cloned() {
            last.info.status = Status::Superseded;
            last.info.description = "superseded by new release".into();
            self.storage.update(&last).await?;
        }
        if let Some(interrupted) = planned.interrupted.and_then(|version| history.get(version)) {
            old = self.take_up(interrupted, "install").await?;
        }
        self.storage.create(&release).await?;
        let stage =
            Stage { events: (Event::PreInstall, Event::PostInstall), old, wanted, method, was_patched: true };
        let blame = |step, error| match step {
            Step::Hooks(event) => {
                Error::Hooks { what: format!("failed {}", event.as_str()), source: Box::new(error) }
            }
            Step::Wait => error,
        };
        match self.go(&mut release, &stage, blame).await {
            (_, Ok(())) => {
                release.info.status = Status::Deployed;
                release.info.description = self.described("Install complete");
                self.storage.update(&release).await?;
                Ok(release)
            }
            (_, Err(error)) => Err(self.fail_install(release, error).await),
        }
    }

    /// Renders and looks, and changes nothing but that it makes the chart's definitions of kinds, unless it only tries.
    pub(super) async fn prepare_install(&self, name: &str, chart: &impl Render) -> Result<Prepared, Error> {
        let refused = |error: Error| Error::NameCheck(Box::new(error));
        name::check(name).map_err(|source| refused(Error::Name { name: name.into(), source }))?;
        check_labels(&self.options)?;
        let history = self.storage.history(name).await?;
        let planned = history::install(&history.revisions(), self.options.replace, history.activity());
        let planned = match planned {
            // Helm does not look at the history when it only tries.
            Err(_) if self.is_dry() => history::Install { version: 1, supersede: None, interrupted: None },
            planned => planned.map_err(|refusal| refused(refusal.into()))?,
        };
        let (method, apply_method) = self.method(None).await?;
        let definitions = chart.definitions();
        if !self.options.skip_crds && !definitions.is_empty() {
            match self.options.dry_run {
                DryRun::None => self.install_definitions(&definitions, method).await?,
                _ => self.say(&warning_line(
                    "This chart or one of its subcharts contains CRDs. Rendering may fail or contain inaccuracies.",
                )),
            }
        }
        let capabilities = self.cluster.capabilities().await?;
        let namespace = self.cluster.namespace();
        let request = Request {
            name,
            namespace,
            revision: 1,
            upgrade: false,
            capabilities: Some(&capabilities),
            previous: None,
        };
        let bundle = chart.render(request).await.map_err(Error::Render)?;
        self.warn(&bundle.warnings);
        let labels = &self.options.labels;
        let release = record(name, namespace, planned.version, bundle, apply_method, labels);
        let wanted = self.wanted(&release).await.map_err(in_release_manifest)?;
        self.check_ownership(&wanted, &release, "install").await?;
        Ok(Prepared { history, planned, release, wanted, method })
    }

    /// Marks an interrupted revision as failed, says so, and gives the objects that it may have left.
    pub(super) async fn take_up(&self, interrupted: &Release, what: &str) -> Result<Vec<Placed>, Error> {
        let Release { name, version, .. } = interrupted;
        self.say(&format!(
            "release {name}: the {what} of revision {version} was interrupted; it is marked as failed and taken up from \
             where it stopped"
        ));
        self.mark_interrupted(interrupted).await?;
        self.had(interrupted).await
    }

    pub(super) async fn mark_interrupted(&self, interrupted: &Release) -> Result<(), Error> {
        let mut record = interrupted.clone();
        let was = record.info.status;
        record.info.status = Status::Failed;
        record.info.description = format!("Interrupted while {was}");
        Ok(self.storage.update(&record).await?)
    }

    pub(super) fn described(&self, default: &str) -> String {
        match self.options.description.as_str() {
            "" => default.into(),
            given => given.into(),
        }
    }

    /// Makes the chart's definitions of kinds, and waits until they are served. By patches, those that are there stay as
    /// they are; by server-side apply they become what the chart has.
    async fn install_definitions(
        &self,
        definitions: &[super::Definition],
        method: Method,
    ) -> Result<(), Error> {
        let mut made = Vec::new();
        for definition in definitions {
            let failed =
                |source: Error| Error::Definition { name: definition.name.clone(), source: Box::new(source) };
            let what = "unable to read the definition";
            let objects = objects::parse(&definition.content)
                .map_err(|source| failed(Error::Manifest { what, source }))?;
            for one in self.cluster.place(objects).await.map_err(|error| failed(error.into()))? {
                let identity = one.identity.clone();
                let (change, strict) = match method {
                    Method::Apply { force } => (Change::Apply { wanted: one, force, is_new: true }, true),
                    _ => (Change::Create(one), false),
                };
                let writing = Writing { strict, ..Writing::default() };
                match self.cluster.perform(&[change], Course::Make, writing).await.1 {
                    Ok(()) => made.push(identity),
                    Err(error) if error.is_already_there() => {}
                    Err(error) => return Err(failed(error.into())),
                }
            }
        }
        if made.is_empty() {
            return Ok(());
        }
        self.cluster.wait_ready(&made, Rules::Release, DEFINITIONS_TIMEOUT).await?;
        Ok(self.cluster.rediscover().await?)
    }

    async fn fail_install(&self, mut release: Release, error: Error) -> Error {
        let name = release.name.clone();
        release.info.status = Status::Failed;
        release.info.description = format!("Release {name:?} failed: {}", chain(&error));
        // The failure itself counts more than that it cannot be written down.
        let _ = self.storage.update(&release).await;
        if !self.options.rollback_on_failure {
            return error;
        }
        let options = Options { keep_history: false, description: String::new(), ..self.options.clone() };
        let uninstaller = Operator::new(self.cluster, options, self.say, Default::default());
        match Box::pin(uninstaller.uninstall(&name)).await {
            Ok(_) => Error::Undone { name, what: "uninstalled", source: Box::new(error) },
            Err(source) => Error::NotUndone {
                doing: "uninstalling the release",
                operation: "install",
                original: Box::new(error),
                undoing: Box::new(source),
            },
        }
    }
}

fn record(
    name: &str,
    namespace: &str,
    version: u64,
    bundle: Bundle,
    apply_method: ApplyMethod,
    labels: &BTreeMap<String, String>,
) -> Release {
    let now = Some(now());
    let info = Info {
        first_deployed: now,
        last_deployed: now,
        status: Status::PendingInstall,
        description: "Initial install underway".into(),
        notes: bundle.notes,
        ..Info::default()
    };
    Release {
        name: name.into(),
        info,
        chart: Some(bundle.chart),
        config: Some(bundle.config),
        manifest: bundle.manifest,
        hooks: bundle.hooks,
        version,
        namespace: namespace.into(),
        labels: labels.clone(),
        apply_method,
    }
}

/// What an install would make, without asking any cluster: templates see what Helm assumes of one.
pub async fn dry_run_offline(
    name: &str,
    namespace: &str,
    options: &Options,
    chart: &impl Render,
    say: &(dyn Fn(&str) + Sync),
) -> Result<Release, Error> {
    let refused = |error: Error| Error::NameCheck(Box::new(error));
    name::check(name).map_err(|source| refused(Error::Name { name: name.into(), source }))?;
    check_labels(options)?;
    let request =
        Request { name, namespace, revision: 1, upgrade: false, capabilities: None, previous: None };
    let bundle = chart.render(request).await.map_err(Error::Render)?;
    bundle.warnings.iter().for_each(|warning| say(&warning_line(warning)));
    let server = options.server_side != super::ServerSide::False;
    let method = if server { ApplyMethod::Server } else { ApplyMethod::Client };
    let mut release = record(name, namespace, 1, bundle, method, &options.labels);
    release.info.description = "Dry run complete".into();
    Ok(release)
}

pub(super) fn check_labels(options: &Options) -> Result<(), Error> {
    match options.labels.keys().any(|name| secret::is_system_label(name)) {
        true => Err(Error::SystemLabel(secret::SYSTEM_LABELS)),
        false => Ok(()),
    }
}

/// An install has one manifest only.
fn in_release_manifest(error: Error) -> Error {
    match error {
        Error::Build { source, .. } => Error::Build { what: RELEASE_MANIFEST, source },
        Error::Manifest { source, .. } => Error::Manifest { what: RELEASE_MANIFEST, source },
        other => other,
    }
}
