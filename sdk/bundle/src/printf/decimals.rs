//! Bytes as numbers between brackets: how all files of a chart are printed at once where a template takes them for a text.

/// Bytes that are printed as numbers at once.
const PIECE: usize = 64;
/// Each byte as a number with a space behind it, and how long that is.
static DECIMALS: [([u8; 4], usize); 256] = all();

const fn all() -> [([u8; 4], usize); 256] {
    let mut all = [([b' '; 4], 0); 256];
    let mut byte = 0;
    while byte < all.len() {
        let (text, length) = &mut all[byte];
        let (mut place, mut rest) = (100, byte);
        while place > 0 {
            if byte >= place || place == 1 {
                text[*length] = b'0' + (rest / place) as u8;
                *length += 1;
            }
            rest %= place;
            place /= 10;
        }
        *length += 1;
        byte += 1;
    }
    all
}

/// Appends `[104 105]`.
pub(super) fn write(out: &mut Vec<u8>, bytes: &[u8]) {
    let mut buffer = [0; 4 * PIECE];
    out.reserve(bytes.len() * 4 + 2);
    out.push(b'[');
    for piece in bytes.chunks(PIECE) {
        let mut end = 0;
        for byte in piece {
            let (digits, length) = DECIMALS[usize::from(*byte)];
            buffer[end..end + 4].copy_from_slice(&digits);
            end += length;
        }
        out.extend_from_slice(&buffer[..end]);
    }
    // The space behind the last number.
    if !bytes.is_empty() {
        out.pop();
    }
    out.push(b']');
}
