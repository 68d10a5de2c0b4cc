//! Modules and components ready to run, shared by the containers that run them.

use std::{
    collections::HashMap,
    fs,
    path::Path,
    sync::{Arc, Weak},
};

use naru_runtime::{Error, Result};
use parking_lot::Mutex;
use wasmtime::{
    Engine, InstancePre, Linker, Module,
    component::{self, Component},
};
use wasmtime_wasi::p2::bindings::CommandPre;

use crate::{
    compile::{Compiler, Source},
    engine,
    guest::{self, Guest},
    imports,
};

/// The interface a component must export to be run.
const RUN: &str = "wasi:cli/run@0.2.";

/// A program with its imports resolved.
pub(crate) enum Program {
    /// A core module of WASI 0.1, with a `_start`.
    Module(InstancePre<Guest>),
    /// A command component of WASI 0.2.
    Component(CommandPre<Guest>),
}

/// The programs in use, and how they come to be.
pub(crate) struct Programs {
    engine: Engine,
    compiler: Compiler,
    modules: Linker<Guest>,
    components: component::Linker<Guest>,
    /// By digest. The lock of each makes a burst of containers load their module once.
    loaded: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Weak<Program>>>>>,
}

impl Programs {
    /// Runs programs with `engine` and keeps them compiled in `cache`.
    pub(crate) fn new(engine: Engine, cache: &Path) -> Result<Self> {
        let failed =
            |error: wasmtime::Error| Error::Internal { message: format!("cannot link WASI: {error}") };
        let compiler = Compiler::new(cache, engine::compatibility(&engine));
        Ok(Self {
            compiler: compiler.map_err(|error| Error::internal("cannot use the cache", &error))?,
            modules: guest::module_linker(&engine).map_err(failed)?,
            components: guest::component_linker(&engine).map_err(failed)?,
            loaded: Mutex::default(),
            engine,
        })
    }

    /// The program in `source`: one in use, one from the cache, or a new one.
    pub(crate) async fn get(self: &Arc<Self>, source: Source) -> Result<Arc<Program>> {
        let key = format!("{} {}", source.digest, source.component);
        let slot = {
            let mut loaded = self.loaded.lock();
            // Programs that nobody uses and nobody loads.
            loaded.retain(|other, slot| {
                let unused = Arc::strong_count(slot) == 1
                    && slot.try_lock().is_ok_and(|slot| slot.strong_count() == 0);
                *other == key || !unused
            });
            Arc::clone(loaded.entry(key).or_default())
        };
        let mut slot = slot.lock().await;
        if let Some(program) = slot.upgrade() {
            return Ok(program);
        }
        let program = Arc::new(self.load(&source).await?);
        *slot = Arc::downgrade(&program);
        Ok(program)
    }

    async fn load(self: &Arc<Self>, source: &Source) -> Result<Program> {
        let (path, cached) = self.compiler.artifact(source).await?;
        match self.load_file(&path, source.component).await {
            // A damaged file is made again, once.
            Err(Error::Internal { message }) if cached => {
                tracing::warn!(path = %path.display(), message, "compiled module cannot be loaded");
                fs::remove_file(&path)
                    .map_err(|error| Error::internal("cannot remove a damaged module", &error))?;
                let (path, _) = self.compiler.artifact(source).await?;
                self.load_file(&path, source.component).await
            }
            loaded => loaded,
        }
    }

    async fn load_file(self: &Arc<Self>, path: &Path, component: bool) -> Result<Program> {
        let (this, path) = (Arc::clone(self), path.to_owned());
        let load = move || match component {
            true => this.component(&path),
            false => this.module(&path),
        };
        // Reads and maps a file.
        tokio::task::spawn_blocking(load).await.map_err(|error| Error::internal("loading failed", &error))?
    }

    fn module(&self, path: &Path) -> Result<Program> {
        // SAFETY: the file is one that our compiler made; nobody else may write to its directory.
        let module =
            unsafe { Module::deserialize_file(&self.engine, path) }.map_err(|error| damaged(&error))?;
        if module.get_export("_start").is_none_or(|start| start.func().is_none()) {
            return Err(Error::invalid("module has no _start function: it is not a command"));
        }
        let linked = self.modules.instantiate_pre(&module);
        linked
            .map(Program::Module)
            .map_err(|error| Error::invalid(imports::of_module(&self.modules, &module, &error)))
    }

    fn component(&self, path: &Path) -> Result<Program> {
        // SAFETY: as above.
        let component =
            unsafe { Component::deserialize_file(&self.engine, path) }.map_err(|error| damaged(&error))?;
        let linked = self.components.instantiate_pre(&component);
        let linked = linked
            .map_err(|error| Error::invalid(imports::of_component(&self.components, &component, &error)))?;
        CommandPre::new(linked)
            .map(Program::Component)
            .map_err(|error| not_a_command(&self.engine, &component, &error))
    }
}

fn damaged(error: &wasmtime::Error) -> Error {
    Error::Internal { message: format!("cannot load the compiled module: {error:#}") }
}

/// The message for a component without the run interface, or with another one of that name.
fn not_a_command(engine: &Engine, component: &Component, error: &wasmtime::Error) -> Error {
    let ty = component.component_type();
    let exports: Vec<_> = ty.exports(engine).map(|(name, _)| name.to_owned()).collect();
    if exports.iter().any(|name| name.starts_with(RUN)) {
        return Error::invalid(format!("component's wasi:cli/run does not fit: {error:#}"));
    }
    let exports = if exports.is_empty() { "nothing".to_owned() } else { exports.join(", ") };
    Error::invalid(format!("component is not a command: it exports {exports}, but not wasi:cli/run"))
}
