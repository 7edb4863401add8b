//! The jobs of the wire's screen: which events it hears, and curl commands that can be run.

use std::sync::Arc;
use std::time::Duration;

use shared::object_key::ObjectKey;
use transfer::{Presign, TransferError};

use super::Shared;
use super::explain::explain;
use crate::command::{Event, Place, WireCommand, WireEvent};
use crate::wire::{self, Exchange};
use crate::words::said;

/// How long a copied request can be repeated.
const LIFE: Duration = Duration::from_secs(900);

/// Runs a command of the screen.
pub(super) async fn run(shared: Arc<Shared>, command: WireCommand) {
    let WireCommand::Presign { place, exchange } = command;
    let url = presign(&shared, &place, &exchange).await;
    let curl = url.map(|url| wire::curl(&exchange, Some(&url)));
    let outcome = curl.map_err(|error| explain(&error, said("The request was not copied")));
    shared.outbox.send(Event::Wire(WireEvent::Presigned(outcome)));
}

async fn presign(shared: &Shared, place: &Place, exchange: &Exchange) -> Result<String, TransferError> {
    let wrong = |problem: String| TransferError::Config { setting: "object key", problem };
    let key = exchange.key.as_deref().map(ObjectKey::parse).transpose().map_err(|error| wrong(error.to_string()))?;
    let headers = wire::presigned_headers(exchange);
    let query = exchange.query();
    let wanted = Presign { method: exchange.method, key: key.as_ref(), query: &query, headers: &headers };
    shared.sessions.client(place)?.presign_request(wanted, LIFE).await
}

/// Whether the screen shows anything of `event`.
pub(super) fn concerns(event: &transfer::Event) -> bool {
    use transfer::Event as T;
    matches!(
        event,
        T::Signed { .. }
            | T::RequestSent { .. }
            | T::ResponseReceived { .. }
            | T::ResponseDone { .. }
            | T::ResponseRefused { .. }
            | T::ExchangeBroken { .. }
            | T::TokenRefreshed { .. }
    )
}
