//! What the three policies come to: the verdict of each cell, findings, the leak check, the tests.

use serde_json::Value;
use shared::ram::cases::{Report, Suite, SuiteError};
use shared::ram::template::fill_in;
use shared::ram::{
    Bounds, Difference, Escape, Layers, Lint, PolicyDocument, Request, Verdict, evaluate, implies, lint_at, reach,
};
use shared::timefmt;

use super::grid::{Question, ROWS, Scene, Spot};
use super::{Editor, Sheet};
use crate::words::{Text, said};

/// The place of a cell: its row and its column.
pub type Place = (usize, Spot);

/// One cell.
#[derive(Debug, Clone)]
pub struct Cell {
    pub question: Question,
    pub request: Request,
    pub verdict: Verdict,
}

impl Cell {
    /// The sheet and the statement to look at: those that decided; of what is allowed, the session policy's, which narrows the role's.
    pub fn deciding(&self) -> (Sheet, Option<usize>) {
        let verdict = &self.verdict;
        match &verdict.session {
            Some(session) if verdict.is_allow() => {
                (Sheet::Session, session.because.as_ref().map(|because| because.statement))
            }
            _ => {
                (Sheet::of(verdict.because.layer), verdict.because.statement.as_ref().map(|because| because.statement))
            }
        }
    }
}

/// Whether the session policy stays in its folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leak {
    /// Proven.
    Confined,
    /// How it escapes.
    Escapes(Escape),
    /// There is nothing to prove; why.
    Unknown(Text),
}

/// All of it, for one state of the editors.
#[derive(Debug, Default)]
pub struct Analysis {
    /// The policies, by sheet; `None` for one that is empty or cannot be read.
    pub policies: [Option<PolicyDocument>; 3],
    /// Whether a sheet has words and cannot be read: then no cell has a verdict.
    pub unreadable: [bool; 3],
    pub lints: [Vec<Lint>; 3],
    cells: Vec<(Place, Cell)>,
    /// The cells that came out otherwise with the policies as they were loaded.
    pub changed: Vec<Place>,
    /// What the session policy allows more or less than as it was loaded.
    pub difference: Option<Text>,
    pub leak: Option<Leak>,
    pub tests: Option<Result<Report, SuiteError>>,
}

impl Analysis {
    /// Looks at the three sheets. `suite` are the session policy's tests.
    pub fn of(editors: &[Editor; 3], scene: &Scene, suite: Option<&Result<Suite, SuiteError>>) -> Self {
        let pairs = pairs(scene);
        let read = |text: &dyn Fn(&Editor) -> String| {
            Sheet::ALL.map(|sheet| parse(&text(&editors[sheet.index()]), sheet, &pairs))
        };
        let parsed = read(&|editor| editor.text.clone());
        let unreadable = parsed.each_ref().map(Result::is_err);
        let policies = parsed.map(|read| read.unwrap_or_default());
        let lints = Sheet::ALL.map(|sheet| match editors[sheet.index()].text.trim() {
            "" => Vec::new(),
            _ => lint_at(&editors[sheet.index()].text, sheet.kind(), &pairs, timefmt::parse_iso8601(&scene.time)),
        });
        let mut analysis = Self { policies, unreadable, lints, ..Self::default() };
        if unreadable.contains(&true) {
            return analysis;
        }
        analysis.cells = cells(&analysis.policies, scene);
        let loaded = read(&|editor| editor.loaded.clone()).map(|read| read.unwrap_or_default());
        let before = cells(&loaded, scene);
        let differs = |((place, now), (_, then)): (&(Place, Cell), &(Place, Cell))| {
            (now.verdict.is_allow() != then.verdict.is_allow()).then_some(*place)
        };
        analysis.changed = analysis.cells.iter().zip(&before).filter_map(differs).collect();
        let [_, session, _] = &analysis.policies;
        analysis.difference = session.as_ref().zip(loaded[1].as_ref()).and_then(|(now, then)| difference(now, then));
        analysis.leak = Some(match session {
            None => Leak::Unknown(said("Without a session policy a token may do all that its role may.")),
            Some(_) if scene.bucket.is_empty() => {
                Leak::Unknown(said("There is no bucket to stay in: press Configure first."))
            }
            Some(policy) => {
                let bounds = Bounds { bucket: &scene.bucket, prefix: &scene.prefix, only_key: None };
                reach(policy, &bounds).map_or_else(Leak::Escapes, |()| Leak::Confined)
            }
        });
        let run = |suite: &Result<Suite, SuiteError>| {
            suite.as_ref().map_err(Clone::clone).and_then(|suite| suite.run(&editors[Sheet::Session.index()].text))
        };
        analysis.tests = suite.map(run);
        analysis
    }

