//! Scripts on the device: those that run (`/system/script/job`), those that are kept (`/system/script`), and the
//! variables that they share.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use shared::routeros::{schema::Schema, value::RowId};

use super::{
    Device, Reply, Stream,
    caller::Caller,
    request::Request,
    row::{Origin, Row},
    system::date_time,
    trap::Trap,
};
use crate::script::{
    self,
    code::Code,
    job::{Globals, Job, Progress},
    tree::Tree,
};

/// What a script may do that says nothing else (the default of `policy`).
pub(super) const POLICIES: &str = "ftp,reboot,read,write,policy,test,password,sniff,sensitive,romon";

/// What running scripts need beside the device's rows.
#[derive(Debug)]
pub(super) struct Scripts {
    tree: Arc<Tree>,
    running: BTreeMap<RowId, Running>,
    ended: BTreeMap<RowId, Result<Option<String>, Trap>>,
    globals: BTreeMap<String, Globals>,
    carried_out: Vec<Request>,
    /// A script is being carried on right now: others wait for it.
    busy: bool,
    reboot: bool,
}

#[derive(Debug)]
struct Running {
    job: Job,
    wanted: Wanted,
}

/// Who waits for a job's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// Nobody; a failure is logged.
    Nobody,
    /// A session, for the end alone.
    End,
    /// A session, for what it puts out.
    Output,
}

impl Scripts {
    pub(super) fn new(schema: &Schema) -> Self {
        Self {
            tree: Arc::new(Tree::new(schema.clone())),
            running: BTreeMap::new(),
            ended: BTreeMap::new(),
            globals: BTreeMap::new(),
            carried_out: Vec::new(),
            busy: false,
            reboot: false,
        }
    }

    /// What a reboot leaves: no job, no variable.
    pub(super) fn reboot(&mut self) {
        self.running.clear();
        self.ended.clear();
        self.globals.clear();
        self.reboot = false;
    }
}

impl Device {
    /// The console's tree of commands.
    pub fn tree(&self) -> &Tree {
        &self.scripts.tree
    }

    /// The global variables of a user's scripts.
    pub fn globals(&self, user: &str) -> Option<&Globals> {
        self.scripts.globals.get(user)
    }

    /// The same, to change.
    pub fn globals_mut(&mut self, user: &str) -> &mut Globals {
        self.scripts.globals.entry(user.to_owned()).or_default()
    }

    /// A script has carried a command out: it goes into the record.
    pub fn carried_out(&mut self, request: &Request) {
        self.scripts.carried_out.push(request.clone());
    }

    /// The commands that scripts have carried out since this was asked last.
    pub fn take_carried_out(&mut self) -> Vec<Request> {
        std::mem::take(&mut self.scripts.carried_out)
    }

    /// A script has asked for a reboot.
    pub fn wants_reboot(&mut self) {
        self.scripts.reboot = true;
    }

    /// Whether a script has asked for a reboot since this was asked last.
    pub fn take_reboot(&mut self) -> bool {
        std::mem::take(&mut self.scripts.reboot)
    }

    /// `/execute`: the new job's id, or with `as-string` what the script puts out.
    pub(super) fn execute(&mut self, caller: &Caller, request: &Request) -> Result<Reply, Trap> {
        let waits = request.switch("as-string");
        let code = match self.source_to_execute(request) {
            Ok(code) => code,
            // The console shows what is wrong where the script's output would be.
            Err(trap) if waits => return Ok(Reply::Done(Some(trap.to_string()))),
            Err(trap) => {
                self.log("script,error", &format!("script error: {trap}"));
                let id = self.job_row("", caller, "command");
                self.store_mut("/system/script/job").remove(id);
                return Ok(Reply::Done(Some(id.to_string())));
            }
        };
        let wanted = if waits { Wanted::Output } else { Wanted::Nobody };
        self.start("", caller.clone(), code, "command", wanted)
    }

    /// `/system/script/run`, for a session that waits for the end.
    pub(super) fn run_script(&mut self, caller: &Caller, request: &Request) -> Result<Reply, Trap> {
        let code = self.script_to_run(caller, request)?;
        let name = request.rows().unwrap_or_default().to_owned();
        self.start(&name, caller.clone(), code, "script", Wanted::End)
    }

    /// `/import`, for a session that waits for the end.
    pub(super) fn import_file(&mut self, caller: &Caller, request: &Request) -> Result<Reply, Trap> {
        let code = self.file_to_import(caller, request)?;
        self.start("", caller.clone(), code, "command", Wanted::End)
    }

