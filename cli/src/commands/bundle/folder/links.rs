//! Which symbolic links of a chart are followed. In: a link and what it leads to. Out: how its target is to be read, or
//! a refusal that says why.
//!
//! A chart may come from anybody, so it reads nothing but itself: a link that stays inside the chart is followed. One
//! that leaves it is followed if it is
//! - a dependency: `charts/NAME` leading to a folder with a `Chart.yaml`, which is then a chart with links of its own;
//! - a relative link to something in the `templates/`, `crds/` or `charts/` of a chart that lies in the same folder as
//!   this one, as maintainers share parts of their charts;
//! - tracked by a Git repository that tracks its target too, as the repository's owner has put both there.

use std::{
    collections::VecDeque,
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Error, Result, anyhow, bail};

use super::repository::Repositories;

/// The folders of a chart that other charts may link to.
const SHARED: [&str; 3] = ["templates", "crds", "charts"];
/// Most links that are followed from one to the next.
const MAX_CHAIN: usize = 40;

/// A symbolic link.
#[derive(Clone, Copy)]
pub(super) struct Link<'a> {
    /// As the user knows it.
    pub path: &'a Path,
    /// Its own path, without links before it.
    pub place: &'a Path,
    /// Its name in the chart, with `/`.
    pub name: &'a str,
    /// What it leads to in the end, without links.
    pub real: &'a Path,
}

/// How what a link leads to is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// As part of the chart or of one beside it.
    Within,
    /// As a chart of its own.
    Dependency,
    /// Only what Git tracks of it.
    Tracked,
}

/// What may be read where.
pub(super) struct Links {
    /// The outermost chart, without links.
    top: PathBuf,
    /// The chart being read, without links: the outermost, or a dependency that a link has led to.
    chart: PathBuf,
    /// Whether only tracked files may be read, once outside the chart.
    tracked: bool,
    repositories: Repositories,
}

impl Links {
    /// For the chart at `chart`, a path without links.
    pub fn new(chart: PathBuf) -> Self {
        Self { top: chart.clone(), chart, tracked: false, repositories: Repositories::default() }
    }

    /// How the target of `link` is read.
    ///
    /// # Errors
    /// Why it is not, and what to do.
    pub fn judge(&mut self, link: &Link<'_>) -> Result<Way> {
        let refuse = |why: String| -> Result<Way> {
            bail!(
                "symlink {} leads to {}, out of the chart at {}, and {why}; put a copy of the target in the link's \
                 place, or commit both to one Git repository",
                link.path.display(),
                link.real.display(),
                self.chart.display()
            )
        };
        if link.real.components().any(|part| part.as_os_str() == ".git") {
            return refuse("what Git keeps for itself is no part of a chart".into());
        }
        if link.real.starts_with(&self.chart) {
            return Ok(Way::Within);
        }
        if is_subchart(link.name) && link.real.join("Chart.yaml").is_file() {
            return Ok(Way::Dependency);
        }
        if self.is_shared(link.real) && is_relative(link.place) {
            return Ok(Way::Within);
        }
        match self.repositories.check_link(link.place, link.real) {
            Ok(()) => Ok(Way::Tracked),
            Err(why) => refuse(why),
        }
    }

    /// Goes the way that a link leads, to `real`; gives what [`Links::leave`] needs to come back.
    pub fn enter(&mut self, way: Way, real: &Path) -> (Option<PathBuf>, bool) {
        let before = self.tracked;
        let chart = (way == Way::Dependency).then(|| std::mem::replace(&mut self.chart, real.to_path_buf()));
        // Once something is tracked, so must be all that links in it lead to.
        self.tracked = (before || way == Way::Tracked) && way != Way::Dependency;
        (chart, before)
    }

    /// Comes back from where [`Links::enter`] went.
    pub fn leave(&mut self, (chart, tracked): (Option<PathBuf>, bool)) {
        if let Some(chart) = chart {
            self.chart = chart;
        }
        self.tracked = tracked;
    }

