//! Commands of both WASI releases: outputs, exit codes, arguments, environment, traps.

use naru_runtime::{WasmEncoding, logs::Stream};

use crate::{
    components, modules,
    setup::{Shim, env, output},
};

#[tokio::test]
async fn outputs_and_exit_codes() {
    let shim = Shim::start().await;
    let long = format!("{}\nno newline", "x".repeat(5000));
    for code in [0, 1, 42, 255] {
        let specs = [
            shim.module(&modules::prints(&long, "to err\n", code.into())),
            shim.component(&components::prints(&long[5001..], "to err\n", code)),
        ];
        for (spec, wanted) in specs.into_iter().zip([&long[..], &long[5001..]]) {
            let log = spec.log_path.clone();
            let exit = shim.run(spec).await;
            assert_eq!((exit.code, exit.signal, exit.message), (i32::from(code), None, None));
            assert_eq!(output(&log, Stream::Stdout), wanted);
            assert_eq!(output(&log, Stream::Stderr), "to err\n");
        }
    }
}

#[tokio::test]
async fn returning_is_an_exit_too() {
    let shim = Shim::start().await;
    assert_eq!(shim.run(shim.module(modules::RETURNS)).await.code, 0);
    assert_eq!(shim.run(shim.component(&components::returns(0))).await.code, 0);
    assert_eq!(shim.run(shim.component(&components::returns(1))).await.code, 1);
}

#[tokio::test]
async fn arguments_and_environment_and_nothing_else() {
    let shim = Shim::start().await;
    for (mut spec, end) in
        [(shim.module(&modules::world()), '\0'), (shim.component(&components::world()), '\n')]
    {
        spec.args = ["prog", "--flag", "two words", "ü"].map(Into::into).into();
        spec.env = vec![env("A", "1"), env("EMPTY", ""), env("PATH", "/x=y")];
        let log = spec.log_path.clone();
        assert_eq!(shim.run(spec).await.code, 0);
        let wanted =
            ["prog", "--flag", "two words", "ü", "A=1", "EMPTY=", "PATH=/x=y", ""].join(&end.to_string());
        assert_eq!(output(&log, Stream::Stdout), wanted);
    }
}

#[tokio::test]
async fn traps_tell_where() {
    let shim = Shim::start().await;
    for spec in [shim.module(modules::TRAPS), shim.component(components::TRAPS)] {
        let log = spec.log_path.clone();
        let exit = shim.run(spec).await;
        let message = exit.message.unwrap();
        assert_eq!((exit.code, exit.oom_killed), (134, false), "{message}");
        assert!(message.contains("the_culprit") && message.contains("unreachable"), "{message}");
        assert!(message.len() <= 4096);
        assert_eq!(output(&log, Stream::Stderr), format!("{message}\n"));
    }
}

#[tokio::test]
async fn text_is_a_module_too() {
    let shim = Shim::start().await;
    let spec = shim.spec(modules::RETURNS.as_bytes(), WasmEncoding::Module);
    assert_eq!(shim.run(spec).await.code, 0);
}