    /// The cell at a place.
    pub fn cell(&self, place: Place) -> Option<&Cell> {
        self.cells.iter().find(|(known, _)| *known == place).map(|(_, cell)| cell)
    }

    /// All cells, row by row.
    pub fn cells(&self) -> impl Iterator<Item = &(Place, Cell)> {
        self.cells.iter()
    }

    /// The verdict on a request that is no cell.
    pub fn ask(&self, question: &Question, scene: &Scene) -> Cell {
        judge(&self.policies, question.clone(), scene)
    }
}

/// What fills in the placeholders of templates.
pub fn pairs(scene: &Scene) -> [(&str, &str); 2] {
    [("$BUCKET_NAME", &scene.bucket), ("$OBJECT_PREFIX", &scene.prefix)]
}

/// `None` for an empty sheet.
fn parse(text: &str, sheet: Sheet, pairs: &[(&str, &str)]) -> Result<Option<PolicyDocument>, ()> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let filled: Value = fill_in(text, pairs).map_err(drop)?;
    PolicyDocument::from_value(&filled, sheet.kind()).map(Some).map_err(drop)
}

fn judge(policies: &[Option<PolicyDocument>; 3], question: Question, scene: &Scene) -> Cell {
    let request = question.request(scene);
    let verdict = with_layers(policies, |layers| evaluate(layers, &request));
    Cell { question, request, verdict }
}

/// The policies as the evaluator takes them.
pub fn with_layers<T>(policies: &[Option<PolicyDocument>; 3], use_them: impl FnOnce(&Layers<'_>) -> T) -> T {
    let [role, session, bucket] = policies.each_ref().map(Option::as_ref);
    let identity: Vec<&PolicyDocument> = role.into_iter().collect();
    use_them(&Layers { identity: &identity, session, bucket, ..Layers::default() })
}

fn cells(policies: &[Option<PolicyDocument>; 3], scene: &Scene) -> Vec<(Place, Cell)> {
    let places = ROWS.iter().enumerate().flat_map(|(index, row)| Spot::ALL.map(|spot| (index, row, spot)));
    places
        .filter_map(|(index, row, spot)| {
            let question = Question::of(row, spot, scene)?;
            Some(((index, spot), judge(policies, question, scene)))
        })
        .collect()
}

/// The cells that come out otherwise with other policies.
pub fn changed_by(analysis: &Analysis, policies: &[Option<PolicyDocument>; 3], scene: &Scene) -> Vec<Place> {
    let after = cells(policies, scene);
    let differs = |((place, before), (_, after)): (&(Place, Cell), &(Place, Cell))| {
        (before.verdict.is_allow() != after.verdict.is_allow()).then_some(*place)
    };
    analysis.cells.iter().zip(&after).filter_map(differs).collect()
}

/// In words, by what a policy differs from how it was loaded.
fn difference(now: &PolicyDocument, then: &PolicyDocument) -> Option<Text> {
    if now == then {
        return None;
    }
    let example = |request: &Request| {
        let id = request.resource.splitn(5, ':').nth(4).unwrap_or_default();
        let (action, id) = (request.action.clone(), id.to_owned());
        match request.context.get("oss:prefix").first() {
            Some(prefix) => said!("{0} on {1}, prefix {2}", action, id, format!("{prefix:?}")),
            None => said!("{0} on {1}", action, id),
        }
    };
    Some(match (implies(now, then), implies(then, now)) {
        (Ok(()), Ok(())) => said("Proven to allow the same as the policy that was loaded."),
        (Err(Difference::Request(more)), Ok(())) => said!("Allows more than as loaded, such as {0}.", example(&more)),
        (Ok(()), Err(Difference::Request(less))) => said!("Allows less than as loaded: not {0}.", example(&less)),
        (Err(Difference::Request(more)), Err(Difference::Request(less))) => {
            said!("Allows {0}, and no longer {1}.", example(&more), example(&less))
        }
        _ => said("Differs from the policy that was loaded."),
    })
}
