//! `.Files`: the files of a chart that are no templates, as a map from paths to bytes with methods.

use std::{any::Any, collections::BTreeMap, rc::Rc};

use base64::{Engine, engine::general_purpose::STANDARD};

use super::Glob;
use crate::{
    chart::{Data, File},
    fault::Fault,
    value::{Map, MapType, Object, Str, Value},
    yaml,
};

/// Helm's `engine.files`.
#[derive(Debug)]
pub struct Files(BTreeMap<Str, Data>);

impl Files {
    /// Of a chart's files; of equal paths the last wins.
    pub fn new(files: &[File]) -> Self {
        Self(files.iter().map(|file| (file.name.as_str().into(), file.data.clone())).collect())
    }

    /// As a value of templates.
    pub fn into_value(self) -> Value {
        Value::Object(Rc::new(self))
    }

    fn content(&self, path: &Str) -> Str {
        self.0.get(path).map(|data| (**data).clone()).unwrap_or_default()
    }

    fn glob(&self, pattern: &str) -> Value {
        let glob = Glob::new(pattern);
        let found = self.0.iter().filter(|(path, _)| glob.matches(&path.text()));
        Self(found.map(|(path, data)| (path.clone(), data.clone())).collect()).into_value()
    }

    fn lines(&self, path: &Str) -> Value {
        let data = self.content(path);
        if data.is_empty() {
            return Value::strings::<Str>([]);
        }
        let data = data.strip_suffix(b"\n").unwrap_or(&data);
        Value::strings(data.split(|byte| *byte == b'\n').map(Str::from))
    }

    /// A YAML map from the files' names, without folders, to what `encode` makes of their content.
    fn flat(&self, encode: impl Fn(&Str) -> Value) -> Value {
        let entries = self.0.iter().map(|(path, data)| {
            let path = path.text();
            (path.rsplit('/').next().unwrap_or(&path).to_owned(), encode(data))
        });
        let map = Value::Map(Map::new(MapType::Str, entries));
        // Helm returns an empty text for what cannot be written.
        let text = yaml::write(&map).unwrap_or_default();
        Value::from(text.strip_suffix('\n').unwrap_or(&text))
    }
}

impl Object for Files {
    fn any(&self) -> &dyn Any {
        self
    }

    fn type_name(&self) -> &str {
        "engine.files"
    }

    fn kind_name(&self) -> &str {
        "map"
    }

    fn field(&self, name: &str) -> Option<Value> {
        Some(Value::Bytes(self.content(&name.into())))
    }

    fn call(&self, name: &str, arguments: &[Value]) -> Option<Result<Value, Fault>> {
        let wanted = match name {
            "Get" | "GetBytes" | "Glob" | "Lines" => 1,
            "AsConfig" | "AsSecrets" => 0,
            _ => return None,
        };
        if arguments.len() != wanted {
            let got = arguments.len();
            return Some(Err(Fault::new(format!(
                "wrong number of args for {name}: want {wanted} got {got}"
            ))));
        }
        let path = match arguments.first() {
            None => Str::default(),
            Some(Value::Str(path)) => path.clone(),
            Some(other) => {
                let got = other.type_name();
                return Some(Err(Fault::new(format!("wrong type for value; expected string; got {got}"))));
            }
        };
        Some(Ok(match name {
            "Get" => Value::Str(self.content(&path)),
            "GetBytes" => Value::Bytes(self.content(&path)),
            "Glob" => self.glob(&path.text()),
            "Lines" => self.lines(&path),
            "AsConfig" => self.flat(|data| Value::Str(data.clone())),
            _ => self.flat(|data| Value::from(STANDARD.encode(&**data))),
        }))
    }

    fn print(&self) -> String {
        let bytes = |data: &Str| data.iter().map(u8::to_string).collect::<Vec<_>>().join(" ");
        let entries = self.0.iter().map(|(path, data)| format!("{path}:[{}]", bytes(data)));
        format!("map[{}]", entries.collect::<Vec<_>>().join(" "))
    }

    fn plain(&self) -> Value {
        Value::map(self.0.iter().map(|(path, data)| (path.clone(), Value::Bytes((**data).clone()))))
    }

    fn entries(&self) -> Option<Vec<(Value, Value)>> {
        Some(
            self.0
                .iter()
                .map(|(path, data)| (Value::Str(path.clone()), Value::Bytes((**data).clone())))
                .collect(),
        )
    }

    fn is_true(&self) -> bool {
        !self.0.is_empty()
    }
}
