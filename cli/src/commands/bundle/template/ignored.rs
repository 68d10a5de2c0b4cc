//! Flags of an installation that `helm template` takes too, and that say nothing to a rendering.

use std::time::Duration;

use clap::Args;

use super::super::{chart_flags::pair, connect::duration, operate::Strategy, switches::truth};

/// Flags of an installation, which `helm template` takes and which change nothing of what is rendered.
#[derive(Clone, Debug, Args)]
#[allow(dead_code, reason = "taken and ignored, as helm does")]
pub(super) struct Ignored {
    #[arg(long, hide = true)]
    skip_crds: bool,
    #[arg(long, hide = true)]
    create_namespace: bool,
    #[arg(long, hide = true)]
    disable_openapi_validation: bool,
    #[arg(long, hide = true)]
    replace: bool,
    #[arg(long, hide = true, alias = "force")]
    force_replace: bool,
    #[arg(long, hide = true)]
    force_conflicts: bool,
    #[arg(long, hide = true)]
    take_ownership: bool,
    #[arg(long, hide = true)]
    hide_notes: bool,
    #[arg(long, hide = true)]
    render_subchart_notes: bool,
    #[arg(long, hide = true, alias = "atomic")]
    rollback_on_failure: bool,
    #[arg(long, hide = true)]
    wait_for_jobs: bool,
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, value_enum)]
    wait: Option<Option<Strategy>>,
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, value_parser = boolean)]
    server_side: Option<Option<bool>>,
    #[arg(long, hide = true, value_parser = duration)]
    timeout: Option<Duration>,
    #[arg(long, hide = true)]
    description: Option<String>,
    #[arg(short, long, hide = true, value_delimiter = ',', value_parser = pair)]
    labels: Vec<(String, String)>,
}

fn boolean(text: &str) -> Result<bool, String> {
    truth(text).ok_or_else(|| "it is neither true nor false".into())
}
