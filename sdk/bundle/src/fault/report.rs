//! A fault as its reader sees it.
//!
//! ```text
//! web/templates/service.yaml:7:12: nil pointer evaluating interface {}.port
//!   7 |   port: {{ .Values.service.port }}
//!     |            ^^^^^^^^^^^^^^^^^^^^
//!   chart: web
//!   value: .Values.service is null or not there
//!   from: web/templates/all.yaml:1:4: include "web.service" .
//!   help: set .Values.service, or ask first: {{ with .Values.service }}...{{ end }}
//! ```

use std::fmt;

use super::{Excerpt, Fault, Place, remedy};

/// Most callers shown at each end of a long trace.
const MAX_CALLERS: usize = 5;

/// The file that faults in a text of `tpl` name.
const TEXT: &str = "gotpl";

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(place) = self.trace.first() else {
            return self.without_place(out);
        };
        writeln!(out, "{}: {}", name(place), self.cause)?;
        let start = place.column - 1;
        let length = remedy::operand(&place.excerpt).chars().count();
        let lines = &[place.text.as_str()];
        write!(out, "{}", Excerpt { lines, number: place.line, mark: Some((start, length)) })?;
        if let Some(chart) = self.trace.iter().find_map(chart) {
            writeln!(out, "  chart: {chart}")?;
        }
        if let Some(value) = remedy::value(self, place) {
            writeln!(out, "  value: {value}")?;
        }
        let callers = &self.trace[1..];
        for (index, caller) in callers.iter().enumerate() {
            if index < MAX_CALLERS || index + MAX_CALLERS >= callers.len() {
                writeln!(out, "  from: {}: {}", name(caller), caller.excerpt)?;
            } else if index == MAX_CALLERS {
                writeln!(out, "  ... {} more ...", callers.len() - 2 * MAX_CALLERS)?;
            }
        }
        match self.remedy.clone().or_else(|| remedy::remedy(self, place)) {
            Some(help) => write!(out, "  help: {help}"),
            None => Ok(()),
        }
    }
}

impl Fault {
    fn without_place(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.remedy {
            Some(help) => write!(out, "{} ({help})", self.cause),
            None => out.write_str(&self.cause),
        }
    }
}

fn name(place: &Place) -> String {
    match place.file == TEXT {
        true => format!("a text given to tpl:{}:{}", place.line, place.column),
        false => place.to_string(),
    }
}

/// The chart that a template's path names, with those it is a subchart of.
fn chart(place: &Place) -> Option<String> {
    let (path, _) = place.file.split_once("/templates/")?;
    let mut names = path.split("/charts/").collect::<Vec<_>>();
    names.reverse();
    Some(names.join(", a subchart of "))
}
