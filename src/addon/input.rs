//! Items as JavaScript sends them: all their URLs in one string, and options for the few rows that have some.

use manyfetch_engine::options::RequestOptions;
use manyfetch_engine::{Code, Error, Input, Phase};
use serde::Deserialize;

use crate::bodies::Bodies;
use crate::failed;
use crate::options::RawRequest;

/// One row that is more than its URL.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawItem {
    #[serde(default)]
    options: Option<Box<RawRequest>>,
    /// What the file is to be called that its body is saved to.
    file: Option<String>,
    /// JavaScript found a fault in the item.
    fault: Option<RawFault>,
}

#[derive(Debug, Deserialize)]
struct RawFault {
    code: String,
    message: String,
    phase: Option<String>,
}

/// The rows of `urls`, a line each, with `options`: JSON pairs of row and item. Their bodies are among `bodies`.
pub(crate) fn parse(
    urls: &str,
    options: Option<&str>,
    bodies: &Bodies,
    base: &RequestOptions,
) -> crate::Result<Vec<Input>> {
    let mut inputs: Vec<Input> = urls
        .split('\n')
        .map(|url| Input {
            url: url.to_owned(),
            options: None,
            file: None,
        })
        .collect();
    let items: Vec<(usize, RawItem)> = options
        .map_or_else(|| Ok(Vec::new()), serde_json::from_str)
        .map_err(failed)?;
    for (row, item) in items {
        let input = inputs
            .get_mut(row)
            .ok_or_else(|| failed("a row that is not there"))?;
        input.file = item.file;
        input.options = match (item.fault, item.options) {
            (Some(fault), _) => Some(Err(fault.into())),
            (None, options) => options.map(|options| options.over(base, bodies).map(Box::new)),
        };
    }
    Ok(inputs)
}

fn phase_called(name: &str) -> Option<Phase> {
    let known = Phase::ALL.iter().find(|phase| phase.name() == name);
    known.copied()
}

impl From<RawFault> for Error {
    fn from(fault: RawFault) -> Self {
        let known = Code::ALL.iter().find(|known| known.name() == fault.code);
        let code = known.copied().unwrap_or(Code::InvalidArgValue);
        Error {
            phase: fault.phase.and_then(|phase| phase_called(&phase)),
            ..Error::new(code, fault.message)
        }
    }
}
