//! What all answers add up to, in place of a list of them.

use std::collections::BTreeMap;

use serde::Serialize;

/// The sums of some answers.
#[derive(Debug, Default, PartialEq, Serialize)]
pub(crate) struct Tally {
    responses: u64,
    statuses: BTreeMap<u16, u64>,
    bytes: u64,
    /// Bytes × place, from 1 on: tells an answer that came twice from two answers.
    checksum: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, index: u64, status: u16, bytes: u64) {
        self.responses += 1;
        *self.statuses.entry(status).or_default() += 1;
        self.bytes += bytes;
        self.checksum += (index + 1) * bytes;
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.responses += other.responses;
        for (status, count) in &other.statuses {
            *self.statuses.entry(*status).or_default() += count;
        }
        self.bytes += other.bytes;
        self.checksum += other.checksum;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_add_up_to_what_the_whole_would() {
        let answers = [(0, 200, 10), (1, 200, 20), (2, 404, 0)];
        let mut whole = Tally::default();
        let mut merged = Tally::default();
        for (index, status, bytes) in answers {
            whole.add(index, status, bytes);
            let mut part = Tally::default();
            part.add(index, status, bytes);
            merged.merge(&part);
        }
        assert_eq!(merged, whole);
        assert_eq!(
            serde_json::to_string(&whole).unwrap(),
            r#"{"responses":3,"statuses":{"200":2,"404":1},"bytes":30,"checksum":50}"#
        );
    }
}
