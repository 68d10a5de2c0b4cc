//! Sockets inside a pod's network namespace.

use std::{
    fs::File,
    io::Read,
    net::{Ipv4Addr, TcpListener},
    os::fd::AsRawFd,
    path::{Path, PathBuf},
};

use nix::{
    mount::{MntFlags, MsFlags, mount, umount2},
    sched::{CloneFlags, setns, unshare},
};

use crate::{components, modules, setup::Shim};

/// A network namespace with a loopback, pinned to a file until dropped.
struct Namespace {
    path: PathBuf,
}

impl Namespace {
    fn new(path: PathBuf) -> Self {
        File::create(&path).unwrap();
        let pin = path.clone();
        on_thread(move || {
            unshare(CloneFlags::CLONE_NEWNET).unwrap();
            loopback_up();
            let own = Path::new("/proc/thread-self/ns/net");
            mount(Some(own), &pin, None::<&str>, MsFlags::MS_BIND, None::<&str>).unwrap();
        });
        Self { path }
    }

    /// Runs `work` on a thread inside.
    fn inside<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        let namespace = File::open(&self.path).unwrap();
        on_thread(move || {
            setns(namespace, CloneFlags::CLONE_NEWNET).unwrap();
            work()
        })
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = umount2(&self.path, MntFlags::MNT_DETACH);
    }
}

fn on_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::spawn(work).join().unwrap()
}

fn loopback_up() {
    use nix::libc;
    let socket = std::net::UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
    // SAFETY: all zeroes is a valid value; the kernel reads the name and the flags.
    let done = unsafe {
        let mut request: libc::ifreq = std::mem::zeroed();
        request.ifr_name[..2].copy_from_slice(&[b'l' as libc::c_char, b'o' as libc::c_char]);
        request.ifr_ifru.ifru_flags = libc::IFF_UP as libc::c_short;
        libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS, &request)
    };
    assert_eq!(done, 0, "{}", std::io::Error::last_os_error());
}

#[tokio::test]
async fn guests_live_in_the_pods_namespace() {
    let shim = Shim::start().await;
    let namespace = Namespace::new(shim.path("netns"));
    let listener = namespace.inside(|| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
    let port = listener.local_addr().unwrap().port();
    let heard = std::thread::spawn(move || {
        let mut text = String::new();
        listener.accept().unwrap().0.read_to_string(&mut text).unwrap();
        text
    });
    // Whoever is in the host's namespace finds nobody there (unless something else listens on that very port).
    let mut inside = shim.component(&components::connects(port));
    inside.sandbox.network_namespace = Some(namespace.path.clone());
    let exit = shim.run(inside).await;
    assert_eq!(exit.code, 0, "{exit:?}");
    assert_eq!(heard.join().unwrap(), "hello");
}

#[tokio::test]
async fn guests_without_a_namespace_live_in_the_hosts() {
    let shim = Shim::start().await;
    let namespace = Namespace::new(shim.path("netns"));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    assert_eq!(shim.run(shim.component(&components::connects(port))).await.code, 0);
    let mut inside = shim.component(&components::connects(port));
    inside.sandbox.network_namespace = Some(namespace.path.clone());
    let refused = 100 + 14;
    assert_eq!(shim.run(inside).await.code, refused);
}

#[tokio::test]
async fn a_missing_namespace_is_said() {
    use naru_runtime::Runtime;
    let shim = Shim::start().await;
    let mut spec = shim.module(modules::RETURNS);
    spec.sandbox.network_namespace = Some(shim.path("nowhere"));
    let error = shim.client.create(spec).await.err().unwrap().to_string();
    assert!(error.contains("nowhere"), "{error}");
}
