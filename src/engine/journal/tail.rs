//! The end of the journal's file: lines that wait to be written, and writes that never leave half a line before a whole one.

use std::fs::File;
use std::io;
use std::sync::Arc;

/// Lines that may wait: what a kill loses.
const MAX_PENDING: usize = 64;

/// What is asked of a file, at places that the caller names, so that nobody moves another's cursor.
pub(super) trait Disk {
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize>;
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize>;
    fn set_len(&self, length: u64) -> io::Result<()>;
}

impl Disk for Arc<File> {
    #[cfg(unix)]
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(&**self, bytes, offset)
    }

    #[cfg(unix)]
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        std::os::unix::fs::FileExt::write_at(&**self, bytes, offset)
    }

    #[cfg(windows)]
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_read(&**self, bytes, offset)
    }

    #[cfg(windows)]
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_write(&**self, bytes, offset)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        File::set_len(self, length)
    }
}

/// The end of a file of lines.
#[derive(Debug)]
pub(super) struct Tail<D> {
    disk: D,
    /// Bytes of whole lines that the system has.
    written: u64,
    /// Whole lines that come after them.
    pending: Vec<u8>,
    pending_lines: usize,
}

impl<D: Disk> Tail<D> {
    /// The end of a file whose first `written` bytes are whole lines. Whatever comes after them is overwritten.
    pub(super) fn new(disk: D, written: u64) -> Self {
        Self {
            disk,
            written,
            pending: Vec::new(),
            pending_lines: 0,
        }
    }

    /// Takes a line with its end, and says where it will stand.
    pub(super) fn push(&mut self, line: &[u8]) -> u64 {
        let offset = self.end();
        self.pending.extend_from_slice(line);
        self.pending_lines += 1;
        offset
    }

    /// Where the next line will stand.
    pub(super) fn end(&self) -> u64 {
        self.written + self.pending.len() as u64
    }

    /// Up to where the system has the file.
    pub(super) fn written(&self) -> u64 {
        self.written
    }

    pub(super) fn is_full(&self) -> bool {
        self.pending_lines >= MAX_PENDING
    }

    /// Hands what is pending to the system. What it does not take stays pending, and is written over what it took of a line.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        let mut taken = 0;
        let result = self.write(&mut taken);
        let whole = match result {
            Ok(()) => taken,
            Err(_) => end_of_lines(&self.pending[..taken]),
        };
        self.written += whole as u64;
        self.pending_lines -= count_lines(&self.pending[..whole]);
        self.pending.drain(..whole);
        if result.is_err() && whole < taken {
            // If this fails too, the half line is overwritten later, or found by the next run at the file's end.
            let _ = self.disk.set_len(self.written);
        }
        result
    }

    fn write(&self, taken: &mut usize) -> io::Result<()> {
        while let Some(rest) = self.pending.get(*taken..).filter(|rest| !rest.is_empty()) {
            match self.disk.write_at(rest, self.written + *taken as u64) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => *taken += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Reads what stands at `offset`, be it written or not.
    pub(super) fn read(&self, offset: u64, length: u32) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; length as usize];
        if let Some(start) = offset.checked_sub(self.written) {
            let start = usize::try_from(start).unwrap_or(usize::MAX);
            let pending = self.pending.get(start..).unwrap_or_default();
            let line = pending.get(..bytes.len());
            bytes.copy_from_slice(line.ok_or(io::ErrorKind::UnexpectedEof)?);
            return Ok(bytes);
        }
        let mut done = 0;
        while let Some(rest) = bytes.get_mut(done..).filter(|rest| !rest.is_empty()) {
            match self.disk.read_at(rest, offset + done as u64) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => done += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(bytes)
    }
}

fn count_lines(bytes: &[u8]) -> usize {
    bytes.split_inclusive(|byte| *byte == b'\n').count()
}

