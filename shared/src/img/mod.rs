//! The IMG grammar.
