//! Signed charts: what the stock helm signs counts here and the other way round, wherever the chart comes from; what does
//! not count is refused in the same words.

use std::{fs, path::Path};

use naru_tests::{Finished, run, tools};

use crate::{
    bench::{CHART, configure, write_chart},
    compare::both,
    elsewhere::{Registry, serve},
};

/// Keys for tests only; see sdk/provenance/tests/README.md.
fn key(name: &str) -> String {
    tools::repository(&format!("sdk/provenance/tests/keys/{name}")).display().to_string()
}

/// A folder with a chart, packed and signed by helm in `site` beside one that nobody signed.
fn signed_charts(dir: &Path) {
    for (name, arguments) in
        [("small", &["--sign", "--key", "Ann", "--keyring", &key("secret.gpg")][..]), ("bare", &[])]
    {
        let chart = CHART[0].1.replace("small", name);
        let files: Vec<_> = CHART
            .iter()
            .map(|(path, text)| (*path, if *path == "Chart.yaml" { chart.as_str() } else { *text }))
            .collect();
        write_chart(&dir.join(name), &files);
        let mut helm = std::process::Command::new(tools::helm());
        configure(&mut helm, dir);
        run(helm.arg("package").arg(dir.join(name)).arg("-d").arg(dir.join("site")).args(arguments), "").ok();
    }
    let mut helm = std::process::Command::new(tools::helm());
    configure(&mut helm, dir);
    run(helm.arg("repo").arg("index").arg(dir.join("site")), "").ok();
    for own in ["a", "b"] {
        fs::create_dir_all(dir.join(own).join("to")).unwrap();
    }
}

