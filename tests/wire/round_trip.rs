//! Whatever can be said arrives as it was said.

use crate::{drifts, samples, vifs};
use proptest::{collection::vec, option, prelude::*, sample::select};
use shared::{
    change_set::{
        Confirm, Evidence, Item, Keep, MenuWords, Operation, Outcome, Phase, Plan, Position, Refusal, Report, Resource,
        Ring, RowChange, RowOperation, Verb,
    },
    ids::{ChangeSetId, RouterId, SenderId, VifId},
    net::InterfaceName,
    notice::{Notice, Severity},
    router::{ApiState, Device, Interface, Rate, RouterState, TrafficSample},
    vif::{Span, VifName},
    wire::{self, Body, ChangeOrder, Event, Expect, MenuRead, MenuRows, Message, Reading, Reply, Request},
};

proptest! {
    #[test]
    fn every_message_arrives_as_it_was_said(message in message()) {
        let envelope = wire::seal(&message, &samples::key()).expect("sealed");
        let key = |_: &SenderId| Some(samples::key().verifying_key());
        let now = message.expires_at.unwrap_or_default();
        let expect = Expect { key: &key, router: &message.router, now, taken: &|_| None };
        prop_assert_eq!(wire::open(&envelope, &expect), Ok(message.clone()));
        prop_assert_eq!(wire::seal(&message, &samples::key()), Ok(envelope), "the same bytes each time");
    }
}

const ID: &str = "[a-z0-9][a-z0-9-]{0,39}";

fn change_set_id() -> impl Strategy<Value = ChangeSetId> {
    ID.prop_map(|id| ChangeSetId::new(id).expect("an id"))
}

pub(crate) fn vif_id() -> impl Strategy<Value = VifId> {
    ID.prop_map(|id| VifId::new(id).expect("an id"))
}

pub(crate) fn interface() -> impl Strategy<Value = InterfaceName> {
    "[a-zA-Z0-9<][a-zA-Z0-9 ._<>-]{0,30}[a-zA-Z0-9>]".prop_map(|name| InterfaceName::new(name).expect("a name"))
}

pub(crate) fn vif_name() -> impl Strategy<Value = VifName> {
    "[b-u][a-z0-9-]{0,10}".prop_map(|name| VifName::new(name).expect("a name"))
}

pub(crate) fn words() -> impl Strategy<Value = String> {
    "\\PC{0,40}"
}

prop_compose! {
    fn message()(
        (sender, router) in (ID, ID),
        (epoch, sequence) in (any::<u64>(), any::<u64>()),
        (issued_at, lifetime) in (any::<i64>(), option::of(0..i64::from(u32::MAX))),
        in_reply_to in option::of(any::<u64>()),
        body in body(),
    ) -> Message {
        Message {
            sender: SenderId::new(sender).expect("an id"),
            router: RouterId::new(router).expect("an id"),
            epoch,
            sequence,
            issued_at,
            expires_at: lifetime.map(|lifetime| issued_at.saturating_add(lifetime)),
            in_reply_to,
            body,
        }
    }
}

