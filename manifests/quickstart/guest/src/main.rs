//! The Wasm half of the quickstart's pod: writes a greeting for the web server in the other container.
//!
//! It shares two things with that server: the volume at `/work`, where it writes the page the server serves, and the
//! pod's localhost, over which it fetches that page back. Every few seconds, for ever.

mod fetch;

use std::{
    env, fs, io,
    io::Write,
    path::Path,
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// The volume shared with the web server.
const WORK: &str = "/work";

/// Where the web server listens, on the pod's localhost.
const PORT: u16 = 8080;

/// The time between two rounds, and before a failed one is tried again.
const PAUSE: Duration = Duration::from_secs(3);
const RETRY: Duration = Duration::from_millis(250);

/// The size at which `seen.txt` begins anew, in bytes.
const MAX_SEEN: u64 = 64 * 1024;

fn main() {
    #[cfg(debian_crt1)]
    construct();
    let pod = Pod::from_env();
    println!("greeter: WebAssembly in pod {}, address {}", pod.name, pod.ip);
    for round in 1u64.. {
        let pause = match visit(&pod, round) {
            Ok(line) => {
                println!("{line}");
                PAUSE
            }
            Err(error) => {
                // The web server may not be up yet, or be restarting.
                println!("round {round}: {error}; trying again");
                RETRY
            }
        };
        thread::sleep(pause);
    }
}

/// Runs the C library's constructors, which Debian's start-up code does not. Unless a program names them, the linker makes every
/// export run them, the allocation that the host asks for while it returns a list among them; and that may call nobody.
#[cfg(debian_crt1)]
fn construct() {
    unsafe extern "C" {
        fn __wasm_call_ctors();
    }
    // SAFETY: once, and before anything else of the program.
    unsafe { __wasm_call_ctors() }
}

/// What the pod's manifest tells through the environment.
struct Pod {
    greeting: String,
    name: String,
    ip: String,
}

impl Pod {
    fn from_env() -> Self {
        let var = |name, default: &str| env::var(name).unwrap_or_else(|_| default.to_owned());
        Self {
            greeting: var("GREETING", "Hello from WebAssembly"),
            name: var("POD_NAME", "unknown"),
            ip: var("POD_IP", "unknown"),
        }
    }
}

/// One round: writes the page, fetches it, notes what came.
fn visit(pod: &Pod, round: u64) -> io::Result<String> {
    let work = Path::new(WORK);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let page = page(pod, round, now);
    replace(&work.join("index.html"), &page)?;
    let got = fetch::get(PORT, "/")?;
    let same = if got == page.as_bytes() { "the page it wrote" } else { "another page" };
    let line = format!("round {round}: fetched {} bytes over localhost from httpd, {same}", got.len());
    note(&work.join("seen.txt"), &line)?;
    Ok(line)
}

fn page(pod: &Pod, round: u64, now: u64) -> String {
    format!(
        "<!doctype html>\n<title>naru</title>\n\
         <h1>{}</h1>\n\
         <p>Pod {}, address {}: two containers, one of them no container image at all.</p>\n\
         <p>Written by the Wasm container in round {round}, {now} seconds into the epoch; \
         served by busybox httpd beside it.</p>\n",
        pod.greeting, pod.name, pod.ip
    )
}

/// Replaces a file at once: the server never sees half of it.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let fresh = path.with_extension("new");
    fs::write(&fresh, text)?;
    fs::rename(fresh, path)
}

/// Appends a line.
fn note(path: &Path, line: &str) -> io::Result<()> {
    let full = fs::metadata(path).is_ok_and(|metadata| metadata.len() > MAX_SEEN);
    let mut file = fs::File::options().create(true).append(!full).write(true).truncate(full).open(path)?;
    writeln!(file, "{line}")
}