/// Of standard error what is no log.
fn errors(one: &Finished) -> String {
    one.err
        .lines()
        .filter(|line| !line.starts_with("level=") && !line.starts_with("Hint: "))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Runs a line by both tools: the same output, messages, exit code, and files in `to`.
fn same(dir: &Path, line: &str) {
    let words: Vec<&str> = line.split(' ').collect();
    let [helm, ours] = both(dir, &words);
    let said = |one: &Finished| (one.code, one.out.replace("naru bundle", "helm"), errors(one));
    assert_eq!(said(&ours), said(&helm), "{line}");
    let files = |own: &str| {
        let to = fs::read_dir(dir.join(own).join("to")).unwrap();
        let mut names: Vec<_> = to.flatten().map(|entry| entry.file_name()).collect();
        names.sort();
        names
    };
    assert_eq!(files("b"), files("a"), "{line}");
    for own in ["a", "b"] {
        fs::remove_dir_all(dir.join(own).join("to")).unwrap();
        fs::create_dir_all(dir.join(own).join("to")).unwrap();
    }
}

#[test]
fn archives_here_are_verified_alike() {
    let dir = tempfile::tempdir().unwrap();
    signed_charts(dir.path());
    let site = dir.path().join("site");
    fs::copy(site.join("small-0.1.0.tgz"), site.join("renamed-0.1.0.tgz")).unwrap();
    fs::copy(site.join("small-0.1.0.tgz.prov"), site.join("renamed-0.1.0.tgz.prov")).unwrap();
    fs::copy(site.join("small-0.1.0.tgz.prov"), site.join("bare-0.1.0.tgz.prov")).unwrap();
    fs::create_dir_all(dir.path().join("other")).unwrap();
    fs::copy(site.join("bare-0.1.0.tgz"), dir.path().join("other/small-0.1.0.tgz")).unwrap();
    fs::copy(site.join("small-0.1.0.tgz.prov"), dir.path().join("other/small-0.1.0.tgz.prov")).unwrap();
    let text = fs::read_to_string(site.join("small-0.1.0.tgz.prov")).unwrap();
    for (own, text) in [
        ("changed", text.replace("team: a", "team: b")),
        ("plain", "nothing".into()),
        ("within", format!("before\n{text}\nafter\n")),
    ] {
        fs::create_dir_all(dir.path().join(own)).unwrap();
        fs::copy(site.join("small-0.1.0.tgz"), dir.path().join(own).join("small-0.1.0.tgz")).unwrap();
        fs::write(dir.path().join(own).join("small-0.1.0.tgz.prov"), text).unwrap();
    }
    for ring in ["public.gpg", "public.kbx", "public.asc", "secret.gpg", "ed.gpg", "none"] {
        same(dir.path(), &format!("verify ../site/small-0.1.0.tgz --keyring {}", key(ring)));
    }
    let public = key("public.gpg");
    for path in [
        "../site/renamed-0.1.0.tgz",
        "../site/bare-0.1.0.tgz",
        "../other/small-0.1.0.tgz",
        "../changed/small-0.1.0.tgz",
        "../plain/small-0.1.0.tgz",
        "../within/small-0.1.0.tgz",
        "../site/none.tgz",
        "../site/index.yaml",
        "../small",
    ] {
        same(dir.path(), &format!("verify {path} --keyring {public}"));
        for command in ["template r", "show chart"] {
            same(dir.path(), &format!("{command} {path} --verify --keyring {public}"));
        }
    }
    same(
        dir.path(),
        &format!("verify ../site/small-0.1.0.tgz --keyring {}", dir.path().join("small/README.md").display()),
    );
    for command in ["install r", "upgrade r"] {
        same(
            dir.path(),
            &format!("{command} ../changed/small-0.1.0.tgz --verify --keyring {public} --kubeconfig /none"),
        );
    }
}

#[test]
fn charts_that_are_fetched_are_verified_alike() {
    let dir = tempfile::tempdir().unwrap();
    signed_charts(dir.path());
    let (url, registry) = (serve(dir.path().join("site")), Registry::start(dir.path()));
    let oci = format!("oci://{}/charts", registry.host);
    same(dir.path(), &format!("repo add site {url}"));
    for name in ["small", "bare"] {
        same(dir.path(), &format!("push ../site/{name}-0.1.0.tgz {oci} --plain-http"));
    }
    let (public, ed) = (key("public.kbx"), key("ed.gpg"));
    for chart in [
        "site/NAME",
        &format!("{url}/NAME-0.1.0.tgz"),
        &format!("NAME --repo {url}"),
        &format!("{oci}/NAME --plain-http"),
    ] {
        for name in ["small", "bare"] {
            let chart = chart.replace("NAME", name);
            same(dir.path(), &format!("pull {chart} -d to --prov"));
            same(dir.path(), &format!("pull {chart} -d to --verify --keyring {public}"));
            same(dir.path(), &format!("template r {chart} --verify --keyring {public}"));
        }
        let chart = chart.replace("NAME", "small");
        same(dir.path(), &format!("pull {chart} -d to"));
        same(dir.path(), &format!("pull {chart} -d to --prov --verify --keyring {ed}"));
        // Of a URL, helm makes an empty folder by the archive's name too.
        if !chart.starts_with("http") {
            same(dir.path(), &format!("pull {chart} --untar --untardir to --verify --keyring {public}"));
        }
        same(dir.path(), &format!("show chart {chart} --verify --keyring {ed}"));
        same(dir.path(), &format!("show chart {chart} --verify --keyring {}/none", dir.path().display()));
    }
    for (name, from) in [("small", &url), ("bare", &url), ("small", &oci), ("bare", &oci)] {
        let parent = format!(
            "apiVersion: v2\nname: parent\nversion: 1.0.0\ndependencies:\n- {{name: {name}, version: 0.1.0, repository: '{from}'}}\n"
        );
        for ring in [&public, &ed] {
            for own in ["a", "b"] {
                let _ = fs::remove_dir_all(dir.path().join(own).join("parent"));
                write_chart(&dir.path().join(own).join("parent"), &[("Chart.yaml", &parent)]);
            }
            for command in ["update", "build"] {
                let line = format!("dependency {command} parent --verify --keyring {ring} --plain-http");
                let [helm, ours] = both(dir.path(), &line.split(' ').collect::<Vec<_>>());
                // Helm says that it does not move the signature into charts/, and which process of it says so.
                let plain = |text: &str| match text.split_once("Could not verify parent/tmpcharts-") {
                    Some((before, after)) => before.to_owned() + after.split_once("(Skipping)").unwrap().1,
                    None => text.to_owned(),
                };
                let said = |one: &Finished| (one.code, plain(&one.out), errors(one));
                assert_eq!(said(&ours), said(&helm), "{name} {from} {line}");
            }
        }
    }
}

#[test]
fn what_either_signs_the_other_verifies() {
    let dir = tempfile::tempdir().unwrap();
    signed_charts(dir.path());
    let (secret, public) = (key("secret.gpg"), key("public.gpg"));
    fs::write(dir.path().join("secret"), "secret\nmore\n").unwrap();
    fs::write(dir.path().join("wrong"), "wrong\n").unwrap();
    fs::write(dir.path().join("empty"), "").unwrap();
    for who in ["Ann", "Bob", "Ed", "Nick", "Dora", "Big", "Sub", "Two Names <two@z.y>"] {
        let arguments = [
            "package",
            "../small",
            "--sign",
            "--key",
            who,
            "--keyring",
            &secret,
            "--passphrase-file",
            "../secret",
            "-d",
            "to",
        ];
        let [helm, ours] = both(dir.path(), &arguments);
        assert_eq!(
            (ours.code, &ours.out, errors(&ours)),
            (helm.code, &helm.out.replace("/a/", "/b/"), errors(&helm)),
            "{who}"
        );
        let signed = |own: &str| {
            let text = fs::read_to_string(dir.path().join(own).join("to/small-0.1.0.tgz.prov")).unwrap();
            let (text, _) = text.split_once("-----BEGIN PGP SIGNATURE-----").unwrap();
            text.lines().filter(|line| !line.contains("sha256:")).collect::<Vec<_>>().join("\n")
        };
        assert_eq!(signed("b"), signed("a"), "{who}");
        for by in ["a", "b"] {
            let archive = format!("../{by}/to/small-0.1.0.tgz");
            let [helm, ours] = both(dir.path(), &["verify", &archive, "--keyring", &public]);
            // Helm prints several names in any order.
            let lines = |one: &Finished| {
                let mut lines: Vec<String> = one.out.lines().map(String::from).collect();
                lines.sort();
                lines
            };
            assert_eq!(
                (ours.code, lines(&ours), errors(&ours)),
                (helm.code, lines(&helm), errors(&helm)),
                "{who} by {by}"
            );
            assert_eq!(ours.code, i32::from(who == "Sub"), "{who} by {by}");
        }
    }
    for line in [
        "--key x.y --keyring SECRET",
        "--key nobody --keyring SECRET",
        "--key Ann --keyring PUBLIC",
        "--keyring SECRET",
        "--key Ann --keyring ../none",
        "--key Ann --keyring ../empty",
        "--key Bob --keyring SECRET",
        "--key Bob --keyring SECRET --passphrase-file ../wrong",
        "--key Bob --keyring SECRET --passphrase-file ../empty",
        "--key Bob --keyring SECRET --passphrase-file ../none",
        "--key Ann --keyring SECRET --passphrase-file ../none",
        "--key Bob --keyring SECRET --passphrase-file -",
    ] {
        let line = line.replace("SECRET", &secret).replace("PUBLIC", &public);
        same(dir.path(), &format!("package ../small --sign {line} -d to"));
    }
}
