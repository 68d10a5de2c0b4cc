//! Content negotiation: which form of an object a request's `Accept` header asks for.

use naru_api::status::Status;

use crate::table::{IncludeObject, MetaVersion, TableForm};

/// What can be made, for the 406.
const MADE: &str = "application/json, application/yaml";

/// How a document is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Media {
    Json,
    Yaml,
}

/// What is sent for an object or a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// The object itself.
    Object(Media),
    /// `Table` of `meta.k8s.io`.
    Table(TableForm, Media),
    /// `PartialObjectMetadata` of `meta.k8s.io`, or the list of it.
    Partial(MetaVersion, Media),
}

impl Form {
    /// The first form of `accept` that can be made; 406 if there is none. No header accepts everything.
    pub(crate) fn choose(accept: Option<&str>, include: IncludeObject) -> Result<Self, Status> {
        let accept = accept.map(str::trim).filter(|accept| !accept.is_empty());
        let Some(accept) = accept else { return Ok(Form::Object(Media::Json)) };
        accept
            .split(',')
            .find_map(|clause| clause_form(clause, include))
            .ok_or_else(|| Status::not_acceptable(MADE))
    }

    /// How its documents are written.
    pub(crate) fn media(self) -> Media {
        match self {
            Form::Object(media) | Form::Table(_, media) | Form::Partial(_, media) => media,
        }
    }
}

fn clause_form(clause: &str, include: IncludeObject) -> Option<Form> {
    let mut parts = clause.split(';').map(str::trim);
    let media = match parts.next()? {
        "application/json" | "*/*" | "application/*" => Media::Json,
        "application/yaml" => Media::Yaml,
        _ => return None,
    };
    let (mut shape, mut group, mut version) = (None, None, None);
    for part in parts {
        match part.split_once('=') {
            Some(("as", value)) => shape = Some(value),
            Some(("g", value)) => group = Some(value),
            Some(("v", value)) => version = Some(value),
            Some(("q", "0" | "0.0")) => return None,
            _ => {}
        }
    }
    let Some(shape) = shape else { return Some(Form::Object(media)) };
    let version = match version? {
        "v1" => MetaVersion::V1,
        "v1beta1" => MetaVersion::V1beta1,
        _ => return None,
    };
    if group != Some("meta.k8s.io") {
        return None;
    }
    match shape {
        "Table" => Some(Form::Table(TableForm { include, version }, media)),
        "PartialObjectMetadata" | "PartialObjectMetadataList" => Some(Form::Partial(version, media)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chooses_what_stock_clients_mean() {
        let include = IncludeObject::Metadata;
        let (json, yaml) = (Form::Object(Media::Json), Form::Object(Media::Yaml));
        let table = Form::Table(TableForm { include, version: MetaVersion::V1 }, Media::Json);
        let old = Form::Table(TableForm { include, version: MetaVersion::V1beta1 }, Media::Json);
        for (accept, expected) in [
            (None, Some(json)),
            (Some(""), Some(json)),
            (Some("*/*"), Some(json)),
            (Some("application/json"), Some(json)),
            (Some("application/json;stream=watch"), Some(json)),
            (Some("application/yaml"), Some(yaml)),
            (Some("application/vnd.kubernetes.protobuf, */*"), Some(json)),
            (Some("application/vnd.kubernetes.protobuf,application/json"), Some(json)),
            (
                Some(
                    "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json",
                ),
                Some(table),
            ),
            (Some("application/json;as=Table;v=v1beta1;g=meta.k8s.io, application/json"), Some(old)),
            (Some("application/json;as=Table;v=v1alpha1;g=meta.k8s.io, application/json"), Some(json)),
            (
                Some("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"),
                Some(Form::Partial(MetaVersion::V1, Media::Json)),
            ),
            (
                Some("application/yaml;as=Table;g=meta.k8s.io;v=v1"),
                Some(Form::Table(TableForm { include, version: MetaVersion::V1 }, Media::Yaml)),
            ),
            (Some("application/json;as=Odd;g=meta.k8s.io;v=v1"), None),
            (Some("application/vnd.kubernetes.protobuf"), None),
            (Some("application/cbor"), None),
            (Some("text/html"), None),
        ] {
            assert_eq!(Form::choose(accept, include).ok(), expected, "{accept:?}");
        }
    }
}
