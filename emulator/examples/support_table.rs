//! Prints the table of operations that `SUPPORT.md` holds.

fn main() {
    print!("{}", emulator::support_table());
}
