//! A running script: a value that goes on from where it stopped, so that time may pass between any two of its steps.

mod frame;

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc, time::Duration};

use self::frame::{Frame, Purpose};
use super::{
    built,
    code::{Code, MenuStep, Step},
    menu::Call,
    operate,
    syntax::Built,
    syntax_error::At,
    value::Value,
};
use crate::device::{Device, caller::Caller, trap::Trap};

/// Steps without any waiting between them, after which a script is taken for one that never ends.
const BUSY: u32 = 5_000_000;

/// Scripts and functions in one another, deeper than this, are refused.
const DEPTH: usize = 100;

/// How a job stands after it was carried on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// It goes on at this moment.
    Waits(Duration),
    /// It has come to its end.
    Done,
    /// It has failed.
    Failed(Failure),
}

/// Why a script failed, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}{}", self.place())]
pub struct Failure {
    /// What the command answered.
    pub message: String,
    /// The line of the step that failed.
    pub line: usize,
    /// The commands that it failed in, innermost first, each with its line: `/interface/bridge/add`.
    pub path: Vec<(String, usize)>,
}

impl Failure {
    /// ` (/interface/bridge/add; line 2)`, as the console adds it (seen on 7.20.8 and 7.24.4).
    fn place(&self) -> String {
        let mut place = String::new();
        for (path, line) in &self.path {
            // Writing to a String cannot fail.
            let _ = write!(place, " ({path}; line {line})");
        }
        place
    }
}

/// Variables that live on after a script, by user.
pub type Globals = BTreeMap<String, Value>;

/// A script on its way.
#[derive(Debug)]
pub struct Job {
    frames: Vec<Frame>,
    /// Whose rights it has.
    pub caller: Caller,
    /// What it has put out, a line each.
    pub output: Vec<String>,
    until: Duration,
    busy: u32,
}

/// What becomes of the steps after one of them.
enum Next {
    On,
    Wait(Duration),
}

impl Job {
    /// A job at the beginning of a script.
    pub fn new(code: Arc<Code>, caller: Caller) -> Self {
        Self {
            frames: vec![Frame::new(code, Purpose::Main)],
            caller,
            output: Vec::new(),
            until: Duration::ZERO,
            busy: 0,
        }
    }

    /// When it goes on.
    pub fn until(&self) -> Duration {
        self.until
    }

    /// Carries it on until it waits or ends.
    pub fn carry_on(&mut self, device: &mut Device, now: Duration) -> Progress {
        self.busy = 0;
        loop {
            let Some(frame) = self.frames.last_mut() else { return Progress::Done };
            let Some((at, step)) = frame.next() else {
                self.finish(Value::Nothing);
                continue;
            };
            self.busy += 1;
            let done = if self.busy > BUSY {
                Err(failed(at, "this twin stops a script that never waits".to_owned()))
            } else {
                self.step(device, now, at, step)
            };
            match done {
                Ok(Next::On) => {}
                Ok(Next::Wait(time)) => {
                    self.until = now + time;
                    return Progress::Waits(self.until);
                }
                Err(failure) => {
                    if let Err(failure) = self.recover(failure) {
                        return Progress::Failed(failure);
                    }
                }
            }
        }
    }

    /// Goes to the nearest handler. Without one the job has failed.
    fn recover(&mut self, mut failure: Failure) -> Result<(), Failure> {
        while let Some(mut frame) = self.frames.pop() {
            if self.busy <= BUSY && frame.catch(&failure) {
                self.frames.push(frame);
                return Ok(());
            }
            if let Purpose::Import { line } = frame.purpose {
                failure.path.push((":import".to_owned(), line));
            }
        }
        Err(failure)
    }

    /// Ends the innermost script or function, which returns a value.
    fn finish(&mut self, value: Value) {
        let Some(frame) = self.frames.pop() else { return };
        let value = match frame.purpose {
            Purpose::Main | Purpose::Script => Value::Nothing,
            Purpose::Function => value,
            Purpose::Import { .. } => {
                self.output.push("Script file loaded and executed successfully".to_owned());
                Value::Nothing
            }
            Purpose::Capture { from } => Value::Text(self.output.split_off(from).join("\r\n")),
        };
        if let Some(caller) = self.frames.last_mut() {
            caller.push(value);
        }
    }