fn body() -> impl Strategy<Value = Body> {
    prop_oneof![
        order().prop_map(|order| Body::Request(Request::Plan(order))),
        (order(), option::of(any::<[u8; 32]>())).prop_map(|(order, hash)| Body::Request(Request::Apply(order, hash))),
        change_set_id().prop_map(|id| Body::Request(Request::Show(id))),
        (change_set_id(), any::<bool>()).prop_map(|(id, person)| Body::Request(Request::Keep(id, person))),
        change_set_id().prop_map(|id| Body::Request(Request::Roll(id))),
        (change_set_id(), any::<u32>()).prop_map(|(id, seconds)| Body::Request(Request::Extend(id, seconds))),
        vec(menu_read(), 0..3).prop_map(|menus| Body::Request(Request::Read(menus))),
        reading().prop_map(|reading| Body::Reply(Reply::Reading(reading))),
        any::<u32>().prop_map(|seconds| Body::Request(Request::Watch(seconds))),
        Just(Body::Request(Request::Refresh)),
        plan().prop_map(|plan| Body::Reply(Reply::Plan(plan))),
        report().prop_map(|report| Body::Reply(Reply::Report(report))),
        Just(Body::Reply(Reply::Done)),
        refusal().prop_map(|refusal| Body::Reply(Reply::Refused(refusal))),
        words().prop_map(|kind| Body::Reply(Reply::Unsupported(kind))),
        report().prop_map(|report| Body::Event(Event::ChangeSet(report))),
        notice().prop_map(|notice| Body::Event(Event::Notice(notice))),
        drifts::report().prop_map(|report| Body::Event(Event::Drift(report))),
        drifts::id().prop_map(|id| Body::Request(Request::Reconcile(id))),
        drifts::id().prop_map(|id| Body::Request(Request::Accept(id))),
        vif_id().prop_map(|id| Body::Request(Request::Engage(id))),
        vif_id().prop_map(|id| Body::Request(Request::Release(id))),
        vif_id().prop_map(|id| Body::Request(Request::Verify(id))),
        (vif_id(), select(Span::ALL.to_vec())).prop_map(|(id, span)| Body::Request(Request::History(id, span))),
        vifs::history().prop_map(|history| Body::Reply(Reply::History(history))),
        traffic().prop_map(Body::Traffic),
        state().prop_map(Body::State),
        "later/[a-z_/]{0,20}".prop_map(Body::Unknown),
    ]
}

prop_compose! {
    fn order()(
        id in change_set_id(),
        items in vec(item(), 0..4),
        menus in vec(menu_words(), 0..3),
        deadline_s in any::<u32>(),
        keep in select(vec![Keep::Agent, Keep::Controller, Keep::Person]),
    ) -> ChangeOrder {
        ChangeOrder { id, items, menus, confirm: Confirm { deadline_s, keep } }
    }
}

prop_compose! {
    fn item()(id in words(), name in words(), depends_on in vec(words(), 0..3), resource in resource()) -> Item {
        Item { id, name, depends_on, resource }
    }
}

prop_compose! {
    fn menu_words()(
        path in words(),
        writable in vec(words(), 0..4),
        (ordered, single, unset) in any::<(bool, bool, bool)>(),
    ) -> MenuWords {
        MenuWords { path, writable, ordered, single, unset }
    }
}

prop_compose! {
    fn menu_read()(path in words(), properties in vec(words(), 0..4), from in any::<u32>()) -> MenuRead {
        MenuRead { path, properties, from }
    }
}

prop_compose! {
    fn reading()(menus in vec(menu_rows(), 0..3), at in any::<i64>()) -> Reading {
        Reading { menus, at }
    }
}

prop_compose! {
    fn menu_rows()(
        path in words(),
        rows in vec(attributes(), 0..4),
        next in option::of(any::<u32>()),
        hash in any::<[u8; 32]>(),
    ) -> MenuRows {
        MenuRows { path, rows, next, hash }
    }
}

prop_compose! {
    fn row()(
        menu in words(),
        operation in select(vec![RowOperation::Create, RowOperation::Update, RowOperation::Delete]),
        (key, attributes) in (attributes(), attributes()),
        unset in vec(words(), 0..3),
        position in option::of(position()),
        drift in drifts::policy(),
    ) -> RowChange {
        RowChange { menu, operation, key, attributes, unset, position, drift }
    }
}

fn position() -> impl Strategy<Value = Position> {
    prop_oneof![
        Just(Position::First),
        Just(Position::Last),
        attributes().prop_map(Position::Before),
        attributes().prop_map(Position::After),
    ]
}

fn attributes() -> impl Strategy<Value = Vec<(String, String)>> {
    vec((words(), words()), 0..4)
}

fn resource() -> impl Strategy<Value = Resource> {
    prop_oneof![
        vifs::spec().prop_map(Resource::VifCreate),
        vif_id().prop_map(Resource::VifRemove),
        row().prop_map(Resource::Row),
    ]
}

