//! Large buffers, used again by the next picture of the same thread: fresh memory costs a page fault for every 4 KiB.
//!
//! What is taken may hold another picture's pixels. It is for steps alone that write all of it, or fail.

use std::cell::RefCell;
use std::ops::RangeInclusive;

/// Capacities that are worth keeping, in bytes.
const KEPT: RangeInclusive<usize> = 64 << 10..=16 << 20;
/// How many of them a thread keeps: what a step reads, and what it writes.
const MOST: usize = 2;

thread_local! {
    static SPARE: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// A buffer of `length` bytes with any contents.
pub(super) fn take(length: usize) -> Vec<u8> {
    let spare = SPARE.with_borrow_mut(|spare| {
        // The tightest, so that the larger one keeps its length: what grows is filled with zeros first.
        let fitting = spare.iter().enumerate().filter(|(_, buffer)| buffer.capacity() >= length);
        let (tightest, _) = fitting.min_by_key(|(_, buffer)| buffer.capacity())?;
        Some(spare.swap_remove(tightest))
    });
    let mut buffer = spare.unwrap_or_default();
    buffer.resize(length, 0);
    buffer
}

/// Keeps a buffer that is no longer needed.
pub(super) fn give(buffer: Vec<u8>) {
    if KEPT.contains(&buffer.capacity()) {
        SPARE.with_borrow_mut(|spare| {
            if spare.len() == MOST {
                spare.remove(0);
            }
            spare.push(buffer);
        });
    }
}
