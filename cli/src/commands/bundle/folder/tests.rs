//! Folders as they are on disk: what of them is read, and where links may lead.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{os::unix::fs::symlink, process::Command};

use super::*;

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn link(path: &Path, target: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let _ = fs::remove_file(path);
    symlink(target, path).unwrap();
}

/// What is read of a chart: `name=text` of each file; or why it is not read.
fn told(chart: &Path) -> Result<String, String> {
    let shown = |file: File| format!("{}={}", file.name, String::from_utf8_lossy(&file.data));
    let shown = |files: Vec<File>| files.into_iter().map(shown).collect::<Vec<_>>().join(" ");
    read(chart).map(shown).map_err(|cause| format!("{cause:#}"))
}

#[test]
fn folders_are_read_in_order_without_what_is_ignored() {
    let top = tempfile::tempdir().unwrap();
    let chart = top.path().join("chart");
    for path in ["templates/.hidden", "templates/a.yaml", "a/x", "a.txt", "skip/y", "b.bak", "Chart.yaml"] {
        write(&chart.join(path), "x");
    }
    write(&chart.join(".helmignore"), "skip/\n*.bak\n");
    write(&chart.join("a/marked"), "\u{feff}y");
    link(&chart.join("linked"), "a/marked");
    link(&chart.join("out.bak"), "/etc/hostname");
    assert_eq!(
        told(&chart).unwrap(),
        ".helmignore=skip/\n*.bak\n Chart.yaml=x a/marked=y a/x=x a.txt=x linked=y \
         templates/a.yaml=x"
    );
}

/// A home with secrets, two charts side by side and one further away, of which `home/charts/a` is read with one link
/// more.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        let files = [
            ".ssh/id_rsa",
            "charts/a/own",
            "charts/b/Chart.yaml",
            "charts/b/values.yaml",
            "charts/b/crds/c.yaml",
            "charts/b/templates/t.yaml",
            "charts/b/charts/d/e.yaml",
            "charts/b/.git/config",
            "charts/plain/crds/c.yaml",
            "charts/repo/.git/Chart.yaml",
            "far/c/Chart.yaml",
            "far/c/crds/c.yaml",
        ];
        for file in files {
            write(&home.path(file), &format!("<{file}>"));
        }
        home
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// What is read of the chart when `links` are in it: paths in the home, and targets, where `~` is the home.
    fn told(&self, links: &[(&str, &str)]) -> String {
        let home = self.0.path().canonicalize().unwrap();
        let home = home.to_str().unwrap();
        for (path, target) in links {
            link(&self.path(path), &target.replace('~', home));
        }
        match told(&self.path("charts/a")) {
            Ok(files) => files.replacen("own=<charts/a/own>", "", 1).trim().to_owned(),
            Err(cause) => {
                assert!(!cause.contains('<'), "something was read: {cause}");
                cause.replace(home, "~").replace(self.0.path().to_str().unwrap(), "~")
            }
        }
    }
}

#[test]
fn links_out_of_a_chart_are_followed_to_charts_only() {
    let read: &[(&[(&str, &str)], &str)] = &[
        (&[("charts/a/x", "own")], "x=<charts/a/own>"),
        (&[("charts/a/x", "~/charts/a/own")], "x=<charts/a/own>"),
        (&[("charts/a/x/y", "../own")], "x/y=<charts/a/own>"),
        (&[("charts/a/x", "../a/own")], "x=<charts/a/own>"),
        (&[("charts/a/x", "y"), ("charts/a/y", "own")], "x=<charts/a/own> y=<charts/a/own>"),
        // To another chart's shared folders, side by side and relative.
        (&[("charts/a/crds", "../b/crds")], "crds/c.yaml=<charts/b/crds/c.yaml>"),
        (&[("charts/a/crds/x", "../../b/crds/c.yaml")], "crds/x=<charts/b/crds/c.yaml>"),
        (&[("charts/a/x", "../b/templates/t.yaml")], "x=<charts/b/templates/t.yaml>"),
        (&[("charts/a/charts/d", "../../b/charts/d")], "charts/d/e.yaml=<charts/b/charts/d/e.yaml>"),
        // To dependencies, wherever they are; their links are judged from where they are.
        (
            &[("charts/a/charts/c", "~/far/c")],
            "charts/c/Chart.yaml=<far/c/Chart.yaml> charts/c/crds/c.yaml=<far/c/crds/c.yaml>",
        ),
        (
            &[("charts/a/charts/x/charts/c", "~/far/c"), ("far/c/z", "Chart.yaml")],
            "charts/x/charts/c/Chart.yaml=<far/c/Chart.yaml> charts/x/charts/c/crds/c.yaml=<far/c/crds/c.yaml> \
             charts/x/charts/c/z=<far/c/Chart.yaml>",
        ),
    ];
    for (links, files) in read {
        assert_eq!(Home::new().told(links), *files, "{links:?}");
    }
    // A dependency's own `.git` is no part of it.
    let whole = Home::new().told(&[("charts/a/charts/b", "../../b")]);
    assert!(whole.contains("charts/b/values.yaml=") && !whole.contains(".git"), "{whole}");
}

