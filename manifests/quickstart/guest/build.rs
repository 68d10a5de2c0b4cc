//! Where the toolchain brings no start-up code of its own, links Debian's (`build.sh` says so).

fn main() {
    println!("cargo::rerun-if-env-changed=GUEST_CRT1");
    println!("cargo::rustc-check-cfg=cfg(debian_crt1)");
    if let Ok(crt1) = std::env::var("GUEST_CRT1") {
        println!("cargo::rustc-link-arg-bins={crt1}");
        println!("cargo::rustc-cfg=debian_crt1");
    }
}