    /// A script that nobody waits for: of the scheduler, of a watch. A text that names a script means that script.
    pub(super) fn start_event(&mut self, source: &str, caller: &Caller, from: &str) {
        let found = self.named_or_source(caller, source);
        match found {
            Ok((name, code)) => {
                let _ = self.start(&name, caller.clone(), code, "script", Wanted::Nobody);
            }
            Err(trap) => {
                let text = format!("executing script from {from} failed, please check it manually: {trap}");
                self.log("script,error", &text);
            }
        }
    }

    fn named_or_source(&mut self, caller: &Caller, source: &str) -> Result<(String, Arc<Code>), Trap> {
        let name = source.trim();
        if !name.is_empty() && self.store("/system/script").named(name).is_some() {
            let code = self.script_to_run(caller, &Request::new("/system/script", "run", &[("number", name)]))?;
            return Ok((name.to_owned(), code));
        }
        self.compiled(source).map(|code| (String::new(), code))
    }

    /// The steps of a kept script, if the caller may do all that it may.
    ///
    /// # Errors
    /// No such script, a caller with fewer rights, or a script that cannot be read.
    pub fn script_to_run(&mut self, caller: &Caller, request: &Request) -> Result<Arc<Code>, Trap> {
        let name = request.rows().filter(|name| !name.is_empty()).ok_or_else(|| Trap::Missing("number".to_owned()))?;
        let spec = self.spec("/system/script").cloned().ok_or(Trap::NoSuchCommand)?;
        let id = self.resolve(&spec, name)?.first().copied().ok_or(Trap::NoSuchItem)?;
        let row = self.store("/system/script").row(id).ok_or(Trap::NoSuchItem)?;
        let free = row.get("dont-require-permissions") == Some("true");
        if !free && !row.text("policy").split(',').filter(|policy| !policy.is_empty()).all(|policy| caller.may(policy))
        {
            return Err(Trap::NotPermitted);
        }
        let source = row.text("source").to_owned();
        let started = date_time(self.epoch + self.now);
        if let Some(row) = self.store_mut("/system/script").live_mut(id) {
            let count: u64 = row.derived.get("run-count").and_then(|count| count.parse().ok()).unwrap_or(0);
            row.derived.insert("run-count", (count + 1).to_string());
            row.derived.insert("last-started", started);
        }
        self.compiled(&source)
    }

    /// The steps of what `/execute` is given: a source, or a script's name.
    ///
    /// # Errors
    /// A source that cannot be read.
    pub fn source_to_execute(&mut self, request: &Request) -> Result<Arc<Code>, Trap> {
        let source = request.get("script").ok_or_else(|| Trap::Missing("script".to_owned()))?;
        let kept = self.store("/system/script").named(source).map(|row| row.text("source").to_owned());
        self.compiled(kept.as_deref().unwrap_or(source))
    }

    /// The steps of a source.
    pub(super) fn compiled(&self, source: &str) -> Result<Arc<Code>, Trap> {
        script::read(&self.scripts.tree, source).map_err(|error| Trap::Failure(error.to_string()))
    }

    /// Starts a job and carries it as far as it goes at once.
    fn start(
        &mut self,
        name: &str,
        caller: Caller,
        code: Arc<Code>,
        kind: &str,
        wanted: Wanted,
    ) -> Result<Reply, Trap> {
        let id = self.job_row(name, &caller, kind);
        self.scripts.running.insert(id, Running { job: Job::new(code, caller), wanted });
        if self.scripts.busy {
            // Started by a script: it begins when that one waits or ends.
            return Ok(Reply::Done(Some(id.to_string())));
        }
        self.carry_on(id);
        match (wanted, self.scripts.ended.remove(&id)) {
            (Wanted::Nobody, _) => Ok(Reply::Done(Some(id.to_string()))),
            (_, Some(end)) => end.map(Reply::Done),
            (_, None) => Ok(Reply::Stream(Stream::Job(id))),
        }
    }

    fn job_row(&mut self, name: &str, caller: &Caller, kind: &str) -> RowId {
        let started = date_time(self.epoch + self.now);
        let policy = caller.policies.join(",");
        let mut values =
            vec![("owner", caller.user.as_str()), ("policy", &policy), ("started", &started), ("type", kind)];
        if !name.is_empty() {
            values.push(("script", name));
        }
        self.put("/system/script/job", Origin::Dynamic("job".to_owned()), &values)
    }

    /// How a job that a session waits for has ended; nothing while it runs. A job that somebody has removed was
    /// interrupted.
    pub fn job_end(&mut self, id: RowId) -> Option<Result<Option<String>, Trap>> {
        let end = self.scripts.ended.remove(&id);
        if end.is_none() && !self.scripts.running.contains_key(&id) {
            return Some(Err(Trap::Interrupted));
        }
        end
    }

    /// Stops a job: nobody waits for it any longer.
    pub fn stop_job(&mut self, id: RowId) {
        self.scripts.running.remove(&id);
        self.scripts.ended.remove(&id);
        self.store_mut("/system/script/job").remove(id);
    }

