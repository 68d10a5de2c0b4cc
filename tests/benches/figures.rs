//! The figures of docs/benchmarks.md: start, memory, and the way from `kubectl apply` to Ready, with release binaries.
//!
//! `make bench` runs it; in: binaries named by `NARU_BIN_DIR`. Out: Markdown on standard output.
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on panics")]

use std::{
    collections::HashMap,
    fs,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread::sleep,
    time::{Duration, Instant},
};

use naru_tests::{Cluster, eventually, tools};
use nix::sys::signal::Signal;

/// How often each thing is measured.
const STARTS: usize = 11;
const PODS: usize = 20;
const BURST: usize = 40;
const PATIENCE: Duration = Duration::from_secs(60);
/// What a start leaves to be done (caches, heartbeats) is done by then.
const SETTLED: Duration = Duration::from_secs(15);

fn main() {
    println!("| figure | measured | target |\n|---|---|---|");
    let mut cluster = Cluster::start();
    let starts = starts(&mut cluster);
    row(
        "`naru up` to ready, new process on an existing cluster (median of 11)",
        &ms(median(starts)),
        "1,000 ms",
    );
    sleep(SETTLED);
    let (rss, pss) = memory(&cluster);
    row("resident memory of all processes, idle, no pods (sum of RSS)", &format!("{rss:.1} MiB"), "80 MiB");
    row("the same without counting shared pages twice (PSS)", &format!("{pss:.1} MiB"), "");
    let readiness = Readiness::watch(&cluster);
    for (kind, image, target) in
        [("OCI", "quickstart/httpd:1", "100 ms"), ("Wasm", "quickstart/greeter:1", "30 ms")]
    {
        one_by_one(&cluster, &readiness, &format!("{kind} pod"), image, target);
    }
    let (rss, pss) = memory(&cluster);
    row(
        &format!("resident memory with {} pods of each kind (sum of RSS)", 2 * PODS),
        &format!("{rss:.1} MiB"),
        "",
    );
    row("the same as PSS", &format!("{pss:.1} MiB"), "");
    clear(&cluster);
    for (kind, image, target) in
        [("OCI", "quickstart/httpd:1", "2,500 ms"), ("Wasm", "quickstart/greeter:1", "")]
    {
        let names: Vec<String> =
            (0..BURST).map(|index| format!("burst-{}-{index}", kind.to_lowercase())).collect();
        let manifest: Vec<String> = names.iter().map(|name| pod(name, image)).collect();
        let began = Instant::now();
        cluster.apply(&manifest.join("\n---\n"));
        let last = names.iter().map(|name| readiness.wait(name)).max().unwrap();
        row(
            &format!("`kubectl apply` of {BURST} {kind} pods at once to all Ready"),
            &ms(last - began),
            target,
        );
        clear(&cluster);
    }
}

/// Deletes all pods: a node takes no more than 110.
fn clear(cluster: &Cluster) {
    cluster.kubectl(&["delete", "pods", "--all", "--force", "--grace-period=0"]).ok();
}

/// Pods of one image one after the other, by kubectl and by our own client, which starts in less time than a pod.
fn one_by_one(cluster: &Cluster, readiness: &Readiness, what: &str, image: &str, target: &str) {
    type Apply = fn(&Cluster, &str);
    let kubectl: Apply = |cluster, manifest| drop(cluster.apply(manifest));
    let naru: Apply = |cluster, manifest| drop(cluster.naru_with(&["apply", "-f", "-"], manifest).ok());
    for (client, apply) in [("kubectl", kubectl), ("naru", naru)] {
        let (mut ready, mut own) = (Vec::new(), Vec::new());
        for index in 0..PODS {
            let name = format!("{}-{client}-{index}", what.replace(' ', "-").to_lowercase());
            let began = Instant::now();
            apply(cluster, &pod(&name, image));
            own.push(began.elapsed());
            ready.push(readiness.wait(&name) - began);
        }
        row(&format!("`{client} apply` to Ready, one {what} (median of {PODS})"), &ms(median(ready)), target);
        row(&format!("of it {client} itself, from its start to its end"), &ms(median(own)), "");
    }
}