    /// Whether the entry at `place` is left out: what Git keeps for itself, of another chart's folder.
    pub fn leaves_out(&self, place: &Path) -> bool {
        place.file_name().is_some_and(|name| name == ".git") && !place.starts_with(&self.top)
    }

    /// Whether the file at `real` may be read, which `path` led to.
    ///
    /// # Errors
    /// If it lies where only tracked files may be read, and is none.
    pub fn check_file(&mut self, path: &Path, real: &Path) -> Result<()> {
        if !self.tracked || real.starts_with(&self.chart) {
            return Ok(());
        }
        if let Err(why) = self.repositories.check_file(real) {
            bail!("{}: a symbolic link leads to {}, and {why}; commit it", path.display(), real.display());
        }
        Ok(())
    }

    /// Whether `real` is something that a chart beside this one shares.
    fn is_shared(&self, real: &Path) -> bool {
        let Some(beside) = self.chart.parent() else { return false };
        let charts = real.ancestors().skip(1).take_while(|folder| folder.starts_with(beside));
        charts.filter(|folder| *folder != beside).any(|folder| {
            let first = real.strip_prefix(folder).ok().and_then(|rest| rest.components().next());
            first.is_some_and(|first| SHARED.iter().any(|shared| first.as_os_str() == *shared))
                && folder.join("Chart.yaml").is_file()
        })
    }
}

/// Says why the link that people know as `path` leads nowhere, and which part of the way is not there.
pub(super) fn unresolved(path: &Path, place: &Path, error: &io::Error) -> Error {
    let path = path.display();
    match missing(place).filter(|_| error.kind() == io::ErrorKind::NotFound) {
        Some(missing) => {
            let missing = missing.display();
            anyhow!("error evaluating symlink {path}: lstat {missing}: no such file or directory")
        }
        None => {
            let why = match error.kind() {
                io::ErrorKind::NotADirectory => "not a directory".into(),
                // The kernel's answer to links that lead to each other.
                _ if error.raw_os_error() == Some(nix::libc::ELOOP) => "too many links".into(),
                _ => error.to_string(),
            };
            anyhow!("error evaluating symlink {path}: {why}")
        }
    }
}

/// The first thing on the way from the link at `place` that is not there.
fn missing(place: &Path) -> Option<PathBuf> {
    let parts = |path: &Path| path.iter().map(OsString::from).collect::<VecDeque<_>>();
    let (mut here, mut ahead, mut followed) = (PathBuf::new(), parts(place), 0);
    while let Some(part) = ahead.pop_front() {
        if part == ".." {
            here.pop();
            continue;
        }
        let next = here.join(&part);
        let Ok(about) = fs::symlink_metadata(&next) else { return Some(next) };
        if !about.is_symlink() {
            here = next;
            continue;
        }
        followed += 1;
        let mut way = parts(&fs::read_link(&next).ok().filter(|_| followed <= MAX_CHAIN)?);
        way.append(&mut ahead);
        // A part that is the root starts anew, wherever it is joined to.
        ahead = way;
    }
    None
}

/// Whether the link at `place`, and those that it leads to in turn, name no place from the root on.
fn is_relative(place: &Path) -> bool {
    let mut place = place.to_path_buf();
    for _ in 0..MAX_CHAIN {
        match fs::read_link(&place) {
            Ok(target) if target.is_absolute() => return false,
            Ok(target) => place = place.parent().unwrap_or(&place).join(target),
            Err(_) => return true,
        }
    }
    false
}

/// Whether a subchart stands at `name`: `charts/a`, `charts/a/charts/b`.
fn is_subchart(name: &str) -> bool {
    let parts: Vec<&str> = name.split('/').collect();
    parts.len().is_multiple_of(2) && parts.iter().step_by(2).all(|part| *part == "charts")
}