    /// When the next script begins or goes on. While one is carried on, the others wait for it.
    pub(super) fn next_script(&mut self) -> Option<Duration> {
        if self.scripts.busy {
            return None;
        }
        [self.next_job(), self.next_schedule(), self.next_watch()].into_iter().flatten().min()
    }

    /// Begins and carries on the scripts whose moment has come.
    pub(super) fn run_scripts(&mut self) {
        if !self.scripts.busy {
            self.run_jobs();
            self.run_schedules();
            self.run_watches();
        }
    }

    fn next_job(&mut self) -> Option<Duration> {
        // Who removes a row stops its job.
        let rows: Vec<RowId> = self.store("/system/script/job").rows.iter().map(|row| row.id).collect();
        self.scripts.running.retain(|id, _| rows.contains(id));
        self.scripts.running.values().map(|running| running.job.until()).min()
    }

    /// Carries on the jobs whose moment has come, those that have waited longest first.
    fn run_jobs(&mut self) {
        let now = self.now;
        let running = &self.scripts.running;
        let mut due: Vec<(Duration, RowId)> =
            running.iter().map(|(id, running)| (running.job.until(), *id)).filter(|(until, _)| *until <= now).collect();
        due.sort_unstable();
        for (_, id) in due {
            self.carry_on(id);
        }
    }

    fn carry_on(&mut self, id: RowId) {
        let Some(mut running) = self.scripts.running.remove(&id) else { return };
        self.scripts.busy = true;
        let now = self.now;
        let progress = running.job.carry_on(self, now);
        self.scripts.busy = false;
        if self.store("/system/script/job").row(id).is_none() {
            // It has removed itself, or was removed by what it did.
            return;
        }
        let end = match progress {
            Progress::Waits(_) => {
                self.scripts.running.insert(id, running);
                return;
            }
            Progress::Done => Ok(()),
            Progress::Failed(failure) => Err(failure.to_string()),
        };
        self.store_mut("/system/script/job").remove(id);
        let mut output = running.job.output;
        match (running.wanted, end) {
            (Wanted::Nobody, Ok(())) => {}
            (Wanted::Nobody, Err(message)) => self.log("script,error", &format!("script error: {message}")),
            (Wanted::End, end) => {
                self.scripts.ended.insert(id, end.map(|()| None).map_err(Trap::Failure));
            }
            (Wanted::Output, end) => {
                output.extend(end.err());
                self.scripts.ended.insert(id, Ok(Some(output.join("\r\n"))));
            }
        }
    }

    /// The rights of a kept script's or schedule's owner, as far as its own policy goes.
    pub(super) fn owner_of(&self, row: &Row) -> Caller {
        let owner = row.get("owner").unwrap_or("*sys");
        let held = self.policies_of(owner);
        let wanted: Vec<&str> = row.text("policy").split(',').collect();
        let policies = held.into_iter().filter(|policy| wanted.contains(&policy.as_str())).collect();
        Caller { user: owner.to_owned(), policies, ..Caller::router() }
    }

    fn policies_of(&self, user: &str) -> Vec<String> {
        if user == "*sys" {
            return Caller::router().policies;
        }
        let group = self.store("/user").named(user).map(|row| row.text("group").to_owned()).unwrap_or_default();
        let policy = self.store("/user/group").named(&group).map_or("", |row| row.text("policy"));
        policy.split(',').filter(|policy| !policy.starts_with('!')).map(str::to_owned).collect()
    }

    /// Whose a new script or schedule is.
    pub(super) fn owned(&mut self, caller: &Caller, menu: &str, id: RowId) {
        if !matches!(menu, "/system/script" | "/system/scheduler") {
            return;
        }
        if let Some(row) = self.store_mut(menu).row_mut(id) {
            row.attributes.entry("owner".to_owned()).or_insert_with(|| caller.user.clone());
        }
    }
}

/// What a script or schedule may do: no more than who makes or changes it.
pub(super) fn with_policy(caller: &Caller, request: &Request) -> Result<Request, Trap> {
    let mut request = request.clone();
    if !matches!(request.menu.as_str(), "/system/script" | "/system/scheduler") {
        return Ok(request);
    }
    match request.get("policy") {
        Some(policy) if !policy.split(',').filter(|policy| !policy.is_empty()).all(|policy| caller.may(policy)) => {
            return Err(Trap::NotPermitted);
        }
        None if request.verb == "add" => {
            let held: Vec<&str> = POLICIES.split(',').filter(|policy| caller.may(policy)).collect();
            request.arguments.push(("policy".to_owned(), held.join(",")));
        }
        Some(_) | None => {}
    }
    Ok(request)
}
