//! The images that nodes hold, and how much it is worth to find a pod's images there.
//!
//! Source: kube-scheduler's `ImageLocality`: an image counts with its size, scaled by the share of the nodes that hold
//! it, so that pods do not all go to the few nodes that have it.

use std::{collections::HashMap, sync::Arc};

use super::object::ContainerImage;

const MIB: i64 = 1024 * 1024;
/// Bytes below which an image does not matter.
const SIZE_MIN: i64 = 23 * MIB;
/// Bytes of a container's image above which more does not matter.
const SIZE_MAX: i64 = 1000 * MIB;

/// The images of one node: bytes by name.
pub(super) type NodeImages = HashMap<Arc<str>, i64>;

/// On how many nodes each image is.
#[derive(Clone, Debug, Default)]
pub(super) struct Images {
    holders: HashMap<Arc<str>, u32>,
    /// Grows with every change.
    pub(super) generation: u64,
}

impl Images {
    /// A node came, with its images.
    pub(super) fn add(&mut self, images: &NodeImages) {
        for name in images.keys() {
            *self.holders.entry(name.clone()).or_default() += 1;
        }
        self.generation += 1;
    }

    /// A node went.
    pub(super) fn remove(&mut self, images: &NodeImages) {
        for name in images.keys() {
            if let Some(count) = self.holders.get_mut(name) {
                *count -= 1;
                if *count == 0 {
                    self.holders.remove(name);
                }
            }
        }
        self.generation += 1;
    }

    /// Whether any node holds any of these.
    pub(super) fn any(&self, names: &[Arc<str>]) -> bool {
        names.iter().any(|name| self.holders.contains_key(name))
    }

    /// How much a node's images are worth for a pod's, one for each container: 0 to 100.
    pub(super) fn score(&self, node: &NodeImages, wanted: &[Arc<str>], nodes: usize) -> i64 {
        let worth = |name: &Arc<str>| {
            let (Some(size), Some(holders)) = (node.get(name), self.holders.get(name)) else { return 0 };
            let spread = f64::from(*holders) / nodes as f64;
            (*size as f64 * spread) as i64
        };
        let most = SIZE_MAX.saturating_mul(i64::try_from(wanted.len()).unwrap_or(i64::MAX));
        if most <= SIZE_MIN {
            return 0;
        }
        let sum = wanted.iter().map(worth).fold(0, i64::saturating_add).clamp(SIZE_MIN, most);
        100 * (sum - SIZE_MIN) / (most - SIZE_MIN)
    }
}

/// The images of a node by name.
pub(super) fn of_node(images: &[ContainerImage]) -> NodeImages {
    let named = images.iter().flat_map(|image| {
        let size = image.size_bytes.unwrap_or(0);
        image.names.iter().flatten().map(move |name| (Arc::from(name.as_str()), size))
    });
    named.collect()
}

/// An image's name with a tag, as nodes tell it.
pub(super) fn normalised(name: &str) -> Arc<str> {
    let tagged = name.rfind(':').is_some_and(|colon| name.rfind('/').is_none_or(|slash| colon > slash));
    if tagged { name.into() } else { format!("{name}:latest").into() }
}
