//! What was published and not acknowledged yet, on one connection.

use futures_util::{StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use rumqttc::{PubAckReason, PublishNotice, PublishNoticeError, PublishResult};

/// What is under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cargo {
    /// The row of the outbox with this id.
    Outbox(i64),
    /// The newest payload of this topic.
    Retained(String),
    /// An answer.
    Reply,
    /// `offline`, before we go.
    Farewell,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Landing {
    /// The broker has it.
    Arrived,
    /// The broker had it and nobody to give it to: not even a session that waits for its client.
    Unheard,
    /// The broker will never take it as it is.
    Never(String),
    /// The broker does not take it now, or not from us.
    Refused(String),
    /// The connection ended first.
    Lost,
}

/// Everything under way.
#[derive(Default)]
pub(super) struct Flights {
    notices: FuturesUnordered<BoxFuture<'static, (Cargo, Landing)>>,
    outbox: usize,
}

impl Flights {
    /// One more.
    pub(super) fn add(&mut self, cargo: Cargo, notice: PublishNotice) {
        self.outbox += usize::from(matches!(cargo, Cargo::Outbox(_)));
        self.notices.push(Box::pin(async move { (cargo, landing(notice.wait_async().await)) }));
    }

    /// The next that ended; nothing while none is under way.
    pub(super) async fn next(&mut self) -> Option<(Cargo, Landing)> {
        let ended = self.notices.next().await;
        self.outbox -= usize::from(matches!(ended, Some((Cargo::Outbox(_), _))));
        ended
    }

    /// How many are under way.
    pub(super) fn len(&self) -> usize {
        self.notices.len()
    }

    /// How many of them are of the outbox.
    pub(super) fn outbox(&self) -> usize {
        self.outbox
    }
}

fn landing(result: Result<PublishResult, PublishNoticeError>) -> Landing {
    use PubAckReason as R;
    let reason = match result {
        Ok(PublishResult::Qos1(ack)) => ack.reason,
        Ok(PublishResult::Qos0Flushed | PublishResult::Qos2Completed(_) | PublishResult::Qos2PubRecRejected(_)) => {
            return Landing::Arrived;
        }
        Err(PublishNoticeError::RetainNotSupported) => return Landing::Never("it retains nothing".to_owned()),
        Err(_) => return Landing::Lost,
    };
    match reason {
        R::Success => Landing::Arrived,
        R::NoMatchingSubscribers => Landing::Unheard,
        R::TopicNameInvalid | R::PayloadFormatInvalid => Landing::Never(format!("{reason:?}")),
        R::NotAuthorized
        | R::QuotaExceeded
        | R::UnspecifiedError
        | R::ImplementationSpecificError
        | R::PacketIdentifierInUse => Landing::Refused(format!("{reason:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rumqttc::PubAck;

    #[test]
    fn an_acknowledgement_without_subscribers_is_told_from_one_with_them() {
        let cases = [
            (PubAckReason::Success, Landing::Arrived),
            (PubAckReason::NoMatchingSubscribers, Landing::Unheard),
            (PubAckReason::NotAuthorized, Landing::Refused("NotAuthorized".to_owned())),
            (PubAckReason::QuotaExceeded, Landing::Refused("QuotaExceeded".to_owned())),
            (PubAckReason::TopicNameInvalid, Landing::Never("TopicNameInvalid".to_owned())),
        ];
        for (reason, expected) in cases {
            let ack = PubAck { pkid: 1, reason, properties: None };
            assert_eq!(landing(Ok(PublishResult::Qos1(ack))), expected);
        }
        assert_eq!(landing(Err(PublishNoticeError::Recv)), Landing::Lost);
    }
}
