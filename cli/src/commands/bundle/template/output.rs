//! What a rendering prints, or writes below a folder.

use std::{
    collections::HashSet,
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use naru_bundle::{
    chart::pattern,
    render::{self, CustomResource, Event, Rendered, push_document},
};

use super::TemplateArgs;

/// Bytes that are printed at once, or a document more.
const PRINTED_BYTES: usize = 64 << 10;

impl TemplateArgs {
    fn hooks<'a>(&self, hooks: &'a [render::Hook]) -> impl Iterator<Item = &'a render::Hook> {
        let (none, skip_tests) = (self.no_hooks, self.skip_tests);
        let is_test = |hook: &render::Hook| hook.events.contains(&Event::Test);
        hooks.iter().filter(move |hook| !(none || skip_tests && is_test(hook)))
    }

    /// Prints everything, or what `--show-only` asks for.
    pub(super) fn print(&self, crds: &[CustomResource], rendered: &Rendered) -> Result<()> {
        let mut text = String::new();
        let crds = crds.iter().map(|crd| (&*crd.path, &*crd.content));
        let manifests = rendered.manifests.iter().map(|manifest| (&*manifest.path, &*manifest.content));
        for (path, content) in crds.chain(manifests) {
            push_document(&mut text, path, content);
            if self.show_only.is_empty() && text.len() >= PRINTED_BYTES {
                // The last line stays: the space behind it may be that of the whole text, which is trimmed.
                let lines = text.trim_end().rfind('\n').map_or(0, |last| last + 1);
                print(&text[..lines])?;
                text.drain(..lines);
            }
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
        self.push_hooks(&mut text, &rendered.hooks);
        self.print_selected(&text)
    }

    /// Appends the hooks that are wanted.
    pub(super) fn push_hooks(&self, text: &mut String, hooks: &[render::Hook]) {
        for hook in self.hooks(hooks) {
            push_document(text, &hook.path, &hook.content);
        }
    }

    /// Prints of a text what `--show-only` asks for.
    pub(super) fn print_selected(&self, text: &str) -> Result<()> {
        if self.show_only.is_empty() {
            return print(text);
        }
        let documents = render::documents(text);
        let mut selected = String::new();
        for wanted in &self.show_only {
            let matches = |document: &&&str| {
                source_path(document).is_some_and(|path| pattern::matches(wanted, path).unwrap_or(false))
            };
            let found: Vec<_> = documents.iter().filter(matches).collect();
            ensure!(!found.is_empty(), "could not find template {wanted} in chart");
            for document in found {
                selected.extend(["---\n", document, "\n"]);
            }
        }
        print(&selected)
    }

    /// Writes every document to the file its template's path names.
    pub(super) fn write(
        &self,
        crds: &[CustomResource],
        rendered: &Rendered,
        top: &Path,
        files: &Path,
    ) -> Result<()> {
        let mut out = String::new();
        let mut written = HashSet::new();
        for crd in crds {
            write_file(top, &crd.path, &crd.content, &mut written, &mut out)?;
        }
        for manifest in &rendered.manifests {
            write_file(files, &manifest.path, &manifest.content, &mut written, &mut out)?;
        }
        out.push('\n');
        let mut notices = String::new();
        for hook in self.hooks(&rendered.hooks) {
            if files.join(&hook.path).exists() {
                written.insert(files.join(&hook.path));
            }
            write_file(files, &hook.path, &hook.content, &mut written, &mut notices)?;
        }
        // Helm prints the empty manifest after all notices.
        out.insert_str(out.len() - 1, &notices);
        print(&out)
    }
}

/// Appends to a file that was written already, and replaces one that was not.
fn write_file(
    folder: &Path,
    path: &str,
    content: &str,
    written: &mut HashSet<PathBuf>,
    out: &mut String,
) -> Result<()> {
    let file = folder.join(path);
    let parent = file.parent().unwrap_or(folder);
    fs::create_dir_all(parent).with_context(|| parent.display().to_string())?;
    let append = !written.insert(file.clone());
    let mut text = String::new();
    push_document(&mut text, path, content);
    let mut options = fs::OpenOptions::new();
    let opened = options.create(true).write(true).append(append).truncate(!append).open(&file);
    opened
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| file.display().to_string())?;
    out.push_str(&format!("wrote {}\n", file.display()));
    Ok(())
}

/// Prints to standard output; nobody listening any more is no fault.
fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// The path within the chart that a document's `# Source:` names.
fn source_path(document: &str) -> Option<&str> {
    let starts = document.match_indices("# Source: ").map(|(at, mark)| &document[at + mark.len()..]);
    starts.into_iter().find_map(|rest| {
        let (chart, path) = rest.split_once('/')?;
        let path = path.split('\n').next().unwrap_or_default();
        (!chart.is_empty() && !path.is_empty()).then_some(path)
    })
}
