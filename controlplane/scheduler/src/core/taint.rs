//! Taints and tolerations.
//!
//! Source: Kubernetes' "Taints and Tolerations"; a toleration without key and with `Exists` matches every taint, one
//! without effect matches every effect.

use super::object::{TaintSpec, TolerationSpec};

/// What a taint does to pods that do not tolerate it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// None is placed.
    NoSchedule,
    /// None is placed if there is another node.
    PreferNoSchedule,
    /// None is placed, and those there must leave.
    NoExecute,
}

/// A taint of a node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Taint {
    /// Its key.
    pub key: Box<str>,
    /// Its value, often empty.
    pub value: Box<str>,
    /// What it does.
    pub effect: Effect,
}

/// A toleration of a pod.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Toleration {
    /// The taints' key; all if `None`.
    key: Option<Box<str>>,
    /// The taints' value; all if `None`.
    value: Option<Box<str>>,
    /// The taints' effect; all if `None`.
    effect: Option<Effect>,
}

impl Effect {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "NoSchedule" => Some(Effect::NoSchedule),
            "PreferNoSchedule" => Some(Effect::PreferNoSchedule),
            "NoExecute" => Some(Effect::NoExecute),
            _ => None,
        }
    }

    /// Whether the effect keeps pods away for certain.
    pub fn forbids(self) -> bool {
        self != Effect::PreferNoSchedule
    }
}

impl Taint {
    /// A taint without value that keeps pods away.
    pub(super) fn no_schedule(key: &str) -> Self {
        Self { key: key.into(), value: "".into(), effect: Effect::NoSchedule }
    }

    /// Reads a taint; `None` if its effect is unknown, so that it has none.
    pub(super) fn of(spec: &TaintSpec) -> Option<Self> {
        let value = spec.value.as_deref().unwrap_or_default().into();
        Some(Self { key: spec.key.as_str().into(), value, effect: Effect::parse(&spec.effect)? })
    }
}

impl Toleration {
    /// Reads a toleration; `None` if it can match no taint.
    pub(super) fn of(spec: &TolerationSpec) -> Option<Self> {
        let present = |text: &Option<String>| text.as_deref().filter(|text| !text.is_empty()).map(Box::from);
        let effect = match present(&spec.effect) {
            None => None,
            Some(effect) => Some(Effect::parse(&effect)?),
        };
        let exists = match spec.operator.as_deref() {
            Some("Exists") => true,
            None | Some("" | "Equal") => false,
            Some(_) => return None,
        };
        let value = if exists { None } else { Some(spec.value.as_deref().unwrap_or_default().into()) };
        Some(Self { key: present(&spec.key), value, effect })
    }

    /// Whether it tolerates a taint.
    pub fn tolerates(&self, taint: &Taint) -> bool {
        self.effect.is_none_or(|effect| effect == taint.effect)
            && self.key.as_ref().is_none_or(|key| *key == taint.key)
            && self.value.as_ref().is_none_or(|value| *value == taint.value)
    }

    /// Whether it can matter for taints of an effect.
    pub(super) fn is_about(&self, effect: Effect) -> bool {
        self.effect.is_none_or(|own| own == effect)
    }
}
