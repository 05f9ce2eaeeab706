//! Items as JavaScript sends them: all their URLs in one string, and options for the few rows that have some.

use manyfetch_engine::options::RequestOptions;
use manyfetch_engine::{Code, Error, Input, Phase};
use serde::Deserialize;

use crate::bodies::Bodies;
use crate::failed;
use crate::options::RawRequest;

/// One row that is more than its URL.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
enum RawItem {
    Options(Box<RawRequest>),
    /// JavaScript found a fault in the item.
    Fault {
        code: String,
        message: String,
        phase: Option<String>,
    },
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
        })
        .collect();
    let items: Vec<(usize, RawItem)> = options
        .map_or_else(|| Ok(Vec::new()), serde_json::from_str)
        .map_err(failed)?;
    for (row, item) in items {
        let input = inputs
            .get_mut(row)
            .ok_or_else(|| failed("a row that is not there"))?;
        input.options = Some(match item {
            RawItem::Options(options) => options.over(base, bodies),
            RawItem::Fault {
                code,
                message,
                phase,
            } => Err(Error {
                phase: phase.and_then(|phase| phase_called(&phase)),
                ..fault(&code, message)
            }),
        });
    }
    Ok(inputs)
}

fn phase_called(name: &str) -> Option<Phase> {
    let known = Phase::ALL.iter().find(|phase| phase.name() == name);
    known.copied()
}

fn fault(code: &str, message: String) -> Error {
    let known = Code::ALL.iter().find(|known| known.name() == code);
    Error::new(known.copied().unwrap_or(Code::InvalidArgValue), message)
}
