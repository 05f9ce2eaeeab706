//! What stands above the lanes of a run or a client, as they see it.

use tokio::time::Instant;

use super::lane::LaneId;
use super::rests::Rest;

/// What the gate says to work that may go as far as its lane knows.
#[derive(Debug)]
pub(crate) enum Pass<G> {
    /// It needs nothing from the gate.
    Free,
    /// It may go with this.
    With(G),
    /// A grant is offered to its lane as soon as there is one.
    Later,
}

/// What stands above these lanes, and is asked before work may go.
pub(crate) trait Gate {
    /// What it gives: the right to go, given back when it is dropped.
    type Grant;

    /// The rest that `origin` asked for.
    fn rest(&self, origin: &str, now: Instant) -> Option<Rest>;

    /// Whether work for `origin` may go, from `lane`.
    fn ask(&self, origin: &str, lane: LaneId) -> Pass<Self::Grant>;
}
