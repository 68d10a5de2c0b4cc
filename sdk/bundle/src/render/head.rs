//! The head of a document: what decides where it goes. Source: Helm's `SimpleHead`.

use crate::{
    chart::decode,
    value::Value,
    yaml::{self, Error, Position},
};

/// Why a document has no head: the words, and the place if the document is no YAML.
pub(super) type Trouble = (String, Option<Position>);

/// What a document says of itself; empty where it says nothing.
#[derive(Debug, Default)]
pub(super) struct Head {
    /// `apiVersion`.
    pub(super) api_version: String,
    /// `kind`.
    pub(super) kind: String,
    /// `metadata.name`.
    pub(super) name: String,
    /// `metadata.annotations`.
    pub(super) annotations: Vec<(String, String)>,
}

/// The fields a head is made of.
const FIELDS: [&str; 3] = ["apiVersion", "kind", "metadata"];

impl Head {
    /// Reads a document, all of which must be YAML.
    ///
    /// # Errors
    /// The reader's words, or which field is of a wrong type.
    pub(super) fn read(document: &str) -> Result<Self, Trouble> {
        let known = |key: &[u8]| FIELDS.iter().any(|field| key.eq_ignore_ascii_case(field.as_bytes()));
        let value = yaml::read_some(document.as_bytes(), known).map_err(|error| match error {
            Error::Syntax { position, .. } => (error.to_string(), Some(position)),
            _ => (error.to_string(), None),
        })?;
        let mut head = Self::default();
        decode::object(&value, |field, value| match field {
            "apiversion" => decode::string(value, &mut head.api_version),
            "kind" => decode::string(value, &mut head.kind),
            "metadata" => head.read_metadata(value),
            _ => Ok(()),
        })
        .map_err(|mismatch| (mismatch.to_string(), None))?;
        Ok(head)
    }

    fn read_metadata(&mut self, value: &Value) -> Result<(), decode::Mismatch> {
        if matches!(value, Value::Nil) {
            self.name.clear();
            self.annotations.clear();
        }
        decode::object(value, |field, value| match field {
            "name" => decode::string(value, &mut self.name),
            "annotations" => {
                self.annotations = decode::string_map(value)?.unwrap_or_default();
                Ok(())
            }
            _ => Ok(()),
        })
    }

    /// The annotation `key`.
    pub(super) fn annotation(&self, key: &str) -> Option<&str> {
        self.annotations.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }
}
