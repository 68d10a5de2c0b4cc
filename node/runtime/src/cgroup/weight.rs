//! Requests and limits of CPU as the kernel takes them. Pure; what the kubelet and runc write.

/// The period of a CPU limit, in microseconds.
pub const CPU_PERIOD: u64 = 100_000;
/// The least CPU time of a period that the kernel takes, in microseconds.
const LEAST_QUOTA: u64 = 1000;
/// The least and the most weight of a group of version 1; a whole core is 1024.
const SHARES: (u64, u64) = (2, 262_144);
/// The same of version 2; what a group has by itself is 100.
const WEIGHTS: (u64, u64) = (1, 10_000);

/// A request in thousandths of a core as a weight of version 1.
pub fn shares(millis: u64) -> u64 {
    (millis.saturating_mul(1024) / 1000).clamp(SHARES.0, SHARES.1)
}

/// A limit in thousandths of a core as time of each period, in microseconds.
pub fn quota(millis: u64) -> u64 {
    (millis.saturating_mul(CPU_PERIOD) / 1000).max(LEAST_QUOTA)
}

/// A weight of version 1 as one of version 2: the curve, quadratic in the logarithms, on which least, most and the weights
/// that groups have by themselves (1024 and 100) meet.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "1 to 10,000"
)]
pub(super) fn of_shares(shares: u64) -> u64 {
    match shares {
        ..=2 => WEIGHTS.0,
        262_144.. => WEIGHTS.1,
        _ => {
            let log = (shares as f64).log2();
            let exponent = (log * log + 125.0 * log) / 612.0 - 7.0 / 34.0;
            (10f64.powf(exponent).ceil() as u64).clamp(WEIGHTS.0, WEIGHTS.1)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_weights() {
        /// Thousandths of a core, weight of version 1, of version 2.
        type Row = (u64, u64, u64);
        let table: [Row; 9] = [
            (0, 2, 1),
            (1, 2, 1),
            (10, 10, 4),
            (100, 102, 17),
            (250, 256, 35),
            (500, 512, 59),
            (1000, 1024, 100),
            (256_000, 262_144, 10_000),
            (u64::MAX, 262_144, 10_000),
        ];
        for (millis, v1, v2) in table {
            assert_eq!((shares(millis), of_shares(shares(millis))), (v1, v2), "{millis}m");
        }
    }

    #[test]
    fn limits_are_time_of_a_period() {
        for (millis, micros) in [(1, 1000), (10, 1000), (11, 1100), (250, 25_000), (4000, 400_000)] {
            assert_eq!(quota(millis), micros, "{millis}m");
        }
    }
}
