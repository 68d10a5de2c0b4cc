//! The writer and the reader against each other.
#![allow(clippy::unwrap_used)]

use std::{io::Write, path::Path, time::Duration};

use futures::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

async fn text(path: &Path, options: LogOptions) -> String {
    let blocks: Vec<_> = read(path.to_owned(), options, std::future::ready(())).try_collect().await.unwrap();
    String::from_utf8(blocks.concat()).unwrap()
}

fn tail(lines: u64) -> LogOptions {
    LogOptions { tail_lines: Some(lines), ..LogOptions::default() }
}

#[tokio::test]
async fn options() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("0.log");
    assert_eq!(text(&path, LogOptions::default()).await, "");
    let mut log = LogWriter::open(&path).unwrap();
    for second in 0..4 {
        log.write(Stream::Stdout, format!("out {second}\n").as_bytes(), at(second)).unwrap();
    }
    log.write(Stream::Stderr, b"err\nrest", at(4)).unwrap();
    log.finish(Stream::Stderr, at(5)).unwrap();

    let all = LogOptions::default();
    let cases = [
        (all.clone(), "out 0\nout 1\nout 2\nout 3\nerr\nrest"),
        (tail(0), ""),
        (tail(1), "rest"),
        (tail(3), "out 3\nerr\nrest"),
        (tail(99), "out 0\nout 1\nout 2\nout 3\nerr\nrest"),
        (LogOptions { since: Some(at(3)), ..all.clone() }, "out 3\nerr\nrest"),
        (LogOptions { since: Some(at(3)), ..tail(5) }, "out 3\nerr\nrest"),
        (LogOptions { limit_bytes: Some(8), ..all.clone() }, "out 0\nou"),
        (LogOptions { stream: Some(Stream::Stderr), ..all.clone() }, "err\nrest"),
        (
            LogOptions { timestamps: true, ..tail(2) },
            "2026-09-21T14:13:24.000000000Z err\n2026-09-21T14:13:25.000000000Z rest",
        ),
    ];
    for (options, wanted) in cases {
        assert_eq!(text(&path, options.clone()).await, wanted, "{options:?}");
    }
}

#[tokio::test]
async fn long_lines_are_one_line() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("0.log");
    let long = "x".repeat(5 * MAX_TEXT + 17);
    let mut log = LogWriter::open(&path).unwrap();
    for line in ["first", &long, "last"] {
        log.write(Stream::Stdout, format!("{line}\n").as_bytes(), at(0)).unwrap();
    }
    assert_eq!(text(&path, tail(2)).await, format!("{long}\nlast\n"));
    let stamped = text(&path, LogOptions { timestamps: true, ..tail(2) }).await;
    assert_eq!(stamped.matches("2026-").count(), 2);
}

#[tokio::test]
async fn rotated_file_is_part_of_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("0.log");
    let mut log = LogWriter::with_limit(&path, 8 * 1024).unwrap();
    let lines: Vec<_> = (0..300).map(|n| format!("line {n} {}\n", "y".repeat(n % 50))).collect();
    for line in &lines {
        log.write(Stream::Stdout, line.as_bytes(), at(0)).unwrap();
    }
    assert!(rotated(&path).exists());
    for count in [1, 5, 60, 80] {
        assert_eq!(text(&path, tail(count as u64)).await, lines[lines.len() - count..].concat(), "{count}");
    }
    let all = text(&path, LogOptions::default()).await;
    assert!(lines.concat().ends_with(&all) && all.len() > 4 * 1024);
}

#[tokio::test]
async fn tail_crosses_blocks() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("0.log");
    let mut log = LogWriter::open(&path).unwrap();
    let lines: Vec<_> = (0..5000).map(|n| format!("line {n} {}\n", "z".repeat(n % 97))).collect();
    log.write(Stream::Stdout, lines.concat().as_bytes(), at(0)).unwrap();
    for count in [1, 700, 701, 2500, 4999, 5000] {
        assert_eq!(text(&path, tail(count as u64)).await, lines[lines.len() - count..].concat(), "{count}");
    }
    // A torn line at the end, as after a crash, is nobody's.
    let mut file = std::fs::File::options().append(true).open(&path).unwrap();
    file.write_all(b"2026-09-21T14:13:24.0000").unwrap();
    assert_eq!(text(&path, tail(1)).await, lines[4999]);
}

#[tokio::test]
async fn following_across_rotation_until_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("0.log");
    let ended = CancellationToken::new();
    let options = LogOptions { follow: true, ..LogOptions::default() };
    let mut stream = Box::pin(read(path.clone(), options, ended.clone().cancelled_owned()));
    let writer = {
        let (path, ended) = (path.clone(), ended.clone());
        tokio::task::spawn_blocking(move || {
            // The file does not exist when the reader begins.
            std::thread::sleep(Duration::from_millis(30));
            let mut log = LogWriter::with_limit(&path, 64 * 1024).unwrap();
            for n in 0..2000 {
                log.write(Stream::Stdout, format!("number {n}\n").as_bytes(), Timestamp::now()).unwrap();
                if n % 200 == 0 {
                    std::thread::sleep(Duration::from_millis(20));
                }
            }
            ended.cancel();
        })
    };
    let mut got = String::new();
    while let Some(block) = stream.next().await {
        got.push_str(std::str::from_utf8(&block.unwrap()).unwrap());
    }
    writer.await.unwrap();
    let wanted: String = (0..2000).map(|n| format!("number {n}\n")).collect();
    assert!(got == wanted, "{} bytes of {}", got.len(), wanted.len());
}
