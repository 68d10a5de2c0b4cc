//! Since when each node has been silent, on our own clock.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

/// The last change of each node's lease that we have seen.
#[derive(Debug, Default)]
pub(super) struct Silence {
    last: HashMap<String, (String, Instant)>,
}

impl Silence {
    /// Takes note of the leases as they are now. A node without a lease counts from when it was first seen; nodes that
    /// are gone are forgotten.
    pub(super) fn observe(
        &mut self,
        renewals: impl Iterator<Item = (String, String)>,
        nodes: impl Iterator<Item = String>,
        now: Instant,
    ) {
        let renewals: HashMap<String, String> = renewals.collect();
        let mut seen = HashMap::new();
        for node in nodes {
            let renewal = renewals.get(&node).cloned().unwrap_or_default();
            let entry = match self.last.remove(&node) {
                Some((before, since)) if before == renewal => (before, since),
                _ => (renewal, now),
            };
            seen.insert(node, entry);
        }
        self.last = seen;
    }

    /// For how long `node` has been silent.
    pub(super) fn of(&self, node: &str, now: Instant) -> Duration {
        self.last.get(node).map(|(_, since)| now.saturating_duration_since(*since)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observe(silence: &mut Silence, renewal: &str, now: Instant) {
        let renewals = [("a".to_string(), renewal.to_string())].into_iter();
        silence.observe(renewals, ["a".to_string(), "b".to_string()].into_iter(), now);
    }

    #[test]
    fn a_changed_lease_ends_the_silence() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut silence = Silence::default();
        observe(&mut silence, "1", at(0));
        observe(&mut silence, "1", at(30));
        assert_eq!(silence.of("a", at(30)), Duration::from_secs(30));
        observe(&mut silence, "2", at(35));
        assert_eq!(silence.of("a", at(36)), Duration::from_secs(1));
        assert_eq!(silence.of("b", at(36)), Duration::from_secs(36));
        silence.observe([].into_iter(), [].into_iter(), at(40));
        assert_eq!(silence.of("a", at(50)), Duration::ZERO);
    }
}
