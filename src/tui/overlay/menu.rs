//! A short list, each line chosen by its letter.

use chrono::{DateTime, Utc};
use strum::VariantArray;

use crate::app::export::Format;
use crate::app::views::LeadDetail;
use crate::domain::ids::QueueId;
use crate::domain::rep::Queue;
use crate::domain::text::safe;
use crate::domain::verdict::{Reason, ReasonCode};
use crate::tui::verdict::Draft;

/// A list to choose from, and the verdict it completes.
#[derive(Clone, Debug)]
pub struct Menu {
    /// What is being asked.
    pub title: String,
    /// The lines.
    pub items: Vec<Item>,
    /// Line under the cursor; none at first, so that a stray Enter says nothing in anybody's name.
    pub selected: Option<usize>,
    /// The verdict so far; `None` where it is not about one lead.
    pub draft: Option<Draft>,
}

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// The key that chooses it.
    pub letter: char,
    /// What it says; raw.
    pub label: String,
    /// What choosing it means.
    pub choice: Choice,
}

/// What was chosen.
#[derive(Clone, Debug, PartialEq)]
pub enum Choice {
    /// Why the recommendation is turned down.
    Reason(Reason),
    /// Write a note first, then choose the reason.
    WriteNote,
    /// The queue it goes to.
    Queue(QueueId),
    /// When to ask again.
    Until(DateTime<Utc>),
    /// What is put on the clipboard; raw.
    Copy(String),
    /// How the list is written.
    Export(Format),
    /// The manager whom leads are handed to; raw.
    Manager(String),
}

impl Menu {
    /// The reasons for turning a recommendation down.
    pub fn reasons(draft: Draft) -> Self {
        let mut items: Vec<Item> = ReasonCode::VARIANTS
            .iter()
            .map(|code| Item {
                letter: code.letter(),
                label: code.title().into(),
                choice: Choice::Reason((*code).into()),
            })
            .collect();
        items.push(Item { letter: 'n', label: "Write a note first".into(), choice: Choice::WriteNote });
        Self { title: "Why not the recommendation?".into(), items, selected: None, draft: Some(draft) }
    }

    /// What a reason can be more exactly, by digits; `None` if it has no details.
    pub fn details(code: ReasonCode, draft: Draft) -> Option<Self> {
        let details = code.details().iter().zip('1'..='9').zip(1..);
        let items: Vec<Item> = details
            .filter_map(|((words, letter), n)| {
                let choice = Choice::Reason(Reason::exactly(code, n)?);
                Some(Item { letter, label: (*words).to_owned(), choice })
            })
            .collect();
        let title = format!("{}: what exactly?", code.title());
        (!items.is_empty()).then_some(Self { title, items, selected: None, draft: Some(draft) })
    }

    /// Whether its lines can be said more exactly, by a capital letter.
    pub fn has_details(&self) -> bool {
        self.items.iter().any(|item| matches!(item.choice, Choice::Reason(reason) if reason == reason.code.into() && !reason.code.details().is_empty()))
    }

    /// The queues a lead can go to.
    pub fn queues(queues: &[Queue], draft: Draft) -> Self {
        let mut items: Vec<Item> = Vec::new();
        for queue in queues {
            let taken: Vec<char> = items.iter().map(|i| i.letter).collect();
            let others = queues.iter().filter(|one| one.id != queue.id).map(|one| one.name.as_str());
            let Some(letter) = free_letter(&queue.name, others, &taken) else { break };
            items.push(Item { letter, label: queue.name.clone(), choice: Choice::Queue(queue.id.clone()) });
        }
        Self { title: "Send it to which queue?".into(), items, selected: None, draft: Some(draft) }
    }

    /// How long a lead can be put off.
    pub fn snooze(times: [(char, String, DateTime<Utc>); 3], draft: Draft) -> Self {
        let items = times
            .into_iter()
            .map(|(letter, label, until)| Item { letter, label, choice: Choice::Until(until) })
            .collect();
        Self { title: "Ask again when?".into(), items, selected: None, draft: Some(draft) }
    }

