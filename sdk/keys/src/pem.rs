//! PEM as Go writes it (lines of 64 characters that end with a newline), and its first block as Go finds it.

use pem::{EncodeConfig, LineEnding, Pem};

/// A decoded block.
pub struct Block {
    /// `CERTIFICATE`, `RSA PRIVATE KEY`.
    pub tag: String,
    /// The bytes.
    pub contents: Vec<u8>,
}

/// A block of the type `tag`.
pub fn encode(tag: &str, contents: &[u8]) -> String {
    pem::encode_config(&Pem::new(tag, contents), EncodeConfig::new().set_line_ending(LineEnding::LF))
}

/// The first block in `text`, whatever stands around it.
pub fn decode(text: &[u8]) -> Option<Block> {
    let block = pem::parse(text).ok()?;
    Some(Block { tag: block.tag().to_owned(), contents: block.into_contents() })
}
