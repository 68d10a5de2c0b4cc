//! Guests of WASI 0.2, as text: core modules by the canonical ABI, wrapped into components.

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// The component around a core module of the world `command`.
pub(crate) fn component(wat: &str) -> Vec<u8> {
    component_of("command", wat)
}

/// The component around a core module of a world in `guests.wit`.
pub(crate) fn component_of(world: &str, wat: &str) -> Vec<u8> {
    let mut module = wat::parse_str(wat).unwrap();
    let mut resolve = Resolve::default();
    let package = resolve.push_str("guests.wit", include_str!("guests.wit")).unwrap();
    let world = resolve.select_world(&[package], Some(world)).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default().module(&module).unwrap().validate(true).encode().unwrap()
}

/// Outputs and exit, and room for what the host returns: it is never given back.
const CLI: &str = r#"
  (import "wasi:cli/stdout@0.2.12" "get-stdout" (func $stdout (result i32)))
  (import "wasi:cli/stderr@0.2.12" "get-stderr" (func $stderr (result i32)))
  (import "wasi:io/streams@0.2.12" "[method]output-stream.blocking-write-and-flush"
    (func $write (param i32 i32 i32 i32)))
  (import "wasi:cli/exit@0.2.12" "exit-with-code" (func $exit (param i32)))
  (memory (export "memory") 2)
  (global $free (mut i32) (i32.const 65536))
  (func (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
    (global.set $free (i32.add (local.get $at) (local.get $size)))
    (local.get $at))
"#;

fn quoted(text: &str) -> String {
    text.bytes().map(|byte| format!("\\{byte:02x}")).collect()
}

/// Writes to both outputs, and ends: `exit-with-code`.
pub(crate) fn prints(stdout: &str, stderr: &str, code: u8) -> String {
    format!(
        r#"(module {CLI}
          (data (i32.const 1024) "{}") (data (i32.const 8192) "{}")
          (func (export "wasi:cli/run@0.2.12#run") (result i32)
            (call $write (call $stdout) (i32.const 1024) (i32.const {}) (i32.const 16))
            (call $write (call $stderr) (i32.const 8192) (i32.const {}) (i32.const 16))
            (call $exit (i32.const {code}))
            (i32.const 0)))"#,
        quoted(stdout),
        quoted(stderr),
        stdout.len(),
        stderr.len()
    )
}

/// Returns ok (0) or an error (1) from `run`.
pub(crate) fn returns(result: u32) -> String {
    format!(
        r#"(module (memory (export "memory") 1)
          (func (export "wasi:cli/run@0.2.12#run") (result i32) (i32.const {result})))"#
    )
}

/// Computes for ever.
pub(crate) const SPINS: &str = r#"(module (memory (export "memory") 1)
  (func (export "wasi:cli/run@0.2.12#run") (result i32) (loop $again (br $again)) (i32.const 0)))"#;

/// Traps.
pub(crate) const TRAPS: &str = r#"(module (memory (export "memory") 1)
  (func $the_culprit unreachable)
  (func (export "wasi:cli/run@0.2.12#run") (result i32) (call $the_culprit) (i32.const 0)))"#;

/// Grows its memory by 16 pages at a time until it cannot.
pub(crate) const GROWS: &str = r#"(module (memory (export "memory") 1)
  (func (export "wasi:cli/run@0.2.12#run") (result i32)
    (loop $again (br_if $again (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))
    (i32.const 0)))"#;

