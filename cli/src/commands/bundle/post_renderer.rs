//! `--post-renderer`: a program that changes what was rendered, a plugin of Helm's or any executable. In: the rendered
//! documents as one stream; out: what the program makes of them.

use std::{
    ffi::{OsStr, OsString},
    io::{Read, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
};

use anyhow::{Context, Result, anyhow, bail, ensure};
use clap::Args;
use naru_bundle::{json, yaml};
use naru_release::{fetch::Folders, rendering::ChartRenderer};
use serde::Deserialize;

/// Most bytes that a post-renderer may write: 256 MiB.
const OUTPUT_BYTES_MAX: u64 = 256 << 20;
/// What plugins that post-render say of themselves.
const PLUGIN_TYPE: &str = "postrenderer/v1";

/// The flags.
#[derive(Clone, Debug, Default, Args)]
pub struct PostRenderFlags {
    /// Change what was rendered by this program: a post-renderer plugin's name, or an executable.
    #[arg(long, value_name = "PROGRAM", action = clap::ArgAction::Append)]
    post_renderer: Vec<String>,
    /// An argument for the post-renderer; repeat for more.
    #[arg(long, value_name = "TEXT", requires = "post_renderer", allow_hyphen_values = true)]
    post_renderer_args: Vec<String>,
}

/// A program that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostRenderer {
    program: PathBuf,
    arguments: Vec<String>,
    /// A plugin's own folder and name.
    plugin: Option<(PathBuf, String)>,
}

/// Of plugin.yaml what is needed to run a plugin.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Plugin {
    name: String,
    r#type: String,
    runtime: String,
    #[serde(rename = "runtimeConfig")]
    config: PluginConfig,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PluginConfig {
    #[serde(rename = "platformCommand")]
    commands: Vec<PlatformCommand>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct PlatformCommand {
    os: String,
    arch: String,
    command: String,
    args: Vec<String>,
}

impl PostRenderFlags {
    /// A renderer whose results the program changes, if one is asked for.
    ///
    /// # Errors
    /// There is neither a plugin nor an executable of that name.
    pub fn apply<'a>(&self, renderer: ChartRenderer<'a>) -> Result<ChartRenderer<'a>> {
        Ok(match self.find()? {
            Some(program) => renderer.post_rendered_by(Box::new(move |text| {
                program.run(text).map_err(|error| format!("{error:#}"))
            })),
            None => renderer,
        })
    }

    /// The program, if one is asked for.
    ///
    /// # Errors
    /// There is neither a plugin nor an executable of that name.
    pub fn find(&self) -> Result<Option<PostRenderer>> {
        let named: Vec<_> = self.post_renderer.iter().filter(|name| !name.is_empty()).collect();
        ensure!(named.len() < 2, "cannot specify --post-renderer flag more than once");
        let Some(name) = named.first() else { return Ok(None) };
        let mut found = match plugin(&plugins_folders(), name)? {
            Some(found) => found,
            None => executable(name)
                .map(|program| PostRenderer { program, arguments: Vec::new(), plugin: None })
                .ok_or_else(|| anyhow!("plugin: {name:?} not found, nor an executable of this name"))?,
        };
        found.arguments.extend(self.post_renderer_args.iter().cloned());
        Ok(Some(found))
    }
}

/// Where Helm's plugins are; several folders are separated as in `PATH`.
pub fn plugins_folders() -> OsString {
    let own = std::env::var_os("HELM_PLUGINS").filter(|value| !value.is_empty());
    own.unwrap_or_else(|| {
        Folders::from_environment(|name| std::env::var(name).ok()).data.join("plugins").into()
    })
}

/// The post-renderer plugin of this name, if there is one.
fn plugin(folders: &OsStr, name: &str) -> Result<Option<PostRenderer>> {
    let entries = std::env::split_paths(folders).filter_map(|folder| std::fs::read_dir(folder).ok());
    for entry in entries.flatten().flatten() {
        let path = entry.path().join("plugin.yaml");
        let Ok(text) = std::fs::read(&path) else { continue };
        let value = yaml::read(&text).with_context(|| path.display().to_string())?;
        let plugin: Plugin = serde_json::from_str(&json::write(&value, json::Style::Raw)?)
            .with_context(|| path.display().to_string())?;
        if plugin.name != name || plugin.r#type != PLUGIN_TYPE {
            continue;
        }
        ensure!(
            plugin.runtime == "subprocess",
            "plugin {name:?}: runtime {:?} is not supported",
            plugin.runtime
        );
        let command = plugin.config.commands.into_iter().find(fits);
        let command = command.ok_or_else(|| anyhow!("plugin {name:?} has no command for this machine"))?;
        let own = entry.path();
        let expand = |text: &str| {
            let own = own.display().to_string();
            text.replace("${HELM_PLUGIN_DIR}", &own).replace("$HELM_PLUGIN_DIR", &own)
        };
        let program = PathBuf::from(expand(&command.command));
        let arguments = command.args.iter().map(|one| expand(one)).collect();
        return Ok(Some(PostRenderer { program, arguments, plugin: Some((own, name.into())) }));
    }
    Ok(None)
}