#[test]
fn links_out_of_a_chart_are_refused() {
    let refused: &[&[(&str, &str)]] = &[
        &[("charts/a/x", "../../.ssh/id_rsa")],
        &[("charts/a/x", "~/.ssh/id_rsa")],
        &[("charts/a/x", "/etc/passwd")],
        &[("charts/a/.helmignore", "../../.ssh/id_rsa")],
        &[("charts/a/Chart.yaml", "../../.ssh/id_rsa")],
        &[("charts/a/templates", "../../.ssh")],
        // What is not shared of a chart beside, or is no chart's.
        &[("charts/a/x", "../b/values.yaml")],
        &[("charts/a/x", "../b")],
        &[("charts/a/x", "../plain/crds")],
        &[("charts/a/x", "../plain/crds/c.yaml")],
        &[("charts/a/x", "../../far/c/crds/c.yaml")],
        &[("charts/a/crds", "~/charts/b/crds")],
        &[("charts/a/x", "y"), ("charts/a/y", "~/charts/b/crds/c.yaml")],
        // No charts in the place of dependencies, and charts elsewhere.
        &[("charts/a/charts/x", "../../../.ssh")],
        &[("charts/a/charts/x", "../../../.ssh/id_rsa")],
        &[("charts/a/charts/x/y", "../../../../far/c")],
        &[("charts/a/files/c", "~/far/c")],
        // Links in what links lead to.
        &[("charts/a/x", "y"), ("charts/a/y", "../../.ssh/id_rsa")],
        &[("charts/a/x", "../b/crds/out"), ("charts/b/crds/out", "../../../.ssh/id_rsa")],
        &[("charts/a/crds", "../b/crds"), ("charts/b/crds/out", "../../../.ssh/id_rsa")],
        &[("charts/a/charts/c", "~/far/c"), ("far/c/out", "../../.ssh/id_rsa")],
        &[("charts/a/charts/c", "~/far/c"), ("far/c/out", "../../charts/a/own")],
        // Folders through folders.
        &[("charts/a/x", "up/.ssh/id_rsa"), ("charts/a/up", "../..")],
        // Git's own.
        &[("charts/a/x", "../b/.git/config")],
        &[("charts/a/charts/x", "../../repo/.git")],
        // Round, and to nothing.
        &[("charts/a/x", ".")],
        &[("charts/a/x", "x")],
        &[("charts/a/x", "../gone")],
    ];
    for links in refused {
        let told = Home::new().told(links);
        assert!(told.contains("symlink") || told.contains("symbolic link"), "{links:?}: {told}");
    }
    assert_eq!(
        Home::new().told(&[("charts/a/x", "../../.ssh/id_rsa")]),
        "symlink ~/charts/a/x leads to ~/.ssh/id_rsa, out of the chart at ~/charts/a, and no Git repository tracks \
         it; put a copy of the target in the link's place, or commit both to one Git repository"
    );
}

