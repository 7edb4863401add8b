//! CRC-64/XZ, the checksum that OSS returns as `x-oss-hash-crc64ecma` (`oss-rest.md` §2.6), and its combination over parts.

use crc_fast::{CrcAlgorithm, Digest, checksum};

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

/// The polynomial of ECMA-182, its bits reversed: the highest stands for x⁰.
const POLYNOMIAL: u64 = 0xC96C_5795_D787_0F42;
const ONE: u64 = 1 << 63;

/// The checksum of A followed by B, from the checksum of each and the length of B in bytes: that of A, shifted by as many bits
/// as B has (zlib's `crc32_combine` by `multmodp`; the library at hand squares matrices, which takes a hundred times as long).
pub fn combine(crc_a: u64, crc_b: u64, len_b: u64) -> u64 {
    let (mut power, mut shift, mut left) = (ONE >> 8, ONE, len_b);
    while left > 0 {
        if left & 1 == 1 {
            shift = multiply(power, shift);
        }
        power = multiply(power, power);
        left >>= 1;
    }
    multiply(shift, crc_a) ^ crc_b
}

/// The product of two polynomials over GF(2), modulo the polynomial.
fn multiply(a: u64, mut b: u64) -> u64 {
    let mut product = 0;
    for bit in (0..64).rev() {
        product ^= b & (a >> bit & 1).wrapping_neg();
        b = (b >> 1) ^ (POLYNOMIAL & (b & 1).wrapping_neg());
    }
    product
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
        let bytes: Vec<u8> = (0..300_000_u32).map(|n| (n * 31 % 251) as u8).collect();
        for at in [0, 1, 7, 255, 256, 65_536, 299_999, 300_000] {
            let (a, b) = bytes.split_at(at);
            assert_eq!(combine(crc64(a), crc64(b), b.len() as u64), crc64(&bytes), "{at}");
        }
    }
}
