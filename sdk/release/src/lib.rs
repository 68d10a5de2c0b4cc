//! Releases: bundles on a cluster. Installs, upgrades, rolls back and removes what `naru-bundle` rendered, keeps
//! the history in Helm's own release Secrets, and fetches charts from registries and repositories.
