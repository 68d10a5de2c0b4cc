//! OpenPGP in letters: blocks between a BEGIN and an END line. In: text. Out: each block's kind and bytes.

use std::io::Read;

use pgp::armor::Dearmor;

/// A block.
pub(crate) struct Block {
    /// What it says it is: `PGP PUBLIC KEY BLOCK`.
    pub kind: String,
    /// What it holds.
    pub bytes: Vec<u8>,
}

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// The blocks in a text.
///
/// # Errors
/// What is wrong with one of them.
pub(crate) fn blocks(text: &str) -> Result<Vec<Block>, String> {
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(BEGIN) {
        let from = &rest[start..];
        let kind = from[BEGIN.len()..].lines().next().and_then(|line| line.trim_end().strip_suffix(DASHES));
        let kind = kind.ok_or("unexpected EOF")?;
        let end = format!("{END}{kind}{DASHES}");
        let length = from.find(&end).ok_or("unexpected EOF")? + end.len();
        // A signed text is no block of its own, and no key either.
        let bytes = if kind == "PGP SIGNED MESSAGE" { Vec::new() } else { decode(&from[..length])? };
        blocks.push(Block { kind: kind.into(), bytes });
        rest = &from[length..];
    }
    Ok(blocks)
}

fn decode(block: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    Dearmor::new(block.as_bytes()).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    Ok(bytes)
}
