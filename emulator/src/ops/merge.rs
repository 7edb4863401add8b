//! The bytes of an appendable object, put together now and then: neither its record nor a read of it may grow with the number of
//! appends. As with a binary counter, each byte is copied as often as the object doubles, and not once an append.

use std::io::Read;
use std::ops::Range;

use crate::oss::Call;
use crate::store::{Blob, ObjectRecord, Segment, Store, StoreError, run};

/// So many segments are worth a merge.
const MANY: usize = 16;
/// A segment of so many bytes stays as it is, and what is before it.
const LARGE: u64 = 16 << 20;
const BLOCK: usize = 256 * 1024;

/// The segments to merge, if it is time: from the first that is no larger than all that follow it. Of those before, each is larger
/// than all behind it, so they are few.
fn due(segments: &[Segment]) -> Option<Range<usize>> {
    let begin = segments.iter().rposition(|segment| segment.size >= LARGE).map_or(0, |at| at + 1);
    let mut after: u64 = segments.iter().skip(begin).map(|segment| segment.size).sum();
    let first = segments.iter().enumerate().skip(begin).find(|(_, segment)| {
        after -= segment.size;
        segment.size <= after
    });
    first.map(|(at, _)| at..segments.len()).filter(|due| due.len() >= MANY)
}

/// Merges what is due of the request's object, which has just become `record`. A failure is logged: the object is whole without it.
pub async fn merge(call: &Call<'_>, record: &ObjectRecord) {
    let Some(range) = due(&record.segments) else { return };
    let Some(segments) = record.segments.get(range.clone()).map(<[_]>::to_vec) else { return };
    let (bucket, key, version) = (call.bucket().to_owned(), call.key().to_owned(), record.version_id.clone());
    let merged = run(&call.world.store, move |store| {
        let place = (bucket.as_str(), key.as_str(), version.as_deref());
        replace(store, place, (range, &segments))
    });
    if let Err(error) = merged.await {
        tracing::error!("an appendable object could not be merged: {error}");
    }
}

fn replace(
    store: &Store,
    place: (&str, &str, Option<&str>),
    (range, segments): (Range<usize>, &[Segment]),
) -> Result<(), StoreError> {
    let ids = || segments.iter().map(|segment| segment.blob.clone());
    // Whoever deleted the object meanwhile has its bytes removed when this is done.
    let Some(_lease) = store.blobs.lease(ids().collect()) else { return Ok(()) };
    let blob = copy(store, segments)?;
    let whole = Segment { blob: blob.id.clone(), size: blob.size };
    let changed = store.index.update_object(place, |record| {
        if record.segments.get(range.clone()) != Some(segments) {
            return Err(());
        }
        record.segments.splice(range, [whole]);
        Ok(())
    });
    match changed {
        Ok(Some(Ok(()))) => store.blobs.discard(segments.iter().map(|segment| segment.blob.as_str())),
        Ok(_) => store.blobs.discard([blob.id.as_str()]),
        Err(error) => {
            store.abandon(vec![blob.id], &error);
            return Err(error);
        }
    }
    Ok(())
}

fn copy(store: &Store, segments: &[Segment]) -> Result<Blob, StoreError> {
    let mut writer = store.blobs.writer()?;
    let mut block = vec![0; BLOCK];
    for segment in segments {
        let mut file = store.blobs.read(&segment.blob)?.take(segment.size);
        let damaged = |error| StoreError::Index(format!("a blob is damaged: {error}"));
        loop {
            let length = file.read(&mut block).map_err(damaged)?;
            if length == 0 {
                break;
            }
            writer.write(block.get(..length).unwrap_or_default())?;
        }
    }
    writer.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_stay_few_and_bytes_are_copied_seldom() {
        let mixed = |n: u64| if n.is_multiple_of(10) { 1_000_000 } else { 1 + n % 7 };
        let sizes: [(&str, &dyn Fn(u64) -> u64); 4] =
            [("equal", &|_| 100), ("growing", &|n| n), ("mixed", &mixed), ("falling", &|n| 20_000 - n)];
        for (name, size) in sizes {
            let (mut segments, mut copied, mut total) = (Vec::new(), 0, 0);
            for n in 0..10_000 {
                segments.push(Segment { blob: n.to_string(), size: size(n) });
                total += size(n);
                if let Some(range) = due(&segments) {
                    let sum = segments[range.clone()].iter().map(|segment| segment.size).sum();
                    copied += sum;
                    segments.splice(range, [Segment { blob: n.to_string(), size: sum }]);
                }
                let large = usize::try_from(total / LARGE).unwrap();
                assert!(segments.len() <= MANY + 32 + 2 * large, "{name} {n}: {}", segments.len());
            }
            assert!(copied < 14 * total, "{name}: {copied} of {total}");
        }
    }
}
