//! Which program a container runs: the pod's `command` and `args` over the image's entrypoint and command. Pure.

use k8s_openapi::api::core::v1::Container;
use naru_image::ImageConfig;

use super::{env::Vars, expand::expand};
use crate::pods::Engine;

/// The program and its arguments. For Wasm the first is the program's name as the guest sees it; an image that names none
/// gets `name`.
pub(crate) fn arguments(
    container: &Container,
    image: &ImageConfig,
    engine: Engine,
    name: &str,
    vars: &Vars,
) -> Vec<String> {
    let expanded = |list: &Option<Vec<String>>| -> Vec<String> {
        list.iter().flatten().map(|text| expand(text, |name| vars.get(name))).collect()
    };
    let (command, args) = (expanded(&container.command), expanded(&container.args));
    if !command.is_empty() {
        return command.into_iter().chain(args).collect();
    }
    let (entrypoint, cmd) = match engine {
        Engine::Oci => (image.entrypoint.clone(), image.cmd.clone()),
        Engine::Wasm => wasm_entrypoint(image, name),
    };
    entrypoint.into_iter().chain(if args.is_empty() { cmd } else { args }).collect()
}

/// A Wasm image need not name its program: there is only one. `CMD ["/app.wasm", ...]` names it as well.
fn wasm_entrypoint(image: &ImageConfig, name: &str) -> (Vec<String>, Vec<String>) {
    if !image.entrypoint.is_empty() {
        return (image.entrypoint.clone(), image.cmd.clone());
    }
    match image.cmd.split_first() {
        Some((first, rest)) if first.ends_with(".wasm") => (vec![first.clone()], rest.to_vec()),
        _ => (vec![name.to_owned()], image.cmd.clone()),
    }
}

/// A name for the program of an image that has none: the last part of its repository.
pub(crate) fn program_name(reference: &str) -> String {
    let repository = reference.split('@').next().unwrap_or(reference);
    let last = repository.rsplit('/').next().unwrap_or(repository);
    last.split(':').next().unwrap_or(last).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(list: &[&str]) -> Vec<String> {
        list.iter().map(|text| (*text).to_owned()).collect()
    }

    fn run(
        command: &[&str],
        args: &[&str],
        entrypoint: &[&str],
        cmd: &[&str],
        engine: Engine,
    ) -> Vec<String> {
        let container =
            Container { command: Some(strings(command)), args: Some(strings(args)), ..Container::default() };
        let image = ImageConfig { entrypoint: strings(entrypoint), cmd: strings(cmd), ..Default::default() };
        let mut vars = Vars::default();
        vars.set("A".into(), "1".into());
        arguments(&container, &image, engine, "hello", &vars)
    }

    #[test]
    fn the_pod_overrides_the_image_as_kubernetes_documents_it() {
        type Row<'a> = (&'a [&'a str], &'a [&'a str], &'a [&'a str]);
        let table: [Row<'_>; 5] = [
            (&[], &[], &["ep", "cmd"]),
            (&["c"], &[], &["c"]),
            (&[], &["a"], &["ep", "a"]),
            (&["c"], &["a"], &["c", "a"]),
            (&["c", "$(A)"], &["$(B)", "$$(A)"], &["c", "1", "$(B)", "$(A)"]),
        ];
        for (command, args, expected) in table {
            assert_eq!(run(command, args, &["ep"], &["cmd"], Engine::Oci), strings(expected));
        }
    }

    #[test]
    fn a_wasm_program_always_has_a_name() {
        let wasm = Engine::Wasm;
        assert_eq!(run(&[], &[], &[], &[], wasm), strings(&["hello"]));
        assert_eq!(run(&[], &["-x"], &[], &[], wasm), strings(&["hello", "-x"]));
        assert_eq!(run(&[], &["-x"], &["/app.wasm"], &["-y"], wasm), strings(&["/app.wasm", "-x"]));
        assert_eq!(run(&[], &[], &[], &["/app.wasm", "-y"], wasm), strings(&["/app.wasm", "-y"]));
        assert_eq!(run(&[], &["-x"], &[], &["/app.wasm", "-y"], wasm), strings(&["/app.wasm", "-x"]));
        assert_eq!(run(&["p"], &["-x"], &[], &["/app.wasm"], wasm), strings(&["p", "-x"]));
        assert_eq!(run(&[], &[], &[], &[], Engine::Oci), strings(&[]));
    }

    #[test]
    fn names_come_from_references() {
        for (reference, name) in [
            ("hello", "hello"),
            ("localhost:5000/a/b:v1", "b"),
            ("x/y@sha256:abc", "y"),
            ("h:1/z:t@sha256:1", "z"),
        ] {
            assert_eq!(program_name(reference), name);
        }
    }
}
