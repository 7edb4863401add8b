//! Jobs that do nothing by themselves: they note what is asked, and report what they are told to.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use crate::command::{Command, Event};
use crate::dialogs::{Dialogs, Pick, Picked};
use crate::jobs::Jobs;

#[derive(Default)]
struct Lines {
    commands: Vec<Command>,
    events: VecDeque<Event>,
}

/// What an app asks of its jobs, and what they report.
#[derive(Clone, Default)]
pub struct Script(Rc<RefCell<Lines>>);

impl Script {
    /// The jobs that follow it.
    pub fn jobs(&self) -> ScriptedJobs {
        ScriptedJobs(self.clone())
    }

    /// The commands that the app has given since the last call.
    pub fn commands(&self) -> Vec<Command> {
        std::mem::take(&mut self.0.borrow_mut().commands)
    }

    /// Lets the jobs report `events` in the next frames.
    pub fn report(&self, events: impl IntoIterator<Item = Event>) {
        self.0.borrow_mut().events.extend(events);
    }
}

/// Jobs that follow a [`Script`].
pub struct ScriptedJobs(Script);

impl Jobs for ScriptedJobs {
    fn run(&mut self, command: Command) {
        self.0.0.borrow_mut().commands.push(command);
    }

    fn poll(&mut self) -> Option<Event> {
        self.0.0.borrow_mut().events.pop_front()
    }

    fn is_idle(&self) -> bool {
        true
    }

    fn close(&mut self) {}
}

/// Dialogs that never open.
pub struct NoDialogs;

impl Dialogs for NoDialogs {
    fn pick(&mut self, _: Pick) {}

    fn poll(&mut self) -> Option<Picked> {
        None
    }
}
