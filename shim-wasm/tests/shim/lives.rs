//! Agents and shims that come and go.

use std::os::unix::fs::PermissionsExt;

use naru_runtime::{
    Runtime, State,
    shim::{ShimClient, ShimCommand},
};

use crate::{
    modules,
    setup::{Shim, alive, exit},
};

#[tokio::test]
async fn containers_outlive_the_agent() {
    let shim = Shim::start().await;
    let (running, ended) = (shim.module(modules::SLEEPS), shim.module(&modules::prints("", "", 5)));
    let (running_id, ended_id) = (running.id.clone(), ended.id.clone());
    shim.begin(running).await;
    exit(&*shim.begin(ended).await).await;
    // What a terminal or a service manager sends to whoever is around.
    for signal in [nix::sys::signal::SIGTERM, nix::sys::signal::SIGINT, nix::sys::signal::SIGHUP] {
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(shim.pid()), signal).unwrap();
    }

    // The next agent: another connection, nothing in memory.
    let agent = ShimClient::connect(&shim.socket()).await.unwrap();
    assert_eq!(agent.list().await.unwrap().len(), 2);
    assert_eq!(agent.get(&ended_id).await.unwrap().wait().await.unwrap().code, 5);
    let task = agent.get(&running_id).await.unwrap();
    assert!(matches!(task.status().await.unwrap().state, State::Running { .. }));
    task.kill(15).await.unwrap();
    assert_eq!(exit(&*task).await.code, 143);
}

#[tokio::test]
async fn exits_outlive_the_shim() {
    let mut shim = Shim::start().await;
    let (running, ended) = (shim.module(modules::SLEEPS), shim.module(&modules::prints("", "", 5)));
    let (running_id, ended_id) = (running.id.clone(), ended.id.clone());
    shim.begin(running).await;
    let before = exit(&*shim.begin(ended).await).await;
    shim.replace().await;
    let after = shim.client.get(&ended_id).await.unwrap().wait().await.unwrap();
    assert_eq!(after, before);
    let killed = shim.client.get(&running_id).await.unwrap().wait().await.unwrap();
    assert_eq!((killed.code, killed.signal), (137, Some(9)));
    shim.client.delete(&ended_id).await.unwrap();
    shim.replace().await;
    let left = shim.client.list().await.unwrap();
    assert_eq!(left.iter().map(|status| &status.id).collect::<Vec<_>>(), [&running_id]);
}

#[tokio::test]
async fn compiled_modules_are_kept() {
    let mut shim = Shim::start().await;
    let files = |shim: &Shim| {
        let mut files: Vec<_> = std::fs::read_dir(shim.path("cache"))
            .unwrap()
            .map(|entry| (entry.as_ref().unwrap().path(), entry.unwrap().metadata().unwrap()))
            .map(|(path, metadata)| {
                (path, metadata.modified().unwrap(), metadata.permissions().mode() & 0o777)
            })
            .collect();
        files.sort();
        files
    };
    let code = async |shim: &Shim| shim.run(shim.module(&modules::prints("", "", 6))).await.code;
    assert_eq!(code(&shim).await, 6);
    let first = files(&shim);
    assert_eq!((first.len(), first[0].2), (1, 0o600));
    assert_eq!(std::fs::metadata(shim.path("cache")).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(code(&shim).await, 6);
    shim.replace().await;
    assert_eq!(code(&shim).await, 6);
    assert_eq!(files(&shim), first, "compiled again");
    // A file that a crash has cut is made again.
    let length = std::fs::metadata(&first[0].0).unwrap().len();
    shim.replace().await;
    std::fs::File::options().write(true).open(&first[0].0).unwrap().set_len(length / 2).unwrap();
    assert_eq!(code(&shim).await, 6);
    assert_eq!(std::fs::metadata(&first[0].0).unwrap().len(), length);
}

#[tokio::test]
async fn one_shim_a_socket_until_it_is_asked_to_end() {
    let shim = Shim::start().await;
    let socket = shim.socket();
    assert_eq!(std::fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
    let command = ShimCommand {
        program: env!("CARGO_BIN_EXE_naru-shim-wasm").into(),
        args: ["--socket".into(), socket.clone().into(), "--run-dir".into(), shim.path("run").into()]
            .into_iter()
            .chain(["--cache-dir".into(), shim.path("cache").into()])
            .collect(),
        socket: socket.clone(),
        log: shim.path("second.log"),
    };
    // The one that runs is found, and a second one gives way.
    command.ensure().await.unwrap();
    command.spawn().await.unwrap();
    let task = shim.begin(shim.module(modules::SLEEPS)).await;
    shim.client.shutdown().await.unwrap_err();
    shim.client.delete(task.id()).await.unwrap();
    shim.client.shutdown().await.unwrap();
    while alive(shim.pid()) {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert!(!socket.exists());
}

#[tokio::test]
async fn a_shim_that_cannot_start_says_why() {
    let shim = Shim::start().await;
    let command = ShimCommand {
        program: env!("CARGO_BIN_EXE_naru-shim-wasm").into(),
        args: vec!["--socket".into()],
        socket: shim.path("other.sock"),
        log: shim.path("other.log"),
    };
    let error = command.ensure().await.unwrap_err().to_string();
    assert!(error.contains("--socket"), "{error}");
}
