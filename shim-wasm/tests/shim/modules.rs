//! Guests of WASI 0.1, as text.

/// What all of them import.
const IMPORTS: &str = r#"
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  ;; Writes `length` bytes at `at` to `fd`.
  (func $write (param $fd i32) (param $at i32) (param $length i32)
    (i32.store (i32.const 0) (local.get $at))
    (i32.store (i32.const 4) (local.get $length))
    (drop (call $fd_write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8))))
"#;

fn quoted(text: &str) -> String {
    text.bytes().map(|byte| format!("\\{byte:02x}")).collect()
}

/// Writes to both outputs and exits.
pub(crate) fn prints(stdout: &str, stderr: &str, code: u32) -> String {
    format!(
        r#"(module {IMPORTS}
          (data (i32.const 1024) "{}") (data (i32.const 8192) "{}")
          (func (export "_start")
            (call $write (i32.const 1) (i32.const 1024) (i32.const {}))
            (call $write (i32.const 2) (i32.const 8192) (i32.const {}))
            (call $exit (i32.const {code}))))"#,
        quoted(stdout),
        quoted(stderr),
        stdout.len(),
        stderr.len()
    )
}

/// Writes `text` so many times.
pub(crate) fn floods(text: &str, times: u32) -> String {
    format!(
        r#"(module {IMPORTS}
          (data (i32.const 1024) "{}")
          (func (export "_start") (local $left i32)
            (local.set $left (i32.const {times}))
            (loop $again
              (call $write (i32.const 1) (i32.const 1024) (i32.const {}))
              (local.set $left (i32.sub (local.get $left) (i32.const 1)))
              (br_if $again (local.get $left)))))"#,
        quoted(text),
        text.len()
    )
}

/// Returns from `_start`.
pub(crate) const RETURNS: &str = r#"(module (memory (export "memory") 1) (func (export "_start")))"#;

/// Computes for ever.
pub(crate) const SPINS: &str =
    r#"(module (memory (export "memory") 1) (func (export "_start") (loop $again (br $again))))"#;

/// Waits for ever: sleeps of an hour.
pub(crate) const SLEEPS: &str = r#"(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (i32.store (i32.const 16) (i32.const 1))
    (i64.store (i32.const 24) (i64.const 3600000000000))
    (loop $again
      (drop (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)))
      (br $again))))"#;

/// Traps two calls deep.
pub(crate) const TRAPS: &str = r#"(module (memory (export "memory") 1)
  (func $the_culprit unreachable)
  (func (export "_start") (call $the_culprit)))"#;

/// Grows a memory by one page at a time until it cannot, then exits with 9.
pub(crate) fn grows(maximum: &str) -> String {
    format!(
        r#"(module
          (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
          (memory (export "memory") 1 {maximum})
          (func (export "_start")
            (loop $again
              (br_if $again (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
            (call $exit (i32.const 9))))"#
    )
}

/// Writes its arguments and environment, each ended by a zero.
pub(crate) fn world() -> String {
    format!(
        r#"(module
          (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes (param i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "environ_sizes_get" (func $env_sizes (param i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "environ_get" (func $env (param i32 i32) (result i32)))
          {IMPORTS}
          (func (export "_start")
            (drop (call $args_sizes (i32.const 16) (i32.const 20)))
            (drop (call $args (i32.const 1024) (i32.const 4096)))
            (call $write (i32.const 1) (i32.const 4096) (i32.load (i32.const 20)))
            (drop (call $env_sizes (i32.const 16) (i32.const 20)))
            (drop (call $env (i32.const 1024) (i32.const 4096)))
            (call $write (i32.const 1) (i32.const 4096) (i32.load (i32.const 20)))))"#
    )
}

/// Opens `path` beneath the first preopen, made if `create`, writes `text` to it if there is any, copies what
/// it can read to its output, and exits with the first error number.
pub(crate) fn opens(path: &str, create: bool, text: &str) -> String {
    // Rights: fd_read (2), fd_seek (4), fd_write (64).
    let rights = if text.is_empty() { 2 } else { 64 };
    format!(
        r#"(module
          (import "wasi_snapshot_preview1" "path_open"
            (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
          {IMPORTS}
          (data (i32.const 1024) "{}") (data (i32.const 2048) "{}")
          (func (export "_start") (local $error i32)
            (local.set $error (call $open (i32.const 3) (i32.const 0) (i32.const 1024) (i32.const {})
              (i32.const {}) (i64.const {rights}) (i64.const {rights}) (i32.const 0) (i32.const 16)))
            (if (local.get $error) (then (call $exit (local.get $error))))
            (if (i32.const {})
              (then
                (i32.store (i32.const 0) (i32.const 2048))
                (i32.store (i32.const 4) (i32.const {}))
                (call $exit (call $fd_write (i32.load (i32.const 16)) (i32.const 0) (i32.const 1) (i32.const 8))))
              (else
                (i32.store (i32.const 0) (i32.const 4096))
                (i32.store (i32.const 4) (i32.const 1000))
                (local.set $error
                  (call $read (i32.load (i32.const 16)) (i32.const 0) (i32.const 1) (i32.const 8)))
                (call $write (i32.const 1) (i32.const 4096) (i32.load (i32.const 8)))
                (call $exit (local.get $error))))))"#,
        quoted(path),
        quoted(text),
        path.len(),
        i32::from(create),
        i32::from(!text.is_empty()),
        text.len(),
    )
}

/// Imports what nobody has, beside what everybody has.
pub(crate) const UNMET: &str = r#"(module
  (import "env" "zeta" (func))
  (import "wasi_snapshot_preview1" "sched_yield" (func (result i32)))
  (import "env" "alpha" (func (param i32)))
  (import "wasi_snapshot_preview2" "fd_write" (func))
  (import "env" "zeta" (func (result i64)))
  (memory (export "memory") 1)
  (func (export "_start")))"#;

/// Imports something under a wrong type.
pub(crate) const MISFIT: &str = r#"(module
  (import "wasi_snapshot_preview1" "sched_yield" (func (param i64) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")))"#;

/// A library.
pub(crate) const NO_START: &str = r#"(module (memory (export "memory") 1) (func (export "add")))"#;
