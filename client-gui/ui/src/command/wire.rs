//! What travels between the wire's screen and its jobs.

use time::OffsetDateTime;

use super::Place;
use crate::problem::Problem;
use crate::wire::Exchange;

/// What the screen asks of its jobs.
#[derive(Debug, Clone, PartialEq)]
pub enum WireCommand {
    /// Make a curl command that can be run as it is.
    Presign {
        /// Where the request went.
        place: Place,
        /// The request.
        exchange: Box<Exchange>,
    },
}

/// What the screen hears.
#[derive(Debug, Clone, PartialEq)]
pub enum WireEvent {
    /// A step of a request or of its answer.
    Heard {
        /// When.
        at: OffsetDateTime,
        /// What.
        event: transfer::Event,
    },
    /// `WireCommand::Presign` has ended: the curl command.
    Presigned(Result<String, Problem>),
}
