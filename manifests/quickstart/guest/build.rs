//! Links the C library's start-up code where the toolchain does not bring its own (`build.sh` says so).

fn main() {
    println!("cargo::rerun-if-env-changed=GUEST_CRT1");
    if let Ok(crt1) = std::env::var("GUEST_CRT1") {
        println!("cargo::rustc-link-arg-bins={crt1}");
    }
}
