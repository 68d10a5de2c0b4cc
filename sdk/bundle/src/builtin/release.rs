//! `.Release`.

use crate::value::{Map, MapType, Value};

/// What a rendering knows about the release it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseOptions {
    /// The release's name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Its revision; 1 for an installation and for `template`.
    pub revision: i64,
    /// Whether it is an upgrade or a rollback.
    pub is_upgrade: bool,
    /// Whether it is an installation; `lint` renders as neither.
    pub is_install: bool,
}

impl ReleaseOptions {
    pub(crate) fn value(&self) -> Value {
        Value::Map(Map::new(
            MapType::Any,
            [
                ("Name", Value::string(self.name.as_str())),
                ("Namespace", Value::string(self.namespace.as_str())),
                ("Revision", Value::Int(self.revision)),
                ("IsUpgrade", Value::Bool(self.is_upgrade)),
                ("IsInstall", Value::Bool(self.is_install)),
                ("Service", Value::string("Helm")),
            ],
        ))
    }
}
