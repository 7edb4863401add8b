//! One request more closely: who decided it and by which statement, what OSS would answer, and the smallest fix.

use std::ops::Range;

use serde_json::Value;
use shared::ram::template::fill_in;
use shared::ram::{
    Addition, Asker, Edit, Layer, LayerVerdict, Obstacle, Outcome, PolicyDocument, Spans, StatementReport, explain,
    obstacles, refusal,
};

use super::analysis::{Cell, Place, changed_by, pairs, with_layers};
use super::grid::{ACCOUNT, ROLE, SESSION};
use super::{Lab, Pick, Sheet};
use crate::words::tr;

/// What there is to say of one request.
pub struct Detail {
    pub cell: Cell,
    /// The sheet that decided.
    pub sheet: Sheet,
    /// In a sentence, why it came out so.
    pub sentence: String,
    /// What each layer that is there said.
    pub layers: Vec<(Sheet, LayerVerdict)>,
    /// What each statement of the deciding layer makes of it.
    pub statements: Vec<StatementReport>,
    /// The answer of OSS, when it is refused.
    pub xml: Option<String>,
    pub fixes: Vec<Fix>,
}

/// What would allow a request, or what stands in its way.
pub struct Fix {
    pub sheet: Sheet,
    pub words: String,
    /// The change, and the cells that it would change besides.
    pub change: Option<(Edit, Vec<Place>)>,
}

impl Lab {
    /// The cell that is looked at.
    pub fn picked(&self) -> Option<Cell> {
        match self.selected? {
            Pick::Cell(place) => self.analysis.cell(place).cloned(),
            Pick::Asked => Some(self.analysis.ask(self.asked.as_ref()?, &self.scene)),
        }
    }

    /// All about it.
    pub fn detail(&self) -> Option<Detail> {
        let cell = self.picked()?;
        if self.analysis.unreadable.contains(&true) {
            return None;
        }
        let (sheet, _) = cell.deciding();
        let policy = self.analysis.policies[sheet.index()].as_ref();
        let verdict = &cell.verdict;
        let layers = [
            (Sheet::Role, Some(verdict.identity.clone())),
            (Sheet::Session, verdict.session.clone()),
            (Sheet::Bucket, verdict.bucket.clone()),
        ];
        let asker = Asker::Role { account: ACCOUNT, role: ROLE, session: SESSION };
        let refused = !verdict.is_allow();
        Some(Detail {
            sheet,
            sentence: sentence(&cell),
            layers: layers.into_iter().filter_map(|(sheet, verdict)| verdict.map(|verdict| (sheet, verdict))).collect(),
            statements: policy.map(|policy| explain(policy, &cell.request)).unwrap_or_default(),
            xml: refused.then(|| refusal(verdict, &cell.request, cell.question.is_management(), &asker).to_xml()),
            fixes: self.fixes(&cell),
            cell,
        })
    }

    /// Where in its sheet's text the deciding statement stands.
    pub fn lit(&self) -> Option<(Sheet, Range<usize>)> {
        let cell = self.picked()?;
        let (sheet, statement) = cell.deciding();
        let statement = statement?;
        let range = Spans::read(&self.editors[sheet.index()].text).exactly(&format!("Statement[{statement}]"))?;
        Some((sheet, range))
    }

    fn fixes(&self, cell: &Cell) -> Vec<Fix> {
        let found = with_layers(&self.analysis.policies, |layers| obstacles(layers, &cell.request));
        found.into_iter().map(|obstacle| self.fix(obstacle)).collect()
    }

    fn fix(&self, obstacle: Obstacle) -> Fix {
        match obstacle {
            Obstacle::Denied { layer, statement } => {
                let sheet = Sheet::of(layer);
                let words = tr!(
                    "Statement {0} of the {1} denies it, and no other statement can undo that: narrow or remove it.",
                    statement,
                    sheet.words(),
                );
                Fix { sheet, words, change: None }
            }
            Obstacle::Missing { layer, addition } => {
                let sheet = Sheet::of(layer);
                let words = match &addition {
                    Addition::Action { statement, action } => {
                        tr!("Add {0} to statement {1} of the {2}.", action, statement, sheet.words())
                    }
                    Addition::Statement(_) => tr!("Add a statement to the {0} that allows this.", sheet.words()),
                };
                let edit = match addition {
                    Addition::Statement(statement) => Addition::Statement(self.as_template(statement)).edit(),
                    action => action.edit(),
                };
                let others = self.changed_by(sheet, &edit);
                Fix { sheet, words, change: others.map(|others| (edit, others)) }
            }
        }
    }

    /// With placeholders for what they stand for; in the token's own folder the whole of it.
    fn as_template(&self, statement: Value) -> Value {
        let (bucket, prefix) = (&self.scene.bucket, &self.scene.prefix);
        let resource = statement["Resource"][0].as_str().unwrap_or_default().to_owned();
        let listed = statement["Condition"]["StringEquals"]["oss:Prefix"][0].as_str().map(str::to_owned);
        let mut statement = statement;
        let own = format!("acs:oss:*:*:{bucket}/{prefix}");
        if !prefix.is_empty() && resource.starts_with(&own) {
            statement["Resource"][0] = "acs:oss:*:*:$BUCKET_NAME/$OBJECT_PREFIX*".into();
        } else if let Some(rest) = resource.strip_prefix(&format!("acs:oss:*:*:{bucket}"))
            && (rest.is_empty() || rest.starts_with('/'))
        {
            statement["Resource"][0] = format!("acs:oss:*:*:$BUCKET_NAME{rest}").into();
        }
        if !prefix.is_empty() && listed.is_some_and(|listed| listed.starts_with(prefix.as_str())) {
            statement["Condition"] = serde_json::json!({ "StringLike": { "oss:Prefix": ["$OBJECT_PREFIX*"] } });
        }
        statement
    }

    /// The cells that an edit would change; `None` when the text has no place for it.
    fn changed_by(&self, sheet: Sheet, edit: &Edit) -> Option<Vec<Place>> {
        let text = edit.apply(&self.editors[sheet.index()].text)?;
        let filled = fill_in(&text, &pairs(&self.scene)).ok()?;
        let mut policies = self.analysis.policies.clone();
        policies[sheet.index()] = PolicyDocument::from_value(&filled, sheet.kind()).ok();
        Some(changed_by(&self.analysis, &policies, &self.scene))
    }
}

/// Why a request came out as it did, in the language of this thread.
pub(super) fn sentence(cell: &Cell) -> String {
    let verdict = &cell.verdict;
    let number =
        |layer: &Option<shared::ram::Because>| layer.as_ref().map(|because| because.statement).unwrap_or_default();
    let whose = Sheet::of(verdict.because.layer).words();
    let statement = number(&verdict.because.statement);
    match (verdict.effect, &verdict.session) {
        (Outcome::Allow, Some(session)) => tr!(
            "Statement {0} of the session policy allows it, and statement {1} of the {2} does, too.",
            number(&session.because),
            statement,
            whose,
        ),
        (Outcome::Allow, None) => tr!("Statement {0} of the {1} allows it.", statement, whose),
        (Outcome::ExplicitDeny, _) => tr!("Statement {0} of the {1} denies it.", statement, whose),
        (Outcome::ImplicitDeny, _) if verdict.because.layer == Layer::Session => {
            tr("No statement of the session policy allows it, so nothing else is asked.").to_owned()
        }
        (Outcome::ImplicitDeny, _) => tr!("No statement of the {0} allows it, and no other policy does.", whose),
    }
}