fn fits(command: &PlatformCommand) -> bool {
    let arch = command.arch.as_str();
    matches!(command.os.as_str(), "" | "linux") && (arch.is_empty() || arch == naru_api::architecture())
}

/// An executable: a path, or a name on `PATH`.
fn executable(name: &str) -> Option<PathBuf> {
    if name.contains('/') {
        return Path::new(name).is_file().then(|| name.into());
    }
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| path.is_file())
}

impl PostRenderer {
    /// What the program makes of a stream.
    ///
    /// # Errors
    /// It cannot be started, fails, writes nothing, or writes too much.
    pub fn run(&self, stream: &str) -> Result<String> {
        let what = || match &self.plugin {
            Some((_, name)) => {
                format!("failed to invoke post-renderer plugin {name:?}: plugin {name:?} exited with error")
            }
            None => format!("error while running command {}", self.program.display()),
        };
        let mut command = Command::new(&self.program);
        if let Some((folder, name)) = &self.plugin {
            command.env("HELM_PLUGIN_DIR", folder).env("HELM_PLUGIN_NAME", name);
        }
        command.args(&self.arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().with_context(what)?;
        let mut input = child.stdin.take().context("the program has no input")?;
        let mut errors = child.stderr.take().context("the program has no error output")?;
        let output = child.stdout.take().context("the program has no output")?;
        let mut text = String::new();
        let mut said = String::new();
        let read = thread::scope(|scope| {
            // A program may end without reading its input.
            scope.spawn(move || drop(input.write_all(stream.as_bytes())));
            scope.spawn(|| drop(errors.read_to_string(&mut said)));
            output.take(OUTPUT_BYTES_MAX + 1).read_to_string(&mut text)
        });
        if text.len() as u64 > OUTPUT_BYTES_MAX {
            let _ = child.kill();
            let _ = child.wait();
            bail!("{}: it writes more than {OUTPUT_BYTES_MAX} bytes", what());
        }
        let status = child.wait().with_context(what)?;
        ensure!(status.success(), "{}\n{}{status}", what(), said);
        read.with_context(what)?;
        let name = self.plugin.as_ref().map_or(self.program.as_os_str(), |(_, name)| name.as_ref());
        ensure!(!text.trim().is_empty(), "post-renderer {name:?} produced empty output");
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]
    use super::*;

    fn shell(script: &str) -> PostRenderer {
        let arguments = vec!["-c".into(), script.into()];
        PostRenderer { program: "/bin/sh".into(), arguments, plugin: None }
    }

    #[test]
    fn programs_change_streams() {
        assert_eq!(shell("sed s/a/b/").run("kind: a\n").unwrap(), "kind: b\n");
        for (script, expected) in [
            ("cat >/dev/null; echo no >&2; exit 3", "\nno\nexit status: 3"),
            ("cat >/dev/null", "produced empty output"),
        ] {
            let error = format!("{:#}", shell(script).run("x").unwrap_err());
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn plugins_are_found_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let own = dir.path().join("anything");
        std::fs::create_dir_all(&own).unwrap();
        let text = "apiVersion: v1\ntype: postrenderer/v1\nname: patch\nversion: 0.1.0\nruntime: subprocess\nruntimeConfig:\n  platformCommand:\n  - {os: windows, command: run.exe}\n  - {command: '${HELM_PLUGIN_DIR}/run.sh', args: [a]}\n";
        std::fs::write(own.join("plugin.yaml"), text).unwrap();
        let found = plugin(dir.path().as_os_str(), "patch").unwrap().unwrap();
        assert_eq!((found.program, found.arguments), (own.join("run.sh"), vec!["a".into()]));
        assert_eq!(plugin(dir.path().as_os_str(), "other").unwrap(), None);
        assert_eq!(plugin(OsStr::new("/none"), "patch").unwrap(), None);
    }
}
