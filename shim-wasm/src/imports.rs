//! What a module wants and nobody gives: the list for the pod's user.

use wasmtime::{
    Linker, Module, Store,
    component::{self, Component},
};

/// The release of WASI 0.2 that the linker's interfaces are named by. Any 0.2 release fits another by name.
const WASI_0_2: &str = "@0.2.12";

/// The message for a module or component that cannot be linked: the unmet imports by name, or, if all names are met, what does not
/// fit.
fn message(what: &str, mut unmet: Vec<String>, error: &wasmtime::Error) -> String {
    if unmet.is_empty() {
        let causes: Vec<_> = error.chain().map(ToString::to_string).collect();
        return format!("{what} has imports that do not fit: {}", causes.join(": "));
    }
    unmet.sort();
    unmet.dedup();
    format!("{what} has unmet imports: {}", unmet.join(", "))
}

/// The message for a core module that `linker` refuses with `error`.
pub(crate) fn of_module<T: Default + 'static>(
    linker: &Linker<T>,
    module: &Module,
    error: &wasmtime::Error,
) -> String {
    let mut store = Store::new(linker.engine(), T::default());
    let unmet = module.imports().filter(|import| linker.get_by_import(&mut store, import).is_none());
    let unmet = unmet.map(|import| format!("{}::{}", import.module(), import.name())).collect();
    message("module", unmet, error)
}

/// The message for a component that `linker` refuses with `error`.
pub(crate) fn of_component<T: 'static>(
    linker: &component::Linker<T>,
    component: &Component,
    error: &wasmtime::Error,
) -> String {
    let ty = component.component_type();
    let names = ty.imports(linker.engine()).map(|(name, _)| name.to_owned());
    message("component", names.filter(|name| !met(linker, name)).collect(), error)
}

/// Whether `linker` has an instance that serves `name`. It has no question for that, but refuses to define a name
/// twice.
fn met<T: 'static>(linker: &component::Linker<T>, name: &str) -> bool {
    let ours = match name.split_once("@0.2.") {
        Some((interface, _)) => format!("{interface}{WASI_0_2}"),
        None => name.to_owned(),
    };
    linker.clone().root().func_wrap(&ours, |_, ()| Ok(())).is_err()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::{engine, guest};

    #[test]
    fn interfaces_are_named_by_our_release() {
        let engine = engine::for_compiling().unwrap();
        let linker = guest::component_linker(&engine).unwrap();
        for name in ["wasi:cli/environment@0.2.0", "wasi:sockets/tcp@0.2.3", "wasi:io/poll@0.2.99"] {
            assert!(met(&linker, name), "{name}");
        }
        for name in ["wasi:http/types@0.2.0", "wasi:cli/environment@0.3.0", "wasi:cli/environment", "run"] {
            assert!(!met(&linker, name), "{name}");
        }
    }
}
