//! Scripts as a client of the API sees them: what is answered at once, what waits, what is refused.

use std::time::Duration;

use bulkhead_twin::{Options, Twin};
use shared::routeros::sentence::{Decoder, Limits, Sentence};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// The bound of every wait. Nothing here takes a tenth of it.
const BOUND: Duration = Duration::from_secs(20);

struct Client(TcpStream, Decoder);

impl Client {
    async fn sign_in(twin: &Twin, name: &str, password: &str) -> Self {
        let stream = TcpStream::connect(twin.api).await.unwrap();
        let mut client = Self(stream, Decoder::new(Limits::DEFAULT));
        let words = ["/login", &format!("=name={name}"), &format!("=password={password}")];
        assert_eq!(client.ask(&words).await, ["!done"]);
        client
    }

    async fn send(&mut self, words: &[&str]) {
        let sentence = words[1..].iter().fold(Sentence::new(words[0]), |sentence, word| sentence.word(*word));
        let mut bytes = Vec::new();
        sentence.encode(&mut bytes).unwrap();
        self.0.write_all(&bytes).await.unwrap();
    }

    async fn answer(&mut self) -> Vec<String> {
        let mut answer = Vec::new();
        loop {
            while let Some(sentence) = self.1.next_sentence().unwrap() {
                let words: Vec<_> = sentence.words().map(String::from_utf8_lossy).collect();
                answer.push(words.join(" "));
                if answer.last().is_some_and(|last| last.starts_with("!done")) {
                    return answer;
                }
            }
            let mut bytes = [0; 4096];
            let read = tokio::time::timeout(BOUND, self.0.read(&mut bytes)).await.expect("the twin stays silent");
            self.1.push(&bytes[..read.unwrap()]);
        }
    }

    async fn ask(&mut self, words: &[&str]) -> Vec<String> {
        self.send(words).await;
        self.answer().await
    }
}

async fn twin() -> (Twin, Client) {
    let twin = Twin::start(Options::default()).await.unwrap();
    let client = Client::sign_in(&twin, "admin", "admin").await;
    (twin, client)
}

