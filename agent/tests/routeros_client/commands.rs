//! Commands and their answers.

use bulkhead_agent::io::routeros::{CommandError, Sentence, TookEffect, Trap};

use crate::peer::{add, done, print, re, session, trap};

#[tokio::test]
async fn rows_come_back_in_order_and_done_ends_them() {
    let (client, mut peer) = session().await;
    let router = async {
        let tag = peer.expect("/ip/address/print").await;
        let rows = ["*1", "*2", "*3"].map(|id| re(&tag).attribute(".id", id));
        peer.send_all(&rows).await;
        peer.send(done().tag(&tag)).await;
    };
    let (answer, ()) = tokio::join!(client.run(print()), router);
    let answer = answer.expect("an answer");
    let ids: Vec<_> = answer.rows.iter().filter_map(|row| row.find(".id")).collect();
    assert_eq!(ids, ["*1", "*2", "*3"]);
}

#[tokio::test]
async fn the_id_of_an_added_row_is_in_ret() {
    let (client, mut peer) = session().await;
    let router = async {
        let tag = peer.expect("/ip/address/add").await;
        peer.send(done().tag(&tag).attribute("ret", "*1A")).await;
    };
    let (answer, ()) = tokio::join!(client.run(add()), router);
    assert_eq!(answer.expect("an answer").ret(), Some(&b"*1A"[..]));
}

#[tokio::test]
async fn an_empty_answer_ends_with_done_and_not_with_empty() {
    let (client, mut peer) = session().await;
    let router = async {
        let first = peer.expect("/ip/address/print").await;
        peer.send(Sentence::new("!empty").tag(&first)).await;
        let second = peer.expect("/ip/address/add").await;
        peer.send_all(&[done().tag(&second), re(&first).attribute(".id", "*1"), done().tag(&first)]).await;
    };
    let (printed, added, ()) = tokio::join!(client.run(print()), client.run(add()), router);
    assert_eq!(printed.expect("an answer").rows.len(), 1);
    assert!(added.is_ok());
    assert_eq!(client.counted().orphans, 0);
}

#[tokio::test]
async fn several_traps_are_collected_and_mean_that_nothing_was_done() {
    let (client, mut peer) = session().await;
    let router = async {
        let (_, tag) = peer.command().await;
        peer.send(trap(&tag, "no such command or directory (routerboard)").attribute("category", "0")).await;
        peer.send(trap(&tag, "no such command prefix")).await;
        peer.send(done().tag(&tag)).await;
    };
    let (answer, ()) = tokio::join!(client.run(Sentence::new("/system/routerboard/print")), router);
    let error = answer.expect_err("refused");
    let expected = vec![
        Trap { category: Some(0), message: "no such command or directory (routerboard)".to_owned() },
        Trap { category: None, message: "no such command prefix".to_owned() },
    ];
    assert_eq!(error, CommandError::Trap(expected));
    assert_eq!(error.took_effect(), TookEffect::No);
}

#[tokio::test]
async fn answers_out_of_order_and_interleaved_go_where_their_tags_belong() {
    let (client, mut peer) = session().await;
    let router = async {
        let mut tags = Vec::new();
        for _ in 0..3 {
            tags.push(peer.command().await.1);
        }
        let row = |at: usize, name: &str| re(&tags[at]).attribute("name", name);
        let rows = [row(2, "c1"), row(0, "a1"), row(2, "c2"), row(1, "b1"), row(0, "a2")];
        peer.send_all(&rows).await;
        peer.send_all(&[2, 0, 1].map(|at| done().tag(&tags[at]))).await;
    };
    let (answers, ()) = tokio::join!(client.run_all(vec![print(), print(), print()]), router);
    let names: Vec<Vec<_>> = answers
        .iter()
        .map(|answer| answer.as_ref().expect("an answer").rows.iter().filter_map(|row| row.find("name")).collect())
        .collect();
    assert_eq!(names, [vec!["a1", "a2"], vec!["b1"], vec!["c1", "c2"]]);
}

#[tokio::test]
async fn a_refused_command_does_not_stop_those_after_it() {
    let (client, mut peer) = session().await;
    let router = async {
        for number in 0..3 {
            let (_, tag) = peer.command().await;
            if number == 1 {
                peer.send(trap(&tag, "failure: already have such address")).await;
            }
            peer.send(done().tag(&tag).attribute("ret", number.to_string())).await;
        }
    };
    let (answers, ()) = tokio::join!(client.run_all(vec![add(), add(), add()]), router);
    let oks: Vec<bool> = answers.iter().map(Result::is_ok).collect();
    assert_eq!(oks, [true, false, true]);
}

#[tokio::test]
async fn values_that_are_no_text_go_as_bytes_and_are_read_with_what_is_none_replaced() {
    let (client, mut peer) = session().await;
    let comment = b"Z\xfcrich = \x00\xff";
    let router = async {
        let (command, tag) = peer.command().await;
        let value = command.get("comment").map(<[u8]>::to_vec).unwrap_or_default();
        assert_eq!(value, comment);
        peer.send_all(&[re(&tag).attribute("comment", value), done().tag(&tag)]).await;
    };
    let (answer, ()) = tokio::join!(client.run(print().attribute("comment", comment)), router);
    assert_eq!(answer.expect("an answer").rows[0].get("comment"), "Z\u{fffd}rich = \0\u{fffd}");
}

#[tokio::test]
async fn what_is_no_command_is_refused_before_anything_is_sent() {
    let (client, _peer) = session().await;
    for sentence in [Sentence::default(), Sentence::new("print"), print().tag("7")] {
        let error = client.run(sentence.clone()).await.expect_err("refused");
        assert!(matches!(error, CommandError::Unsendable(_)), "{sentence:?}");
        assert_eq!(error.took_effect(), TookEffect::No);
    }
    assert_eq!(client.counted().commands, 0);
}
