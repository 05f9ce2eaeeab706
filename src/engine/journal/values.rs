//! How the values of HTTP are written in JSON, for serde: bytes as latin-1, so that whatever came is read back exactly.

use std::fmt;

use http::header::{HeaderMap, HeaderName, HeaderValue};
use serde::de::{Error, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

fn to_text(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

fn to_bytes<E: Error>(text: &str) -> Result<Vec<u8>, E> {
    text.chars()
        .map(|char| u8::try_from(char).map_err(|_| E::custom("a character beyond latin-1")))
        .collect()
}

pub(super) mod version {
    use http::Version;

    use super::{Deserialize, Deserializer, Error, Serializer};

    const NAMES: [(&str, Version); 5] = [
        ("0.9", Version::HTTP_09),
        ("1.0", Version::HTTP_10),
        ("1.1", Version::HTTP_11),
        ("2", Version::HTTP_2),
        ("3", Version::HTTP_3),
    ];

    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde passes a reference"
    )]
    pub(in crate::journal) fn serialize<S: Serializer>(
        version: &Version,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let name = NAMES.iter().find(|(_, known)| known == version);
        serializer.serialize_str(name.map_or("", |(name, _)| name))
    }

    pub(in crate::journal) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Version, D::Error> {
        let text = String::deserialize(deserializer)?;
        let known = NAMES.iter().find(|(name, _)| *name == text);
        known
            .map(|(_, version)| *version)
            .ok_or_else(|| D::Error::custom("no version of HTTP"))
    }
}

pub(super) mod reason {
    use super::{Deserialize, Deserializer, Serialize, Serializer, to_bytes, to_text};

    #[expect(clippy::ref_option, reason = "serde passes a reference")]
    pub(in crate::journal) fn serialize<S: Serializer>(
        reason: &Option<Vec<u8>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        reason.as_deref().map(to_text).serialize(serializer)
    }

    pub(in crate::journal) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Vec<u8>>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.as_deref().map(to_bytes).transpose()
    }
}

pub(super) mod headers {
    use super::{Deserializer, Fields, HeaderMap, SerializeMap, Serializer, Values, to_text};

    pub(in crate::journal) fn serialize<S: Serializer>(
        headers: &HeaderMap,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(headers.keys_len()))?;
        for name in headers.keys() {
            let values = headers.get_all(name).iter();
            let mut texts: Vec<String> = values.map(|value| to_text(value.as_bytes())).collect();
            let values = match texts.len() {
                1 => Values::One(texts.remove(0)),
                _ => Values::Many(texts),
            };
            map.serialize_entry(name.as_str(), &values)?;
        }
        map.end()
    }

    pub(in crate::journal) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<HeaderMap, D::Error> {
        deserializer.deserialize_map(Fields)
    }
}

/// The values of the fields of one name: nearly always there is one, and a person would rather read no list then.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Values {
    One(String),
    Many(Vec<String>),
}

impl Values {
    fn into_vec(self) -> Vec<String> {
        match self {
            Self::One(value) => vec![value],
            Self::Many(values) => values,
        }
    }
}

struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = HeaderMap;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the fields of a response")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<HeaderMap, A::Error> {
        let mut headers = HeaderMap::new();
        while let Some((name, values)) = map.next_entry::<String, Values>()? {
            let name = HeaderName::try_from(name).map_err(A::Error::custom)?;
            for value in values.into_vec() {
                let value = HeaderValue::try_from(to_bytes(&value)?).map_err(A::Error::custom)?;
                headers
                    .try_append(name.clone(), value)
                    .map_err(A::Error::custom)?;
            }
        }
        Ok(headers)
    }
}