async fn until(twin: &Twin, what: impl Fn(&Twin) -> bool) {
    tokio::time::timeout(BOUND, async {
        while !what(twin) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .expect("it did not come to that");
}

fn jobs(twin: &Twin) -> usize {
    twin.rows("/system/script/job").len()
}

#[tokio::test]
async fn execute_gives_a_job_or_what_the_script_puts_out() {
    let (twin, mut client) = twin().await;
    assert_eq!(client.ask(&["/execute", "=script=:put 1; :put (1+1)", "=as-string="]).await, ["!done =ret=1\r\n2"]);
    let answer = client.ask(&["/execute", "=script=:delay 1h"]).await;
    assert!(answer[0].starts_with("!done =ret=*"), "{answer:?}");
    assert_eq!(jobs(&twin), 1);
    let wrong = client.ask(&["/execute", "=script=/no", "=as-string="]).await;
    assert_eq!(wrong, ["!done =ret=bad command name no (line 1 column 2)"]);
}

#[tokio::test]
async fn a_script_that_waits_holds_up_its_own_answer_alone_and_ends_with_its_session() {
    let (twin, mut client) = twin().await;
    client.send(&["/execute", "=script=:delay 1h; :put late", "=as-string=", ".tag=1"]).await;
    client.send(&["/system/identity/print", "=.proplist=name", ".tag=2"]).await;
    assert_eq!(client.answer().await, ["!re .tag=2 =name=MikroTik", "!done .tag=2"]);
    assert_eq!(jobs(&twin), 1);
    twin.advance(Duration::from_secs(3600));
    assert_eq!(client.answer().await, ["!done .tag=1 =ret=late"]);
    client.send(&["/execute", "=script=:delay 1h", "=as-string="]).await;
    until(&twin, |twin| jobs(twin) == 1).await;
    drop(client);
    until(&twin, |twin| jobs(twin) == 0).await;
}

#[tokio::test]
async fn cancelling_stops_the_script_and_removing_the_job_interrupts_it() {
    let (twin, mut client) = twin().await;
    client.send(&["/execute", "=script=:delay 1h", "=as-string=", ".tag=1"]).await;
    until(&twin, |twin| jobs(twin) == 1).await;
    let answer = client.ask(&["/cancel", "=tag=1"]).await;
    assert_eq!(answer[0], "!trap .tag=1 =category=2 =message=interrupted");
    until(&twin, |twin| jobs(twin) == 0).await;
    assert_eq!(client.answer().await, ["!done .tag=1"]);
    client.send(&["/execute", "=script=:delay 1h", "=as-string=", ".tag=2"]).await;
    until(&twin, |twin| jobs(twin) == 1).await;
    let id = twin.rows("/system/script/job")[0].iter().find(|(name, _)| name == ".id").unwrap().1.clone();
    twin.run("/system/script/job", "remove", &[("numbers", &id)]).unwrap();
    assert_eq!(client.answer().await[0], "!trap .tag=2 =category=2 =message=interrupted");
}

#[tokio::test]
async fn a_file_is_written_read_in_pieces_and_imported() {
    let (twin, mut client) = twin().await;
    let script = "/interface list add name=one\n/interface list add name=WAN\n/interface list add name=two\n";
    let add = ["/file/add", "=name=x.rsc", &format!("=contents={script}")];
    assert!(client.ask(&add).await[0].starts_with("!done =ret=*"));
    let piece = client.ask(&["/file/read", "=file=x.rsc", "=offset=11", "=chunk-size=8"]).await;
    assert_eq!(piece, ["!re =data=list add", "!done"]);
    let import = client.ask(&["/import", "=file-name=x.rsc"]).await;
    let taken =
        "!trap =message=failure: item with such name already exists (/interface/list/add; line 2) (:import; line 1)";
    assert_eq!(import[0].split(" (:import").next(), taken.split(" (:import").next(), "{import:?}");
    let named = |name: &str| twin.rows("/interface/list").iter().flatten().any(|field| field.1 == name);
    assert!(named("one") && !named("two"), "an import stops at its first failure and keeps what was done");
    let rest = ["/import", "=file-name=x.rsc", "=verbose=yes", "=from-line=3"];
    assert_eq!(client.ask(&rest).await, ["!done"]);
    assert!(named("two"));
    assert!(client.ask(&["/import", "=file-name=y.rsc"]).await[0].contains("file does not exist"));
    assert_eq!(client.ask(&["/file/remove", "=numbers=x.rsc"]).await, ["!done"]);
    assert!(client.ask(&["/file/read", "=file=x.rsc"]).await[0].starts_with("!trap"));
}

#[tokio::test]
async fn an_import_is_read_whole_before_it_runs_and_line_by_line_only_when_verbose() {
    let (twin, mut client) = twin().await;
    client.ask(&["/file/add", "=name=x.rsc", "=contents=/interface list add name=one\n/nothing\n"]).await;
    let named = |name: &str| twin.rows("/interface/list").iter().flatten().any(|field| field.1 == name);
    let wrong = "bad command name nothing (line 2 column 2)";
    assert!(client.ask(&["/import", "=file-name=x.rsc"]).await[0].contains(wrong));
    let dry = ["/import", "=file-name=x.rsc", "=verbose=yes", "=dry-run="];
    assert!(client.ask(&dry).await[0].contains(wrong));
    assert!(client.ask(&["/import", "=file-name=x.rsc", "=dry-run="]).await[0].contains("verbose"));
    assert!(!named("one"));
    assert!(client.ask(&["/import", "=file-name=x.rsc", "=verbose=yes"]).await[0].contains(wrong));
    assert!(named("one"));
}

#[tokio::test]
async fn a_script_may_do_what_its_caller_may_and_no_more() {
    let (twin, mut admin) = twin().await;
    twin.run("/user/group", "add", &[("name", "few"), ("policy", "api,read,test")]).unwrap();
    twin.run("/user", "add", &[("name", "few"), ("group", "few"), ("password", "pw")]).unwrap();
    admin.ask(&["/system/script/add", "=name=all", "=source=/interface list add name=x"]).await;
    let mut few = Client::sign_in(&twin, "few", "pw").await;
    let refused = "not enough permissions (9)";
    assert!(few.ask(&["/system/script/run", "=number=all"]).await[0].contains(refused));
    let answer = few.ask(&["/execute", "=script=/interface list add name=x", "=as-string="]).await;
    assert_eq!(answer, [format!("!done =ret={refused} (/interface/list/add; line 1)")]);
    let answer = few.ask(&["/execute", "=script=:put [:len [/ip service find]]", "=as-string="]).await;
    assert_eq!(answer, ["!done =ret=8"]);
    admin.ask(&["/system/script/set", "=numbers=all", "=dont-require-permissions=yes"]).await;
    assert!(
        few.ask(&["/system/script/run", "=number=all"]).await[0].contains(refused),
        "its commands are still its caller's"
    );
    assert_eq!(admin.ask(&["/system/script/run", "=number=all"]).await, ["!done"]);
}

#[tokio::test]
async fn files_are_kept_but_for_those_on_a_disk_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let options = || Options { state: Some(folder.path().join("state")), ..Options::default() };
    let twin = Twin::start(options()).await.unwrap();
    twin.run("/disk", "add", &[("type", "tmpfs"), ("slot", "ram")]).unwrap();
    for name in ["kept.rsc", "ram/lost.rsc"] {
        twin.run("/file", "add", &[("name", name), ("contents", ":put 1")]).unwrap();
    }
    let names = |twin: &Twin| -> Vec<String> {
        twin.rows("/file").into_iter().flatten().filter(|(name, _)| name == "name").map(|(_, name)| name).collect()
    };
    assert_eq!(names(&twin), ["kept.rsc", "ram/lost.rsc"]);
    twin.reboot();
    assert_eq!(names(&twin), ["kept.rsc"]);
    twin.save().unwrap();
    drop(twin);
    assert_eq!(names(&Twin::start(options()).await.unwrap()), ["kept.rsc"]);
}