    fn step(&mut self, device: &mut Device, now: Duration, at: At, step: Step) -> Result<Next, Failure> {
        let wrong = |message: String| failed(at, message);
        match step {
            Step::Return => {
                let value = self.pop();
                self.finish(value);
            }
            Step::Load(_) | Step::Declare { .. } | Step::Set(_) => self.variable(device, step).map_err(wrong)?,
            Step::Built(Built::Delay, _) => {
                let value = self.pop();
                let micros = value.micros().and_then(|micros| u64::try_from(micros).ok());
                let micros = micros.ok_or_else(|| wrong("invalid value for argument delay-time".to_owned()))?;
                self.push(Value::Nothing);
                return Ok(Next::Wait(Duration::from_micros(micros)));
            }
            Step::Built(Built::Put, _) => {
                let value = self.pop();
                self.output.push(value.show());
                self.push(Value::Nothing);
            }
            Step::Built(Built::Error, _) => {
                return Err(wrong(self.pop().show()));
            }
            Step::Built(built, count) => {
                let values = self.pop_many(count);
                let value = built::compute(built, &values).map_err(wrong)?;
                self.push(value);
            }
            Step::Unary(sign) => {
                let value = operate::unary(sign, &self.pop()).map_err(wrong)?;
                self.push(value);
            }
            Step::Binary(sign) => {
                let (right, left) = (self.pop(), self.pop());
                let value = operate::binary(sign, &left, &right).map_err(wrong)?;
                self.push(value);
            }
            Step::Menu(menu) => self.menu(device, now, at, &menu)?,
            Step::Call(name, names) => self.call(device, &name, names).map_err(wrong)?,
            Step::Push(_)
            | Step::Drop
            | Step::Join(_)
            | Step::List(_)
            | Step::Jump(_)
            | Step::Unless(_)
            | Step::Enter
            | Step::Leave
            | Step::Count
            | Step::Each
            | Step::Next { .. }
            | Step::Try { .. }
            | Step::EndTry => {
                let done = self.frames.last_mut().map_or(Ok(()), |frame| frame.step(step));
                done.map_err(wrong)?;
            }
        }
        Ok(Next::On)
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the caller hands over these three")]
    fn variable(&mut self, device: &mut Device, step: Step) -> Result<(), String> {
        match step {
            Step::Load(name) => {
                let value = self.load(device, &name);
                self.push(value);
            }
            Step::Declare { global, name, valued } => {
                let value = if valued { Some(self.pop()) } else { None };
                if global {
                    let globals = device.globals_mut(&self.caller.user);
                    match value {
                        Some(value) => drop(globals.insert(name.clone(), value)),
                        None => drop(globals.entry(name.clone()).or_insert(Value::Nothing)),
                    }
                    self.declare(name, None);
                } else {
                    self.declare(name, Some(value.unwrap_or(Value::Nothing)));
                }
            }
            Step::Set(name) => {
                let value = self.pop();
                let globals = device.globals_mut(&self.caller.user);
                let set = self.frames.last_mut().is_some_and(|frame| frame.set(&name, value, globals));
                if !set {
                    return Err(format!("variable {name} is not declared"));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn call(&mut self, device: &Device, name: &str, names: Vec<Option<String>>) -> Result<(), String> {
        let values = self.pop_many(names.len());
        let function = self.load(device, name);
        let Value::Code(code) = function else {
            self.push(function);
            return Ok(());
        };
        let mut frame = Frame::new(code, Purpose::Function);
        let mut place = 0;
        for (name, value) in names.into_iter().zip(values) {
            let name = name.unwrap_or_else(|| {
                place += 1;
                place.to_string()
            });
            frame.declare(name, Some(value));
        }
        self.enter(frame)
    }

    fn enter(&mut self, frame: Frame) -> Result<(), String> {
        if self.frames.len() >= DEPTH {
            return Err("failure: too many nested scripts".to_owned());
        }
        self.frames.push(frame);
        Ok(())
    }

    fn menu(&mut self, device: &mut Device, now: Duration, at: At, step: &MenuStep) -> Result<(), Failure> {
        let holes = self.pop_many(step.holes);
        let values = self.pop_many(step.arguments.iter().filter(|(_, valued)| *valued).count());
        let call = Call { step, values, holes };
        let path = format!("{}/{}", step.menu, step.verb);
        let wrong = |message: String| Failure { path: vec![(path.clone(), at.line)], ..failed(at, message) };
        let request = call.request();
        let started = match path.as_str() {
            "/system/script/run" => {
                Some(device.script_to_run(&self.caller, &request).map(|code| (code, Purpose::Script)))
            }
            "/import" => Some(
                device.file_to_import(&self.caller, &request).map(|code| (code, Purpose::Import { line: at.line })),
            ),
            "/execute" if request.switch("as-string") => Some(
                device.source_to_execute(&request).map(|code| (code, Purpose::Capture { from: self.output.len() })),
            ),
            _ => None,
        };
        if let Some(started) = started {
            let (code, purpose) = started.map_err(|trap: Trap| wrong(trap.to_string()))?;
            device.carried_out(&request);
            return self.enter(Frame::new(code, purpose)).map_err(wrong);
        }
        let (value, shown) = call.run(device, now, &self.caller).map_err(wrong)?;
        self.output.extend(shown);
        self.push(value);
        Ok(())
    }

    fn load(&self, device: &Device, name: &str) -> Value {
        let globals = device.globals(&self.caller.user);
        self.frames.last().map_or(Value::Nothing, |frame| frame.load(name, globals))
    }

    fn declare(&mut self, name: String, value: Option<Value>) {
        if let Some(frame) = self.frames.last_mut() {
            frame.declare(name, value);
        }
    }

    fn push(&mut self, value: Value) {
        if let Some(frame) = self.frames.last_mut() {
            frame.push(value);
        }
    }

    fn pop(&mut self) -> Value {
        self.frames.last_mut().map_or(Value::Nothing, Frame::pop)
    }

    fn pop_many(&mut self, count: usize) -> Vec<Value> {
        self.frames.last_mut().map_or_else(Vec::new, |frame| frame.pop_many(count))
    }
}

fn failed(at: At, message: String) -> Failure {
    Failure { message, line: at.line, path: Vec::new() }
}
