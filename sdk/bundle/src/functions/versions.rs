//! sprig's semantic versions. Source of the behaviour: sprig 3.3.0, `semver.go`.

use super::{Call, Function, Parameter::Str};
use crate::{
    fault::Fault,
    semver::{Constraint, SemverError, Version},
    value::Value,
};

/// `semver` and `semverCompare`.
pub const FUNCTIONS: &[Function] =
    &[Function::new("semver", &[Str], semver), Function::new("semverCompare", &[Str, Str], compare)];

fn fault(error: SemverError) -> Fault {
    Fault::new(error.to_string())
}

fn semver(call: &Call<'_>) -> Result<Value, Fault> {
    Version::parse(&call.text(0)?.text()).map(Version::into_value).map_err(fault)
}

/// Whether the version, second, satisfies the constraint, first.
fn compare(call: &Call<'_>) -> Result<Value, Fault> {
    let constraint = Constraint::parse(&call.text(0)?.text()).map_err(fault)?;
    let version = Version::parse(&call.text(1)?.text()).map_err(fault)?;
    Ok(Value::Bool(constraint.accepts(&version)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::trial::{printed, text};

    // Expected values: the stock helm 4.3.1.
    #[test]
    fn methods() {
        let version = semver(&Call::new(&[Value::from("v1.2-rc.1+b")], &crate::functions::trial::Fixed));
        let Ok(Value::Object(version)) = version else { panic!("a version") };
        let method = |name: &str| version.call(name, &[]).map(|result| printed(&result.expect("no failure")));
        for (name, expected) in [
            ("Major", Some("1")),
            ("Patch", Some("0")),
            ("Prerelease", Some("rc.1")),
            ("Metadata", Some("b")),
            ("Original", Some("v1.2-rc.1+b")),
            ("String", Some("1.2.0-rc.1+b")),
            ("IncMinor", Some("1.3.0")),
            ("IncPatch", Some("1.2.0")),
            ("major", None),
        ] {
            assert_eq!(method(name).as_deref(), expected, "{name}");
        }
        assert!(version.call("Compare", &[Value::from("1.2")]).expect("a method").is_err());
    }

    #[test]
    fn failures() {
        for (constraint, version, expected) in [
            ("x y", "1", "error: improper constraint: \"x y\""),
            ("1", "1.2.3.4", "error: invalid semantic version"),
            (">1", "2", "true"),
        ] {
            let arguments = [Value::from(constraint), Value::from(version)];
            assert_eq!(text(FUNCTIONS, "semverCompare", &arguments), expected);
        }
    }
}
