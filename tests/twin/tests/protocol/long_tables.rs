//! Tables that are longer than a page of an answer.

use crate::client::{Client, twin};

const LIST: &str = "/ip/firewall/address-list";

#[tokio::test]
async fn a_long_table_is_printed_whole_and_in_its_order() {
    const ROWS: usize = 1_203;
    let twin = twin("7.24").await;
    let mut client = Client::admin(&twin).await;
    for n in 0..ROWS {
        client
            .add(&[&format!("{LIST}/add"), "=list=many", &format!("=address=10.0.{}.{}", n / 250, n % 250 + 1)])
            .await;
    }
    let print = format!("{LIST}/print");
    let rows = client.ask(&[&print, "=.proplist=address", "?list=many"]).await;
    let expected = (0..ROWS).map(|n| format!("!re =address=10.0.{}.{}", n / 250, n % 250 + 1));
    assert_eq!(rows, expected.chain(["!done".to_owned()]).collect::<Vec<_>>());
    // Few rows of many, none of many, and their number.
    let last = client.ask(&[&print, "=.proplist=address", "?address=10.0.4.203", ".tag=t"]).await;
    assert_eq!(last, ["!re .tag=t =address=10.0.4.203", "!done .tag=t"]);
    assert_eq!(client.ask(&[&print, "?list=few"]).await, ["!empty", "!done"]);
    assert_eq!(client.ask(&[&print, "?list=many", "=count-only="]).await, [format!("!done =ret={ROWS}")]);
    let wrong = client.ask(&[&print, "?#x"]).await;
    assert!(wrong.len() == 2 && wrong[0].starts_with("!trap"), "{wrong:?}");
}
