//! Why a pod does not fit on a node, in kube-scheduler's words.

use std::{borrow::Cow, fmt};

use super::changes::Changes;

/// Why a pod does not fit on a node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The pod's node affinity names other nodes.
    NotNamed,
    /// The node is cordoned.
    Unschedulable,
    /// The pod names another node.
    NodeName,
    /// The node has a taint that the pod does not tolerate.
    Taint {
        /// Its key.
        key: Box<str>,
        /// Its value.
        value: Box<str>,
    },
    /// `nodeSelector` or required node affinity does not match.
    Affinity,
    /// A port of the host is taken.
    Ports,
    /// The node takes no more pods.
    TooManyPods,
    /// The node has too little of a resource.
    Insufficient {
        /// Which.
        resource: Cow<'static, str>,
        /// Whether the node has too little even when empty.
        for_good: bool,
    },
    /// The node is in no domain of a topology spread constraint.
    NoSpreadDomain,
    /// The node's domain has too many pods for a topology spread constraint.
    Spread,
    /// A pod that must be near is not.
    PodAffinity,
    /// A pod is near that must not be.
    PodAntiAffinity,
    /// A pod is near that wants this one far.
    KeptFar,
    /// A disk is in use.
    DiskConflict,
    /// A claim for one pod has one.
    ClaimInUse,
    /// The node takes no more volumes of a driver.
    TooManyVolumes,
    /// A volume cannot be reached from the node.
    VolumeElsewhere,
    /// There is no volume for a claim there, nor can one be made.
    NoVolume,
    /// A volume is in another zone.
    VolumeZone,
    /// No node will do, as was found before any was looked at.
    Everywhere(Box<str>),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::NotNamed => f.write_str("node(s) didn't satisfy plugin(s) [NodeAffinity]"),
            Reason::Unschedulable => f.write_str("node(s) were unschedulable"),
            Reason::NodeName => f.write_str("node(s) didn't match the requested node name"),
            Reason::Taint { key, value } => write!(f, "node(s) had untolerated taint {{{key}: {value}}}"),
            Reason::Affinity => f.write_str("node(s) didn't match Pod's node affinity/selector"),
            Reason::Ports => f.write_str("node(s) didn't have free ports for the requested pod ports"),
            Reason::TooManyPods => f.write_str("Too many pods"),
            Reason::Insufficient { resource, .. } => write!(f, "Insufficient {resource}"),
            Reason::NoSpreadDomain => {
                f.write_str("node(s) didn't match pod topology spread constraints (missing required label)")
            }
            Reason::Spread => f.write_str("node(s) didn't match pod topology spread constraints"),
            Reason::PodAffinity => f.write_str("node(s) didn't match pod affinity rules"),
            Reason::PodAntiAffinity => f.write_str("node(s) didn't match pod anti-affinity rules"),
            Reason::KeptFar => f.write_str("node(s) didn't satisfy existing pods anti-affinity rules"),
            Reason::DiskConflict => f.write_str("node(s) had no available disk"),
            Reason::ClaimInUse => f.write_str(
                "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode",
            ),
            Reason::TooManyVolumes => f.write_str("node(s) exceed max volume count"),
            Reason::VolumeElsewhere => f.write_str("node(s) didn't match PersistentVolume's node affinity"),
            Reason::NoVolume => f.write_str("node(s) didn't find available persistent volumes to bind"),
            Reason::VolumeZone => f.write_str("node(s) had no available volume zone"),
            Reason::Everywhere(why) => f.write_str(why),
        }
    }
}

impl Reason {
    /// Whether pods leaving the node may remove the reason.
    pub(super) fn is_resolvable(&self) -> bool {
        match self {
            Reason::Ports
            | Reason::TooManyPods
            | Reason::Spread
            | Reason::PodAntiAffinity
            | Reason::KeptFar
            | Reason::DiskConflict
            | Reason::ClaimInUse
            | Reason::TooManyVolumes => true,
            Reason::Insufficient { for_good, .. } => !for_good,
            _ => false,
        }
    }

    /// Which changes may remove the reason.
    pub(super) fn helped_by(&self) -> Changes {
        match self {
            Reason::Unschedulable | Reason::Taint { .. } => Changes::NODE_TAINTS,
            Reason::NodeName | Reason::NotNamed => Changes::NONE,
            Reason::Affinity => Changes::NODE_LABELS,
            Reason::Ports => Changes::POD_LEFT,
            Reason::TooManyPods | Reason::Insufficient { .. } => {
                Changes::NODE_ALLOCATABLE | Changes::POD_LEFT
            }
            Reason::NoSpreadDomain => Changes::NODE_LABELS,
            Reason::DiskConflict | Reason::ClaimInUse => Changes::POD_LEFT,
            Reason::TooManyVolumes => Changes::POD_LEFT | Changes::STORAGE,
            Reason::VolumeElsewhere | Reason::NoVolume | Reason::VolumeZone => {
                Changes::STORAGE | Changes::NODE_LABELS
            }
            Reason::Everywhere(_) => Changes::STORAGE,
            Reason::Spread => {
                Changes::POD_LEFT
                    | Changes::POD_CAME
                    | Changes::NODE_LABELS
                    | Changes::NODE_TAINTS
                    | Changes::NODE_REMOVED
            }
            Reason::PodAffinity => {
                Changes::POD_CAME | Changes::NODE_LABELS | Changes::NAMESPACE | Changes::POD_LEFT
            }
            Reason::PodAntiAffinity | Reason::KeptFar => {
                Changes::POD_LEFT | Changes::NODE_LABELS | Changes::NAMESPACE | Changes::NODE_REMOVED
            }
        }
    }
}
