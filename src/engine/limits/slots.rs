//! Who may go next: a slot of the run and a slot of the host, given out in turn among the hosts.
//! Pure bookkeeping without locks, clocks or tasks; each step costs the same however many hosts wait.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::options::Limits;

/// A host's number within one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HostId(usize);

/// The slots of one run and the work that waits for them.
#[derive(Debug)]
pub(crate) struct Slots<W> {
    limits: Limits,
    in_flight: usize,
    waiting: usize,
    ids: HashMap<Arc<str>, HostId>,
    hosts: Vec<Host<W>>,
    /// Hosts that have both work and a free slot, each once.
    ready: VecDeque<HostId>,
}

#[derive(Debug)]
struct Host<W> {
    in_flight: usize,
    begun: VecDeque<W>,
    fresh: VecDeque<W>,
    is_ready: bool,
}

/// Which of a host's two queues work stands in. Each is served in its order.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Turn {
    /// Work that was begun, at this host or another, is finished first.
    Begun,
    /// Work that was not.
    Fresh,
}

impl<W> Host<W> {
    fn next(&mut self) -> Option<W> {
        self.begun.pop_front().or_else(|| self.fresh.pop_front())
    }

    fn has_work(&self) -> bool {
        !self.begun.is_empty() || !self.fresh.is_empty()
    }
}

impl<W> Slots<W> {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            in_flight: 0,
            waiting: 0,
            ids: HashMap::new(),
            hosts: Vec::new(),
            ready: VecDeque::new(),
        }
    }

    /// Lets `work` wait for a slot of `origin`.
    pub(crate) fn enqueue(&mut self, origin: &str, work: W, turn: Turn) {
        let id = self.host_id(origin);
        self.waiting += 1;
        let host = &mut self.hosts[id.0];
        match turn {
            Turn::Begun => host.begun.push_back(work),
            Turn::Fresh => host.fresh.push_back(work),
        }
        self.note_if_ready(id);
    }

    /// The work that goes next, with its slots taken, if there are slots and work for them.
    pub(crate) fn take(&mut self) -> Option<(HostId, W)> {
        if !self.has_next() {
            return None;
        }
        let id = self.ready.pop_front()?;
        let host = &mut self.hosts[id.0];
        host.is_ready = false;
        let work = host.next()?;
        host.in_flight += 1;
        self.in_flight += 1;
        self.waiting -= 1;
        self.note_if_ready(id);
        Some((id, work))
    }

    /// Whether there are slots, and work for them.
    pub(crate) fn has_next(&self) -> bool {
        self.in_flight < self.limits.concurrency && !self.ready.is_empty()
    }

    /// Gives the slots back that [`Slots::take`] took.
    pub(crate) fn release(&mut self, id: HostId) {
        self.in_flight -= 1;
        self.hosts[id.0].in_flight -= 1;
        self.note_if_ready(id);
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Nothing runs and nothing waits.
    pub(crate) fn is_idle(&self) -> bool {
        self.in_flight == 0 && self.waiting == 0
    }

    fn host_id(&mut self, origin: &str) -> HostId {
        if let Some(&id) = self.ids.get(origin) {
            return id;
        }
        let id = HostId(self.hosts.len());
        self.hosts.push(Host {
            in_flight: 0,
            begun: VecDeque::new(),
            fresh: VecDeque::new(),
            is_ready: false,
        });
        self.ids.insert(origin.into(), id);
        id
    }

    fn note_if_ready(&mut self, id: HostId) {
        let host = &mut self.hosts[id.0];
        let has_slot = host.in_flight < self.limits.concurrency_per_host;
        if has_slot && !host.is_ready && host.has_work() {
            host.is_ready = true;
            self.ready.push_back(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(concurrency: usize, concurrency_per_host: usize) -> Slots<u32> {
        Slots::new(Limits {
            concurrency,
            concurrency_per_host,
        })
    }

    fn take_all(slots: &mut Slots<u32>) -> Vec<u32> {
        std::iter::from_fn(|| slots.take())
            .map(|(_, work)| work)
            .collect()
    }

    #[test]
    fn the_ceiling_of_the_run_holds() {
        let mut slots = slots(3, 10);
        (0..9).for_each(|n| slots.enqueue("a", n, Turn::Fresh));
        assert_eq!(take_all(&mut slots), [0, 1, 2]);
        assert_eq!(slots.in_flight(), 3);
    }

    #[test]
    fn a_host_at_its_ceiling_holds_no_slot_that_another_could_use() {
        let mut slots = slots(10, 2);
        (0..9).for_each(|n| slots.enqueue("a", n, Turn::Fresh));
        slots.enqueue("b", 100, Turn::Fresh);
        assert_eq!(take_all(&mut slots), [0, 100, 1]);
    }

    #[test]
    fn hosts_take_turns() {
        let mut slots = slots(4, 10);
        (0..9).for_each(|n| slots.enqueue("a", n, Turn::Fresh));
        (10..19).for_each(|n| slots.enqueue("b", n, Turn::Fresh));
        assert_eq!(take_all(&mut slots), [0, 10, 1, 11]);
    }

    #[test]
    fn a_slot_given_back_goes_to_work_that_waits() {
        let mut slots = slots(10, 1);
        (0..2).for_each(|n| slots.enqueue("a", n, Turn::Fresh));
        let (host, first) = slots.take().expect("a slot is free");
        assert_eq!((first, slots.take()), (0, None));
        slots.release(host);
        assert_eq!(slots.take().map(|(_, work)| work), Some(1));
        slots.release(host);
        assert!(slots.is_idle());
    }

    #[test]
    fn work_that_was_begun_goes_first_and_in_its_order() {
        let mut slots = slots(10, 10);
        slots.enqueue("a", 1, Turn::Fresh);
        slots.enqueue("a", 2, Turn::Begun);
        slots.enqueue("a", 3, Turn::Begun);
        assert_eq!(take_all(&mut slots), [2, 3, 1]);
    }

    #[test]
    fn a_hundred_thousand_hosts_are_served_in_turn() {
        let mut slots = slots(100_000, 1);
        for round in 0..2 {
            (0..100_000).for_each(|n| slots.enqueue(&n.to_string(), n + round, Turn::Fresh));
        }
        let first: Vec<_> = std::iter::from_fn(|| slots.take()).collect();
        assert_eq!(first.len(), 100_000);
        for (host, _) in first {
            slots.release(host);
        }
        assert_eq!(take_all(&mut slots).len(), 100_000);
    }
}
