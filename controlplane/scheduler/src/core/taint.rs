//! Taints and tolerations.
//!
//! Source: Kubernetes' "Taints and Tolerations"; a toleration without key and with `Exists` matches every taint, one
//! without effect matches every effect. `Gt` and `Lt` compare whole numbers: the taint's is greater, or less.

use std::cmp::Ordering;

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
    /// The taints' value.
    value: Tolerated,
    /// The taints' effect; all if `None`.
    effect: Option<Effect>,
}

/// Which values of taints are tolerated.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Tolerated {
    All,
    Equal(Box<str>),
    /// Numbers that compare so with this one.
    Number(Ordering, i64),
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
        let value = spec.value.as_deref().unwrap_or_default();
        let value = match spec.operator.as_deref() {
            Some("Exists") => Tolerated::All,
            None | Some("" | "Equal") => Tolerated::Equal(value.into()),
            Some("Gt") => Tolerated::Number(Ordering::Greater, number(value)?),
            Some("Lt") => Tolerated::Number(Ordering::Less, number(value)?),
            Some(_) => return None,
        };
        Some(Self { key: present(&spec.key), value, effect })
    }

    /// Whether it tolerates a taint.
    pub fn tolerates(&self, taint: &Taint) -> bool {
        self.effect.is_none_or(|effect| effect == taint.effect)
            && self.key.as_ref().is_none_or(|key| *key == taint.key)
            && self.value.includes(&taint.value)
    }

    /// Whether it can matter for taints of an effect.
    pub(super) fn is_about(&self, effect: Effect) -> bool {
        self.effect.is_none_or(|own| own == effect)
    }
}

impl Tolerated {
    fn includes(&self, value: &str) -> bool {
        match self {
            Tolerated::All => true,
            Tolerated::Equal(wanted) => **wanted == *value,
            Tolerated::Number(order, than) => number(value).is_some_and(|number| number.cmp(than) == *order),
        }
    }
}

/// A whole number as the API allows it: without leading zeros and without `+`.
fn number(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = text == "0" || digits.starts_with(|first: char| ('1'..='9').contains(&first));
    text.parse().ok().filter(|_| plain)
}