/// Writes each argument and then each `name=value` of the environment as a line.
pub(crate) fn world() -> String {
    format!(
        r#"(module
          (import "wasi:cli/environment@0.2.12" "get-arguments" (func $args (param i32)))
          (import "wasi:cli/environment@0.2.12" "get-environment" (func $env (param i32)))
          {CLI}
          (data (i32.const 32) "\n=")
          (func $put (param $at i32) (param $length i32)
            (call $write (call $stdout) (local.get $at) (local.get $length) (i32.const 16)))
          ;; Puts the string whose address and length are at `pair`.
          (func $put_string (param $pair i32)
            (call $put (i32.load (local.get $pair)) (i32.load offset=4 (local.get $pair))))
          (func (export "wasi:cli/run@0.2.12#run") (result i32) (local $at i32) (local $end i32)
            (call $args (i32.const 0))
            (local.set $at (i32.load (i32.const 0)))
            (local.set $end (i32.add (local.get $at) (i32.mul (i32.load (i32.const 4)) (i32.const 8))))
            (block $done (loop $next
              (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
              (call $put_string (local.get $at))
              (call $put (i32.const 32) (i32.const 1))
              (local.set $at (i32.add (local.get $at) (i32.const 8)))
              (br $next)))
            (call $env (i32.const 0))
            (local.set $at (i32.load (i32.const 0)))
            (local.set $end (i32.add (local.get $at) (i32.mul (i32.load (i32.const 4)) (i32.const 16))))
            (block $done (loop $next
              (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
              (call $put_string (local.get $at))
              (call $put (i32.const 33) (i32.const 1))
              (call $put_string (i32.add (local.get $at) (i32.const 8)))
              (call $put (i32.const 32) (i32.const 1))
              (local.set $at (i32.add (local.get $at) (i32.const 16)))
              (br $next)))
            (i32.const 0)))"#
    )
}

/// Connects to `127.0.0.1:port`, writes `hello` and exits with 0; or with the error's number and one hundred.
pub(crate) fn connects(port: u16) -> String {
    format!(
        r#"(module
          (import "wasi:sockets/instance-network@0.2.12" "instance-network" (func $network (result i32)))
          (import "wasi:sockets/tcp-create-socket@0.2.12" "create-tcp-socket" (func $socket (param i32 i32)))
          (import "wasi:sockets/tcp@0.2.12" "[method]tcp-socket.start-connect"
            (func $start (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
          (import "wasi:sockets/tcp@0.2.12" "[method]tcp-socket.finish-connect" (func $finish (param i32 i32)))
          (import "wasi:sockets/tcp@0.2.12" "[method]tcp-socket.subscribe" (func $subscribe (param i32) (result i32)))
          (import "wasi:io/poll@0.2.12" "[method]pollable.block" (func $block (param i32)))
          {CLI}
          (data (i32.const 1024) "hello")
          ;; Ends if the result at `at` is an error.
          (func $check (param $at i32) (param $payload i32)
            (if (i32.load8_u (local.get $at))
              (then (call $exit (i32.add (i32.const 100) (i32.load8_u (local.get $payload)))))))
          (func (export "wasi:cli/run@0.2.12#run") (result i32) (local $tcp i32)
            (call $socket (i32.const 0) (i32.const 0))
            (call $check (i32.const 0) (i32.const 4))
            (local.set $tcp (i32.load (i32.const 4)))
            (call $start (local.get $tcp) (call $network) (i32.const 0)
              (i32.const {port}) (i32.const 127) (i32.const 0) (i32.const 0) (i32.const 1)
              (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
              (i32.const 16))
            (call $check (i32.const 16) (i32.const 17))
            (call $block (call $subscribe (local.get $tcp)))
            (call $finish (local.get $tcp) (i32.const 32))
            (call $check (i32.const 32) (i32.const 36))
            (call $write (i32.load (i32.const 40)) (i32.const 1024) (i32.const 5) (i32.const 64))
            (call $check (i32.const 64) (i32.const 68))
            (i32.const 0)))"#
    )
}

/// A core module for the world `unmet`.
pub(crate) const UNMET: &str = r#"(module
  (import "wasi:cli/exit@0.2.12" "exit" (func (param i32)))
  (import "wasi:http/types@0.2.0" "http-error-code" (func (result i32)))
  (import "acme:things/zoo@1.0.0" "animals" (func (result i32)))
  (memory (export "memory") 1)
  (func (export "wasi:cli/run@0.2.12#run") (result i32) (i32.const 0)))"#;

/// A core module for the world `service`.
pub(crate) const SERVICE: &str = r#"(module
  (memory (export "memory") 1)
  (func (export "wasi:http/incoming-handler@0.2.0#handle")))"#;
