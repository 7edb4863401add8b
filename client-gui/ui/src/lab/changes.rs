//! How the lab changes: by what the person asks for, and by what its jobs report.

use std::path::PathBuf;

use shared::ram::cases::Suite;
use shared::ram::{Edit, Observed as Asked};

use super::analysis::Place;
use super::grid::{Question, ROWS};
use super::{Lab, Observed, Pick, Sheet};
use crate::command::{Command, JobId, LabCommand, LabEvent, Place as Settings, ProbeOf};

/// What the person asks the lab for.
#[derive(Debug, Clone, PartialEq)]
pub enum LabAction {
    /// Show a sheet.
    Show(Sheet),
    /// Take the template at this place of [`TEMPLATES`](super::TEMPLATES).
    Template(usize),
    /// Look at a cell more closely.
    Select(Pick),
    /// Change a sheet's text.
    Apply(Sheet, Edit),
    /// Read the sheet's file.
    Load(Sheet),
    /// Write the sheet's file.
    Save(Sheet),
    /// Ask OSS about each cell.
    Probe,
    /// Why a request was refused that the app made.
    WhyDenied(Question),
    /// Take the smallest policy for these requests.
    Smallest(Vec<Asked>),
    /// Close the notice.
    Dismiss,
}

impl Lab {
    /// Carries out `action`; a probe is named `job` and goes to `settings`.
    pub fn act(&mut self, action: LabAction, job: JobId, settings: &Settings) -> Vec<Command> {
        match action {
            LabAction::Show(sheet) => self.shown = sheet,
            LabAction::Template(index) => self.take_template(index),
            LabAction::Select(pick) => self.select(pick),
            LabAction::Apply(sheet, edit) => self.apply(sheet, &edit),
            LabAction::Load(sheet) => {
                return self.file_command(sheet, |sheet, path, _| LabCommand::Load { sheet, path });
            }
            LabAction::Save(sheet) => {
                return self.file_command(sheet, |sheet, path, text| LabCommand::Save { sheet, path, text });
            }
            LabAction::Probe => return self.probe(job, settings),
            LabAction::WhyDenied(question) => {
                self.asked = Some(question);
                self.select(Pick::Asked);
            }
            LabAction::Smallest(run) => self.take_smallest(&run),
            LabAction::Dismiss => self.notice = None,
        }
        Vec::new()
    }

    fn select(&mut self, pick: Pick) {
        self.selected = Some(pick);
        self.reveal = true;
        if let Some(cell) = self.picked() {
            self.shown = cell.deciding().0;
        }
    }

    fn file_command(&mut self, sheet: Sheet, make: fn(Sheet, PathBuf, String) -> LabCommand) -> Vec<Command> {
        let editor = &self.editors[sheet.index()];
        self.notice = None;
        self.saved = None;
        match editor.file.trim() {
            "" => Vec::new(),
            path => vec![Command::Lab(make(sheet, PathBuf::from(path), editor.text.clone()))],
        }
    }

    fn probe(&mut self, job: JobId, settings: &Settings) -> Vec<Command> {
        if self.probes.running.is_some() {
            return Vec::new();
        }
        let probes: Vec<ProbeOf> = self
            .analysis
            .cells()
            .filter_map(|(place, cell)| {
                let row = ROWS.get(place.0)?;
                Some(ProbeOf { place: *place, probe: row.probe, question: cell.question.clone() })
            })
            .collect();
        if probes.is_empty() {
            return Vec::new();
        }
        self.notice = None;
        self.probes.observed.clear();
        self.probes.running = Some(job);
        vec![Command::Lab(LabCommand::Probe { job, place: settings.clone(), probes })]
    }

    /// Takes in what a job reports.
    pub fn receive(&mut self, event: LabEvent) {
        match event {
            LabEvent::Observed { job, place, observed } => self.observe(job, place, observed),
            LabEvent::Probed { job, outcome } if self.probes.running == Some(job) => {
                self.probes.running = None;
                self.notice = outcome.err();
            }
            LabEvent::Probed { .. } => {}
            LabEvent::Loaded { sheet, outcome: Ok((text, tests)) } => {
                let editor = &mut self.editors[sheet.index()];
                editor.loaded.clone_from(&text);
                editor.text = text;
                if sheet == Sheet::Session {
                    self.suite = tests.map(|text| Suite::parse(&text));
                }
                self.shown = sheet;
                self.stale();
            }
            LabEvent::Saved { sheet, outcome: Ok(path) } => {
                let editor = &mut self.editors[sheet.index()];
                editor.loaded.clone_from(&editor.text);
                self.saved = Some(path);
                self.stale();
            }
            LabEvent::Loaded { outcome: Err(problem), .. } | LabEvent::Saved { outcome: Err(problem), .. } => {
                self.notice = Some(problem);
            }
        }
    }

    fn observe(&mut self, job: JobId, place: Place, observed: Observed) {
        if self.probes.running == Some(job) {
            self.probes.observed.insert(place, observed);
        }
    }
}