fn row(figure: &str, measured: &str, target: &str) {
    println!("| {figure} | {measured} | {target} |");
}

fn ms(time: Duration) -> String {
    format!("{:.0} ms", time.as_secs_f64() * 1000.0)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn pod(name: &str, image: &str) -> String {
    format!(
        "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}}}, spec: {{terminationGracePeriodSeconds: 0, \
         containers: [{{name: main, image: '{image}', volumeMounts: [{{name: work, mountPath: /work}}]}}], \
         volumes: [{{name: work, emptyDir: {{}}}}]}}}}"
    )
}

/// The times that `naru up` itself reports, from the start of its process to ready.
fn starts(cluster: &mut Cluster) -> Vec<Duration> {
    for index in 1..=STARTS {
        cluster.stop(Signal::SIGTERM);
        cluster.up();
        // The Node of the last run may say Ready before this run is.
        eventually("ready", || {
            let told = cluster.log().matches(" ready ms=").count();
            if told > index { Ok(()) } else { Err(format!("{told} of {}", index + 1)) }
        });
    }
    let log = cluster.log();
    let times = log.lines().filter(|line| line.contains(" ready ms=")).map(|line| {
        let digits = line.split(" ready ms=").nth(1).unwrap();
        digits.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap()
    });
    // The first made the cluster.
    times.skip(1).map(Duration::from_millis).collect()
}

/// Resident and proportional memory of `naru up` and its shims, in MiB.
fn memory(cluster: &Cluster) -> (f64, f64) {
    let run_dir = format!("/run/naru/{}", cluster.name());
    let mut sums = (0.0, 0.0);
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let line = fs::read_to_string(entry.path().join("cmdline")).unwrap_or_default();
        let ours = entry.file_name().to_string_lossy() == cluster.pid().to_string()
            || (line.contains("naru-shim-") && line.contains(&run_dir));
        if !ours {
            continue;
        }
        let rollup = fs::read_to_string(entry.path().join("smaps_rollup")).unwrap_or_default();
        let field = |name: &str| -> f64 {
            let line = rollup.lines().find(|line| line.starts_with(name)).unwrap_or_default();
            line.split_whitespace().nth(1).and_then(|kib| kib.parse::<f64>().ok()).unwrap_or_default()
                / 1024.0
        };
        sums.0 += field("Rss:");
        sums.1 += field("Pss:");
    }
    sums
}

/// When each pod became Ready, as a watch tells.
struct Readiness {
    process: Child,
    events: Receiver<(String, Instant)>,
    seen: std::cell::RefCell<HashMap<String, Instant>>,
}

impl Readiness {
    fn watch(cluster: &Cluster) -> Self {
        const LINE: &str =
            "jsonpath={.metadata.name} {.status.conditions[?(@.type==\"Ready\")].status}{\"\\n\"}";
        let mut process = Command::new(tools::ours("naru"))
            .args(["get", "pods", "-w", "-o", LINE, "--kubeconfig"])
            .arg(cluster.kubeconfig())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let (sender, events) = channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Some(name) = line.strip_suffix(" True") {
                    let _ = sender.send((name.to_string(), Instant::now()));
                }
            }
        });
        // The watch must stand before the first pod.
        sleep(Duration::from_secs(1));
        Readiness { process, events, seen: Default::default() }
    }

    fn wait(&self, pod: &str) -> Instant {
        loop {
            if let Some(time) = self.seen.borrow().get(pod) {
                return *time;
            }
            let (name, time) =
                self.events.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("{pod} is not Ready"));
            self.seen.borrow_mut().entry(name).or_insert(time);
        }
    }
}

impl Drop for Readiness {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