    /// What can be copied of a lead.
    pub fn copies(detail: &LeadDetail, draft: Draft) -> Self {
        let lead = &detail.record.lead;
        let recommended = detail.recommendation.as_ref();
        let owner = recommended.map(|one| one.route.owner()).and_then(|owner| detail.names.get(owner.id()));
        let trace = detail.decisions.first().map(|decision| decision.trace_id.to_string());
        let all = [
            ('i', "Lead id", Some(lead.id.to_string())),
            ('c', "Company", Some(lead.company.clone())),
            ('o', "Recommended owner", owner.cloned()),
            ('w', "Why", recommended.map(|one| one.explanation.clone())),
            ('t', "Trace id of the last decision", trace),
        ];
        let item = |(letter, label, text): (char, &str, Option<String>)| {
            let text = safe(&text?);
            Some(Item { letter, label: label.to_owned(), choice: Choice::Copy(text) })
        };
        let items = all.into_iter().filter_map(item).collect();
        Self { title: "Copy what?".into(), items, selected: None, draft: Some(draft) }
    }

    /// How a list can be written.
    pub fn exports() -> Self {
        let item = |(letter, label, format): (char, &str, Format)| Item {
            letter,
            label: label.to_owned(),
            choice: Choice::Export(format),
        };
        let items = [('c', "CSV, for spreadsheets", Format::Csv), ('j', "JSON, for scripts", Format::Json)];
        Self {
            title: "Write the list to a file as".into(),
            items: items.map(item).to_vec(),
            selected: None,
            draft: None,
        }
    }

    /// Managers whom leads can be handed to.
    pub fn managers(names: &[String], title: String) -> Self {
        let mut items: Vec<Item> = Vec::new();
        for name in names {
            let taken: Vec<char> = items.iter().map(|i| i.letter).collect();
            let others = names.iter().filter(|one| *one != name).map(String::as_str);
            let Some(letter) = free_letter(name, others, &taken) else { break };
            items.push(Item { letter, label: name.clone(), choice: Choice::Manager(name.clone()) });
        }
        Self { title, items, selected: None, draft: None }
    }

    /// The line that a letter chooses, either case.
    pub fn by_letter(&self, letter: char) -> Option<&Item> {
        let letter = letter.to_ascii_lowercase();
        self.items.iter().find(|item| item.letter == letter)
    }

    /// Moves the cursor.
    pub fn step(&mut self, lines: isize) {
        let last = self.items.len().saturating_sub(1);
        self.selected = Some(self.selected.map_or(0, |line| line.saturating_add_signed(lines).min(last)));
    }
}

/// The first free letter: of the words that no other name has, then of the name, else any letter or digit.
fn free_letter<'a>(name: &str, others: impl Iterator<Item = &'a str>, taken: &[char]) -> Option<char> {
    let shared: Vec<&str> = others.flat_map(str::split_whitespace).collect();
    let own = name.split_whitespace().filter(|word| !shared.contains(word)).filter_map(|word| word.chars().next());
    let of_name = own.chain(name.chars()).map(|c| c.to_ascii_lowercase()).filter(char::is_ascii_lowercase);
    of_name.chain('a'..='z').chain('0'..='9').find(|c| !taken.contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_queues_are_unique_and_mnemonic() {
        let queue = |name: &str| Queue { id: QueueId::new(name), name: name.into(), key: name.into() };
        let queues = [queue("Managers"), queue("Partner"), queue("Marketing"), queue("市場")];
        let menu = Menu::queues(&queues, Draft::for_tests());
        let letters: String = menu.items.iter().map(|i| i.letter).collect();
        assert_eq!(letters, "mpab");
        assert_eq!(menu.by_letter('M').unwrap().label, "Managers");
        // The word that tells them apart gives the letter, not the one that all of them have.
        let menu = Menu::queues(&[queue("Leadboard Manager"), queue("Leadboard Default")], Draft::for_tests());
        assert_eq!(menu.items.iter().map(|i| i.letter).collect::<String>(), "md");
    }

    #[test]
    fn no_reason_has_the_letter_of_the_note() {
        let menu = Menu::reasons(Draft::for_tests());
        let mut letters: Vec<char> = menu.items.iter().map(|i| i.letter).collect();
        let all = letters.len();
        letters.sort_unstable();
        letters.dedup();
        assert_eq!((letters.len(), all), (14, 14));
    }
}
