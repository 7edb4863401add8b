//! CRC-64/XZ, the checksum that OSS returns as `x-oss-hash-crc64ecma` (`oss-rest.md` §2.6), and its combination over parts.

use crc_fast::{CrcAlgorithm, Digest, checksum, checksum_combine};

const XZ: CrcAlgorithm = CrcAlgorithm::Crc64Xz;

/// A checksum in progress.
pub struct Crc64(Digest);

impl Crc64 {
    /// The checksum of nothing.
    pub fn new() -> Self {
        Self(Digest::new(XZ))
    }

    /// Takes in the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The checksum of all bytes so far.
    pub fn value(&self) -> u64 {
        self.0.finalize()
    }
}

impl Default for Crc64 {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Crc64 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Crc64({})", self.value())
    }
}

/// The checksum of `bytes`.
pub fn crc64(bytes: &[u8]) -> u64 {
    checksum(XZ, bytes)
}

/// The checksum of A followed by B, from the checksum of each and the length of B in bytes.
pub fn combine(crc_a: u64, crc_b: u64, len_b: u64) -> u64 {
    checksum_combine(XZ, crc_a, crc_b, len_b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        for (text, crc) in [
            ("", 0),
            ("123456789", 11_051_210_869_376_104_954),
            ("hello", 11_177_612_005_948_864_433),
            (" world", 189_104_202_581_697_307),
            ("hello world", 5_981_764_153_023_615_706),
        ] {
            assert_eq!(crc64(text.as_bytes()), crc, "{text:?}");
        }
        assert_eq!(combine(crc64(b"hello"), crc64(b" world"), 6), crc64(b"hello world"));
        assert_eq!(combine(crc64(b"hello"), crc64(b""), 0), crc64(b"hello"));
    }
}
