//! Numbers as a person reads them: sizes, speeds, times.

use std::time::Duration;

/// `3.4 MB`; decimal units, as file managers and network speeds have them.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if count < 1000 {
        return format!("{count} B");
    }
    let (mut value, mut unit) = (count as f64 / 1000.0, 0);
    while value >= 999.95 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// `1,234,567 bytes`, in the language of this thread.
pub fn exact_bytes(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if count == 1 { tr!("{0} byte", text) } else { tr!("{0} bytes", text) }
}

/// `12.5 MB/s`.
pub fn speed(bytes_per_second: f64) -> String {
    format!("{}/s", bytes(bytes_per_second.max(0.0) as u64))
}

/// A time that was measured: `87 ms`, `4.2 s`, `3 min 20 s`.
pub fn elapsed(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 0.9995 {
        format!("{} ms", time.as_millis())
    } else if seconds < 60.0 {
        format!("{seconds:.1} s")
    } else {
        format!("{} min {} s", time.as_secs() / 60, time.as_secs() % 60)
    }
}

/// A time that is left: `14:58`, `1:02:03`; never negative.
pub fn countdown(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes:02}:{seconds:02}") }
}

/// `07:34:09`, in UTC.
pub fn clock(at: time::OffsetDateTime) -> String {
    let (hours, minutes, seconds) = at.to_hms();
    format!("{hours:02}:{minutes:02}:{seconds:02}")
}

/// `4000 × 3000`.
pub fn pixels([width, height]: [u32; 2]) -> String {
    format!("{width} × {height}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        for (count, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (3_400_000, "3.4 MB"),
            (999_999, "1.0 MB"),
            (u64::MAX, "18446.7 PB"),
        ] {
            assert_eq!(bytes(count), text);
        }
        assert_eq!(exact_bytes(1), "1 byte");
        assert_eq!(exact_bytes(1_234_567), "1,234,567 bytes");
        assert_eq!(exact_bytes(123), "123 bytes");
        for (ms, text) in [(87, "87 ms"), (999, "999 ms"), (4200, "4.2 s"), (200_000, "3 min 20 s")] {
            assert_eq!(elapsed(Duration::from_millis(ms)), text);
        }
        for (seconds, text) in [(-1, "00:00"), (898, "14:58"), (3723, "1:02:03")] {
            assert_eq!(countdown(seconds), text);
        }
    }
}
