//! `.rsc` scripts: carried out, recorded, and refused with the line.

use bulkhead_twin::{Options, Twin};

async fn started(script: &str) -> Result<Twin, String> {
    let options = Options { scripts: vec![script.to_owned()], ..Options::default() };
    Twin::start(options).await.map_err(|error| format!("{error:#}"))
}

#[tokio::test]
async fn an_installers_script_is_carried_out_and_recorded() {
    let script = r#"
# the agent's place
:if ([:len [/interface/list/find name=bulkhead-vif]] = 0) do={ /interface/list/add name=bulkhead-vif comment="say \"hi\"; {x}" }
:if ([:len [/interface/list/find name=bulkhead-vif]] = 0) do={ /interface/list/add name=twice }
:if ([:len [/routing/table/find where name=bh-1]] = 0) do={
    /routing/table/add name=bh-1 fib
    /ip/route/add routing-table=bh-1 dst-address=0.0.0.0/0 blackhole distance=254;
}
/ip/firewall/filter/add chain=forward action=drop in-interface-list=bulkhead-vif comment=first \
    place-before=[:pick [/ip/firewall/filter/find where dynamic=no] 0]
/ip/service/set [/ip/service/find name=api] address=172.16.64.2
/user/group/add name=bulkhead policy=read,write,api,test
/user/add name=bulkhead group=bulkhead password="s3cret" address=172.16.64.2/32
"#;
    let twin = started(script).await.unwrap();
    let find = |menu: &str, name: &str, value: &str| {
        twin.rows(menu).into_iter().find(|row| row.iter().any(|field| field == &(name.to_owned(), value.to_owned())))
    };
    assert!(find("/interface/list", "comment", "say \"hi\"; {x}").is_some());
    assert!(find("/interface/list", "name", "twice").is_none());
    assert!(find("/ip/route", "routing-table", "bh-1").is_some());
    assert!(find("/ip/service", "address", "172.16.64.2/32").is_some());
    let filter = twin.rows("/ip/firewall/filter");
    let has = |at: usize, value: &str| filter[at].iter().any(|(_, found)| found == value);
    assert!(has(0, "special dummy rule to show fasttrack counters") && has(1, "first"), "{filter:?}");
    let record = twin.recorded();
    assert_eq!(record.len(), 7, "{record:?}");
    assert!(record.iter().all(|words| words.last().is_some_and(|word| word == ".script")));
    assert!(record[6].contains(&"=password=***".to_owned()), "{record:?}");
}

#[tokio::test]
async fn an_installers_script_may_run_again_and_changes_nothing_then() {
    let script = r#"
:if ([:len [/certificate/find name=bulkhead-api]] = 0) do={
  /certificate/add name=bulkhead-api common-name=bulkhead-api key-size=2048 days-valid=3650 key-usage=digital-signature,tls-server
  /certificate/sign number=bulkhead-api
  /ip/service/set [/ip/service/find name=api-ssl certificate=none] certificate=bulkhead-api
}
/ip/service/set [/ip/service/find name=api-ssl certificate=none] certificate=none
/ip/service/set numbers=api-ssl disabled=no
:if ([:len [/ip/firewall/filter/find dynamic=no]] = 0) do={
  /ip/firewall/filter/add chain=input comment="bulkhead:installer/api"
}
:if ([:len [/ip/firewall/filter/find comment="bulkhead:installer/api"]] = 0) do={
  /ip/firewall/filter/add chain=input comment="bulkhead:installer/api" place-before=[:pick [/ip/firewall/filter/find where dynamic=no] 0]
}
"#;
    let (once, twice) = (started(script).await.unwrap(), started(&format!("{script}\n{script}")).await.unwrap());
    assert_eq!(once.export(), twice.export());
    let service = once.export()["/ip/service"][0].clone();
    assert_eq!(service.get("certificate").map(String::as_str), Some("bulkhead-api"));
    let rule = once.rows("/ip/firewall/filter").swap_remove(1);
    assert!(rule.contains(&("comment".to_owned(), "bulkhead:installer/api".to_owned())), "{rule:?}");
}

#[tokio::test]
async fn what_cannot_be_read_or_carried_out_is_refused_with_its_line() {
    let cases = [
        ("/interface/list/add name=a\n/interface/list/add nme=b", "line 2: expected end of command (line 2 column 21)"),
        ("/interface/list/add name=\"open", "line 1: syntax error (line 1 column 31)"),
        (":if ([:len [/interface/list/find name=a]] > 0) do={ /x }", "line 1: bad command name x (line 1 column 54)"),
        ("/ip/service/set [/no/menu/find name=x] disabled=yes", "line 1: bad command name no (line 1 column 19)"),
        (
            "\n/interface/list/add \\\n  name=WAN",
            "line 2: failure: item with such name already exists (/interface/list/add; line 2)",
        ),
        (":local x 5\n:error \"stop at $x\"", "line 2: stop at 5"),
    ];
    for (script, expected) in cases {
        let error = started(script).await.unwrap_err();
        assert!(error.contains(expected), "{script}: {error}");
    }
}
