//! A record as Helm puts it into a Secret: JSON, compressed with gzip, in base64.

use std::io::{Read, Write};

use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};

use super::Release;

/// The largest record that is read, in bytes of JSON: far above what fits a Secret even when compressed well.
pub const RECORD_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// What gzip data begins with.
const GZIP: &[u8] = &[0x1f, 0x8b, 0x08];

/// Why a record cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not base64.
    #[error("the release record is not base64")]
    Base64(#[from] base64::DecodeError),
    /// Not gzip, or cut off.
    #[error("the release record cannot be decompressed")]
    Gzip(#[from] std::io::Error),
    /// More than a record can be.
    #[error("the release record is larger than {RECORD_BYTES_MAX} bytes")]
    TooLarge,
    /// Not a release.
    #[error("the release record is no release")]
    Json(#[from] serde_json::Error),
}

/// The text that Helm stores under `release`.
pub fn encode(release: &Release) -> String {
    let json = serde_json::to_vec(release).expect("a release is made of strings, numbers and valid JSON");
    let mut gzip = GzEncoder::new(Vec::with_capacity(json.len() / 4), Compression::best());
    let bytes = gzip.write_all(&json).and_then(|()| gzip.finish());
    STANDARD.encode(bytes.expect("writing to memory does not fail"))
}

/// Reads what [`encode`] or Helm wrote; records of early Helm versions are not compressed.
pub fn decode(text: &[u8]) -> Result<Release, Error> {
    Ok(serde_json::from_slice(&json(text)?)?)
}

/// The JSON of a stored record.
pub fn json(text: &[u8]) -> Result<Vec<u8>, Error> {
    let bytes = STANDARD.decode(text)?;
    if !bytes.starts_with(GZIP) {
        return Ok(bytes);
    }
    let mut json = Vec::with_capacity(bytes.len() * 4);
    let read = GzDecoder::new(&bytes[..]).take(RECORD_BYTES_MAX + 1).read_to_end(&mut json)?;
    if read as u64 > RECORD_BYTES_MAX { Err(Error::TooLarge) } else { Ok(json) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::value::RawValue;

    use super::*;
    use crate::record::{ApplyMethod, Status};

    /// A record as Helm 4.3.1 wrote it, shortened.
    const HELMS: &str = r#"{"name":"rel","info":{"first_deployed":"2026-11-21T12:52:33.123456789Z","last_deployed":"2026-11-21T12:52:33.123456789Z","description":"Install complete","status":"deployed","notes":"hi\n"},"chart":{"metadata":{"name":"tiny","version":"0.1.0","apiVersion":"v2","appVersion":"1.0"},"lock":null,"templates":[{"name":"templates/a.yaml","data":"eA=="}],"values":{"a":1},"schema":null,"files":[]},"config":{"big":1000000},"manifest":"---\n# Source: tiny/templates/a.yaml\nkind: ConfigMap\n","hooks":[{"name":"t","kind":"Pod","path":"tiny/templates/t.yaml","manifest":"kind: Pod","events":["test"],"last_run":{"phase":""},"delete_policies":["hook-succeeded"]}],"version":1,"namespace":"default","apply_method":"csa"}"#;

    #[test]
    fn helms_records_are_kept_to_the_byte() {
        let release: Release = serde_json::from_str(HELMS).unwrap();
        assert_eq!(serde_json::to_string(&release).unwrap(), HELMS);
        let again = decode(encode(&release).as_bytes()).unwrap();
        assert_eq!(serde_json::to_string(&again).unwrap(), HELMS);
        assert_eq!(release.chart_name(), "tiny-0.1.0");
        assert_eq!(release.app_version(), "1.0");
    }

    #[test]
    fn what_other_versions_wrote_is_read() {
        for (text, status, apply) in [
            (
                r#"{"name":"a","info":{"status":"brand-new","deleted":""},"version":2,"hooks":null}"#,
                Status::Unknown,
                ApplyMethod::Unset,
            ),
            (
                r#"{"name":"a","info":{"status":"superseded"},"config":null,"apply_method":"ssa"}"#,
                Status::Superseded,
                ApplyMethod::Server,
            ),
        ] {
            let release = decode(STANDARD.encode(text).as_bytes()).unwrap();
            assert_eq!((release.info.status, release.apply_method), (status, apply));
            assert_eq!((release.config_text(), release.chart_name()), ("{}", "MISSING".to_string()));
        }
    }

    #[test]
    fn damaged_records_are_errors() {
        let whole = encode(&Release::default());
        let cut = STANDARD.encode(&STANDARD.decode(&whole).unwrap()[..12]);
        for (text, expected) in
            [("*", "base64"), (&cut, "decompressed"), ("e30", "base64"), ("MQ==", "no release")]
        {
            let error = decode(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn empty_values_are_left_out() {
        let config = |text: &str| RawValue::from_string(text.into()).ok();
        let release = Release { config: config("{}"), ..Release::default() };
        assert_eq!(serde_json::to_string(&release).unwrap(), r#"{"info":{"status":"unknown"},"version":0}"#);
    }
}