prop_compose! {
    fn plan()(
        read_hash in any::<[u8; 32]>(),
        operations in vec(operation(), 0..4),
        warnings in vec(refusal(), 0..3),
        rings in vec(ring(), 0..4),
    ) -> Plan {
        Plan { read_hash, operations, warnings, rings }
    }
}

prop_compose! {
    fn operation()(
        verb in select(vec![Verb::Add, Verb::Set, Verb::Remove, Verb::Move]),
        menu in words(),
        (attributes, before) in (attributes(), attributes()),
        item in words(),
    ) -> Operation {
        Operation { verb, menu, attributes, before, item }
    }
}

fn ring() -> impl Strategy<Value = Ring> {
    select(vec![Ring::Journal, Ring::SafeMode, Ring::Script])
}

prop_compose! {
    fn refusal()(code in words(), message in words(), hint in words()) -> Refusal {
        Refusal { code, message, hint }
    }
}

prop_compose! {
    fn report()(
        id in change_set_id(),
        phase in select(vec![Phase::Applying, Phase::Verifying, Phase::RollingBack, Phase::Ended]),
        (revision, done, total) in (any::<u32>(), any::<u32>(), any::<u32>()),
        current in words(),
        outcome in option::of(select(vec![
            Outcome::Confirmed, Outcome::Reverted, Outcome::PartlyReverted, Outcome::Unknown,
        ])),
        error in option::of(refusal()),
        differs in vec(words(), 0..3),
        evidence in vec(select(vec![Evidence::SignIn, Evidence::Link, Evidence::Controller, Evidence::Person]), 0..4),
        (deadline, undone_by, at) in (option::of(any::<i64>()), option::of(ring()), any::<i64>()),
    ) -> Report {
        Report {
            id, phase, revision, done, total, current, outcome, error, differs, evidence, deadline, undone_by, at,
        }
    }
}

prop_compose! {
    fn notice()(
        (id, at) in (any::<u64>(), any::<i64>()),
        severity in select(vec![Severity::Info, Severity::Warning, Severity::Critical]),
        (code, message) in (words(), words()),
        vif in option::of(vif_id()),
        change_set in option::of(change_set_id()),
    ) -> Notice {
        Notice { id, at, severity, code, message, vif, change_set }
    }
}

fn rate() -> impl Strategy<Value = Rate> {
    (any::<u64>(), any::<u64>()).prop_map(|(rx_bps, tx_bps)| Rate { rx_bps, tx_bps })
}

prop_compose! {
    fn traffic()(
        (at, over_ms) in (any::<i64>(), any::<u32>()),
        interfaces in vec((interface(), rate()), 0..4),
        vifs in vec((vif_id(), rate()), 0..4),
    ) -> TrafficSample {
        TrafficSample { at, over_ms, interfaces, vifs }
    }
}

prop_compose! {
    fn device()(
        (identity, routeros_version, board, architecture) in (words(), words(), words(), words()),
        (uptime_s, memory_free, memory_total) in (any::<u64>(), any::<u64>(), any::<u64>()),
        cpu_percent in 0..=100_u8,
    ) -> Device {
        Device { identity, routeros_version, board, architecture, uptime_s, cpu_percent, memory_free, memory_total }
    }
}

prop_compose! {
    fn listed()((name, kind) in (interface(), words()), (running, disabled) in any::<(bool, bool)>()) -> Interface {
        Interface { name, kind, running, disabled }
    }
}

prop_compose! {
    fn state()(
        (agent_version, why) in (words(), option::of(words())),
        device in option::of(device()),
        interfaces in vec(listed(), 0..4),
        vifs in vec(vifs::vif(), 0..4),
        refused in vec((words(), any::<u64>()), 0..4),
        at in any::<i64>(),
    ) -> RouterState {
        let api = why.map_or(ApiState::Connected, ApiState::Unreachable);
        RouterState { agent_version, api, device, interfaces, vifs, refused, at }
    }
}
