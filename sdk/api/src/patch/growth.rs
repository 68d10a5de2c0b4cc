//! How far a JSON patch may let a document grow. A few hundred bytes of `copy` can double it again and again, and `move` can
//! nest it until whoever walks through it runs out of stack.
//!
//! Source of the limit of copies: kube-apiserver (`JSONPatchMaxCopyBytes`).

use json_patch::PatchOperation;
use serde_json::Value;

/// Levels of a patched document; what is sent to the server has half as many at most.
pub const DEPTH_MAX: usize = 256;
/// Bytes that all copies of one patch may add.
pub const COPIED_BYTES_MAX: usize = 3 << 20;

/// What the operations so far may have made of a document.
#[derive(Clone, Copy, Debug)]
pub(super) struct Growth {
    /// Its depth is not greater.
    depth: usize,
    /// Bytes that were copied.
    copied: usize,
}

impl Growth {
    /// Of a document before its first operation.
    pub(super) fn of(document: &Value) -> Self {
        Growth { depth: Extent::of(document).depth, copied: 0 }
    }

    /// Whether an operation that is about to be applied to `document` keeps within the limits.
    pub(super) fn admits(&mut self, document: &Value, operation: &PatchOperation) -> bool {
        let depth = match operation {
            PatchOperation::Add(add) => add.path.count() + Extent::of(&add.value).depth,
            PatchOperation::Replace(replace) => replace.path.count() + Extent::of(&replace.value).depth,
            // How deep the moved part is would take long to find out each time; no deeper than the rest allows.
            PatchOperation::Move(moved) => self.depth.saturating_sub(moved.from.count()) + moved.path.count(),
            PatchOperation::Copy(copy) => match document.pointer(copy.from.as_str()) {
                Some(value) => {
                    let Extent { depth, bytes } = Extent::of(value);
                    self.copied = self.copied.saturating_add(bytes);
                    copy.path.count() + depth
                }
                // It does not apply, and that is said then.
                None => 0,
            },
            PatchOperation::Remove(_) | PatchOperation::Test(_) => 0,
        };
        self.depth = self.depth.max(depth);
        self.depth <= DEPTH_MAX && self.copied <= COPIED_BYTES_MAX
    }
}

/// How large a value is.
struct Extent {
    /// Levels; a scalar has one.
    depth: usize,
    /// About as many as it takes to write.
    bytes: usize,
}

impl Extent {
    /// Found without recursion, as it may be too deep for that.
    fn of(value: &Value) -> Self {
        /// What a value takes besides its text.
        const FRAME_BYTES: usize = 4;
        let mut extent = Extent { depth: 0, bytes: 0 };
        let mut open = vec![(value, 1)];
        while let Some((value, level)) = open.pop() {
            extent.depth = extent.depth.max(level);
            extent.bytes += FRAME_BYTES;
            match value {
                Value::Array(items) => open.extend(items.iter().map(|item| (item, level + 1))),
                Value::Object(members) => {
                    for (key, member) in members {
                        extent.bytes += key.len();
                        open.push((member, level + 1));
                    }
                }
                Value::String(text) => extent.bytes += text.len(),
                _ => {}
            }
        }
        extent
    }
}