fn git(folder: &Path, arguments: &[&str]) {
    let identity = ["-c", "user.name=t", "-c", "user.email=t@t.invalid"];
    let mut command = Command::new("git");
    command
        .current_dir(folder)
        .args(identity)
        .args(arguments)
        .env_remove("GIT_DIR")
        .env("GIT_CONFIG_GLOBAL", "/dev/null");
    let done = command.output().expect("git is needed: install the package git");
    assert!(done.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
}

/// A repository whose chart `chart` links to a file and a folder beside it, all of it committed.
struct Repository {
    top: PathBuf,
    /// What lies beside the repository is the test's own too.
    _around: tempfile::TempDir,
}

impl Repository {
    fn new(options: &[&str]) -> Self {
        let around = tempfile::tempdir().unwrap();
        let top = around.path().join("repository");
        write(&top.join("shared/one"), "1");
        write(&top.join("shared/deep/two"), "2");
        write(&top.join("LICENSE"), "L");
        link(&top.join("chart/LICENSE"), "../LICENSE");
        link(&top.join("chart/crds"), "../shared");
        git(&top, &[&["init", "-q"], options].concat());
        git(&top, &["add", "."]);
        git(&top, &["commit", "-qm", "all"]);
        Self { top, _around: around }
    }

    fn told(&self) -> Result<String, String> {
        told(&self.top.join("chart"))
    }
}

const COMMITTED: &str = "LICENSE=L crds/deep/two=2 crds/one=1";

#[test]
fn links_that_are_committed_with_their_targets_are_followed() {
    for options in [&[][..], &["--object-format=sha256"]] {
        assert_eq!(Repository::new(options).told().unwrap(), COMMITTED, "{options:?}");
    }
    let repository = Repository::new(&[]);
    let tree = repository.top.with_file_name("tree");
    git(&repository.top, &["worktree", "add", "-q", tree.to_str().unwrap()]);
    assert_eq!(told(&tree.join("chart")).unwrap(), COMMITTED, "in a worktree");
    for version in ["2", "3", "4"] {
        git(&repository.top, &["update-index", "--index-version", version]);
        assert_eq!(repository.told().unwrap(), COMMITTED, "index version {version}");
    }
    // The owner's own work is read as it is.
    write(&repository.top.join("shared/one"), "changed");
    assert!(repository.told().unwrap().contains("crds/one=changed"));
}

/// What was done to a repository, and what is said of it then.
type Change = (&'static str, &'static dyn Fn(&Path), &'static str);

#[test]
fn links_that_are_not_committed_are_refused() {
    let cases: &[Change] = &[
        ("untracked link", &|top| link(&top.join("chart/x"), "../LICENSE"), "does not track the link"),
        ("untracked target", &|top| write(&top.join("shared/new"), "n"), "does not track that file"),
        ("untracked below", &|top| write(&top.join("shared/deep/new"), "n"), "does not track that file"),
        (
            "another target",
            &|top| link(&top.join("chart/LICENSE"), "../shared/one"),
            "is not as the Git repository",
        ),
        (
            "a link in the target's place",
            &|top| {
                write(&top.join("secret"), "s");
                link(&top.join("LICENSE"), "secret");
            },
            "does not track that file",
        ),
        (
            "a link in a folder",
            &|top| {
                write(&top.join("../secret"), "s");
                link(&top.join("shared/out"), "../../secret");
            },
            "out of the Git repository",
        ),
        (
            "an unpacked chart",
            &|top| {
                fs::rename(top.join("chart"), top.join("old")).unwrap();
                link(&top.join("chart/x"), "../LICENSE");
            },
            "does not track the link",
        ),
        ("the repository itself", &|top| link(&top.join("chart/x"), "../.git/config"), "what Git keeps"),
        (
            "a repository of its own",
            &|top| {
                link(&top.join("chart/x"), "../LICENSE");
                git(&top.join("chart"), &["init", "-q"]);
                git(&top.join("chart"), &["add", "."]);
            },
            "out of the Git repository",
        ),
        ("no index", &|top| fs::remove_file(top.join(".git/index")).unwrap(), "cannot be read"),
        (
            "a broken index",
            &|top| fs::write(top.join(".git/index"), "DIRC\0\0\0\x02").unwrap(),
            "cannot be read",
        ),
    ];
    for (name, change, why) in cases {
        let repository = Repository::new(&[]);
        change(&repository.top);
        let told = repository.told().expect_err(name);
        assert!(told.contains(why), "{name}: {told}");
    }
}