/// Bytes of the whole lines at the beginning of `bytes`.
fn end_of_lines(bytes: &[u8]) -> usize {
    let last = bytes.iter().rposition(|byte| *byte == b'\n');
    last.map_or(0, |last| last + 1)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use proptest::prelude::*;

    use super::*;

    /// A disk that takes bytes as long as there is room.
    #[derive(Debug, Default)]
    struct Small {
        bytes: Mutex<Vec<u8>>,
        room: Mutex<usize>,
        can_cut: bool,
    }

    impl Disk for Arc<Small> {
        fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
            let disk = self.bytes.lock().unwrap();
            let rest = disk.get(usize::try_from(offset).unwrap()..);
            // Little at a time, as a disk may.
            let rest = rest.unwrap_or_default();
            let count = rest.len().min(bytes.len()).min(3);
            bytes[..count].copy_from_slice(&rest[..count]);
            Ok(count)
        }

        fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
            let mut room = self.room.lock().unwrap();
            let count = bytes.len().min(*room).min(7);
            if count == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            *room -= count;
            let mut disk = self.bytes.lock().unwrap();
            let start = usize::try_from(offset).unwrap();
            let end = disk.len().max(start + count);
            disk.resize(end, 0);
            disk[start..start + count].copy_from_slice(&bytes[..count]);
            Ok(count)
        }

        fn set_len(&self, length: u64) -> io::Result<()> {
            if !self.can_cut {
                return Err(io::ErrorKind::StorageFull.into());
            }
            let length = usize::try_from(length).unwrap();
            self.bytes.lock().unwrap().resize(length, 0);
            Ok(())
        }
    }

    #[test]
    fn a_disk_that_takes_nothing_is_an_error() {
        #[derive(Debug)]
        struct Stuck;
        impl Disk for Stuck {
            fn read_at(&self, _: &mut [u8], _: u64) -> io::Result<usize> {
                Ok(0)
            }
            fn write_at(&self, _: &[u8], _: u64) -> io::Result<usize> {
                Ok(0)
            }
            fn set_len(&self, _: u64) -> io::Result<()> {
                Ok(())
            }
        }
        let mut tail = Tail::new(Stuck, 5);
        tail.push(b"line\n");
        let error = tail.flush().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WriteZero);
        assert_eq!(tail.pending_lines, 1);
        assert_eq!(tail.read(5, 4).unwrap(), b"line");
        let error = tail.read(0, 4).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        let error = tail.read(6, 5).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }

    proptest! {
        #[test]
        fn a_full_disk_leaves_whole_lines_and_loses_none(
            steps in prop::collection::vec(("[a-z]{0,12}", prop::option::of(0_usize..40)), 0..40),
            can_cut: bool,
        ) {
            let disk = Arc::new(Small { can_cut, ..Small::default() });
            let mut tail = Tail::new(Arc::clone(&disk), 0);
            let mut all = String::new();
            let mut places = Vec::new();
            for (text, more) in steps {
                let line = format!("{text}\n");
                places.push((tail.push(line.as_bytes()), text));
                all.push_str(&line);
                prop_assert_eq!(tail.end(), all.len() as u64);
                let Some(more) = more else { continue };
                *disk.room.lock().unwrap() += more;
                let result = tail.flush();
                prop_assert_eq!(result.is_ok(), tail.pending_lines == 0);
                let written = usize::try_from(tail.written()).unwrap();
                prop_assert!(all[..written].is_empty() || all[..written].ends_with('\n'));
                prop_assert_eq!(tail.pending_lines, all[written..].lines().count());
                let bytes = disk.bytes.lock().unwrap().clone();
                prop_assert_eq!(&bytes[..written], &all.as_bytes()[..written]);
                prop_assert!(all.as_bytes().starts_with(&bytes));
                prop_assert!(bytes.len() == written || !can_cut);
                for (offset, text) in &places {
                    let length = u32::try_from(text.len()).unwrap();
                    prop_assert_eq!(tail.read(*offset, length).unwrap(), text.as_bytes());
                }
            }
            *disk.room.lock().unwrap() = usize::MAX;
            prop_assert!(tail.flush().is_ok());
            prop_assert_eq!(&*disk.bytes.lock().unwrap(), all.as_bytes());
        }
    }
}
