//! Reads bytes one after the other, as the standards say how headers and tags are read.

/// What is left to read. Where a method returns an option, `None` is that the bytes ran out.
pub(super) struct Cursor<'a>(pub(super) &'a [u8]);

impl<'a> Cursor<'a> {
    pub(super) fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    pub(super) fn pass(&mut self, count: usize) {
        self.0 = self.0.get(count..).unwrap_or_default();
    }

    pub(super) fn pass_space(&mut self) {
        self.0 = self.0.trim_ascii_start();
    }

    /// What stands before the next byte that `is_end`, or all there is.
    pub(super) fn until(&mut self, is_end: impl FnMut(u8) -> bool) -> &'a [u8] {
        let end = self.0.iter().copied().position(is_end);
        let (before, rest) = self.0.split_at(end.unwrap_or(self.0.len()));
        self.0 = rest;
        before
    }

    /// Passes over all before `word`, and over that.
    pub(super) fn pass_word(&mut self, word: &[u8]) -> Option<()> {
        let mut windows = self.0.windows(word.len());
        let at = windows.position(|window| window.eq_ignore_ascii_case(word))?;
        self.pass(at + word.len());
        Some(())
    }

    /// Passes over a quote, and reads what stands before the next one.
    pub(super) fn quoted(&mut self, quote: u8) -> Option<&'a [u8]> {
        self.pass(1);
        let value = self.until(|b| b == quote);
        self.peek()?;
        self.pass(1);
        Some(value)
    }

    /// The value of a parameter, without quotes but with what escapes its characters.
    pub(super) fn parameter_value(&mut self) -> &'a [u8] {
        self.pass_space();
        match self.peek() {
            Some(b'"') => self.escaped(),
            Some(b'\'') => {
                self.pass(1);
                self.until(|b| matches!(b, b'\'' | b';'))
            }
            _ => self.until(|b| b == b';').trim_ascii_end(),
        }
    }

    pub(super) fn escaped(&mut self) -> &'a [u8] {
        self.pass(1);
        let mut is_escaped = false;
        let value = self.until(|b| {
            let is_end = b == b'"' && !is_escaped;
            is_escaped = b == b'\\' && !is_escaped;
            is_end
        });
        self.pass(1);
        value
    }
}
