//! Creating, changing and deleting records, with the checks that the org makes on the way.

mod body;

use serde_json::{Map, Value as Json};

use super::fault::Fault;
use super::id::Id;
use super::knobs::Knob;
use super::org::{Cause, EffectKind, Org, Record, Transaction};
use super::rules;
use super::schema::Object;
use super::stamp::Stamp;
use super::value::Value;

/// On whose behalf a write happens, and what else it may set off.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WriteContext {
    /// The acting user.
    pub(crate) user: Id,
    /// Whether the assignment rule fires; it does unless `Sforce-Auto-Assign: FALSE` was sent with this very write.
    pub(crate) auto_assign: bool,
    /// For the list of effects.
    pub(crate) cause: Cause,
}

impl Org {
    /// Sets a field by name; no effect if the object has no such field.
    pub(crate) fn assign(&self, object: Object, record: &mut Record, field: &str, value: impl Into<Value>) {
        if let Some(place) = self.schema().of(object).place(field) {
            record.set(place, value.into());
        }
    }

    /// The name of a user or queue, for people.
    pub(crate) fn name_of(&self, id: Id) -> Value {
        self.find(id).map_or(Value::Null, |(object, record)| self.read(object, record, "Name").clone())
    }
}

impl Transaction<'_> {
    /// Creates a record from a request body.
    pub(crate) fn create(&mut self, object: Object, body: &Map<String, Json>, by: &WriteContext) -> Result<Id, Fault> {
        body::check_writable(object)?;
        let values = body::read(self.org(), object, body, body::Purpose::Create)?;
        let id = self.next_id(object);
        let mut record = Record::new(id, self.org().schema().of(object).len());
        for (place, value) in values {
            record.set(place, value);
        }
        body::check_required(self.org(), object, &record)?;
        body::check_unique(self.org(), object, &record)?;
        self.insert(object, record, by)?;
        Ok(id)
    }

    /// Completes a new record as the org does (defaults, rule, stamps), puts it in place and takes note of it.
    pub(crate) fn insert(&mut self, object: Object, mut record: Record, by: &WriteContext) -> Result<(), Fault> {
        let org = self.org();
        defaults(org, object, &mut record, by.user, self.at());
        let owner_given = org.read(object, &record, "OwnerId").as_id();
        if let Some(owner) = owner_given.filter(|owner| *owner != by.user) {
            body::check_owner(org, object, owner)?;
        }
        if object == Object::Lead && by.auto_assign {
            rules::assign(self, &mut record);
        }
        derived(self.org(), object, &mut record);
        let effect = creation_effect(self.org(), object, &record, by.cause);
        self.put(object, record);
        if let Some(effect) = effect {
            self.effect(by.user, effect);
        }
        Ok(())
    }

    /// Changes a record as a request body says.
    pub(crate) fn update(
        &mut self,
        object: Object,
        id: Id,
        body: &Map<String, Json>,
        by: &WriteContext,
    ) -> Result<(), Fault> {
        body::check_writable(object)?;
        if object == Object::Lead && self.strikes(Knob::LockedRow) {
            return Err(Fault::locked_row(id));
        }
        let before = live(self.org(), object, id)?.clone();
        if object == Object::Lead && self.org().read(object, &before, "IsConverted").is_true() {
            return Err(Fault::bad("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead"));
        }
        let values = body::read(self.org(), object, body, body::Purpose::Update)?;
        let mut record = before.clone();
        for (place, value) in values {
            record.set(place, value);
        }
        body::check_required(self.org(), object, &record)?;
        body::check_unique(self.org(), object, &record)?;
        self.replace_by(object, &before, record, by)
    }

    /// Sets the owner of a lead, past everything a client has to observe; for people and the world outside.
    pub(crate) fn reassign(&mut self, lead: Id, owner: Id, by: &WriteContext) -> Result<(), Fault> {
        let before = live(self.org(), Object::Lead, lead)?.clone();
        let mut record = before.clone();
        self.org().assign(Object::Lead, &mut record, "OwnerId", owner);
        self.replace_by(Object::Lead, &before, record, by)
    }

    fn replace_by(
        &mut self,
        object: Object,
        before: &Record,
        mut record: Record,
        by: &WriteContext,
    ) -> Result<(), Fault> {
        let org = self.org();
        let owner_before = org.read(object, before, "OwnerId").as_id();
        if let Some(owner) = org.read(object, &record, "OwnerId").as_id().filter(|owner| Some(*owner) != owner_before) {
            body::check_owner(org, object, owner)?;
        }
        let mut cause = by.cause;
        if object == Object::Lead && by.auto_assign {
            rules::assign(self, &mut record);
            cause = Cause::Rule;
        }
        touch(self.org(), object, &mut record, by.user, self.at());
        derived(self.org(), object, &mut record);
        let owner_after = self.org().read(object, &record, "OwnerId").as_id();
        self.put(object, record);
        if object == Object::Lead
            && let Some(to) = owner_after.filter(|to| Some(*to) != owner_before)
        {
            self.write_owner_history(before.id, owner_before, to, by.user);
            self.effect(by.user, EffectKind::OwnerChanged { lead: before.id, from: owner_before, to, cause });
            if cause == Cause::Api && self.strikes(Knob::OwnerTrigger) {
                self.trigger_moves(before.id, to)?;
            }
        }
        Ok(())
    }

    /// A trigger of the org gives a lead that has just been given to one rep to the next of the team.
    fn trigger_moves(&mut self, lead: Id, owner: Id) -> Result<(), Fault> {
        let org = self.org();
        let team = rules::eligible(org, rules::territory_of(org, live(org, Object::Lead, lead)?));
        let place = team.iter().position(|rep| *rep == owner).map_or(0, |place| place + 1);
        let user = org.landmarks().intake_user;
        match team.get(place % team.len().max(1)).copied().filter(|next| *next != owner) {
            Some(next) => self.reassign(lead, next, &WriteContext { user, auto_assign: false, cause: Cause::Trigger }),
            None => Ok(()),
        }
    }

    /// Moves a record to the recycle bin.
    pub(crate) fn delete(&mut self, object: Object, id: Id, by: &WriteContext) -> Result<(), Fault> {
        body::check_writable(object)?;
        let mut record = live(self.org(), object, id)?.clone();
        self.org().assign(object, &mut record, "IsDeleted", true);
        touch(self.org(), object, &mut record, by.user, self.at());
        self.put(object, record);
        if object == Object::Lead {
            self.effect(by.user, EffectKind::LeadDeleted { lead: id, cause: by.cause });
        }
        Ok(())
    }

    /// An owner change shows as two rows: one with the names, one with the ids.
    fn write_owner_history(&mut self, lead: Id, from: Option<Id>, to: Id, user: Id) {
        let names = (from.map_or(Value::Null, |id| self.org().name_of(id)), self.org().name_of(to));
        let as_text = |id: Id| Value::text(id.as_str());
        let ids = (from.map_or(Value::Null, as_text), as_text(to));
        for (kind, (old, new)) in [("Text", names), ("EntityId", ids)] {
            let id = self.next_id(Object::LeadHistory);
            let org = self.org();
            let mut row = Record::new(id, org.schema().of(Object::LeadHistory).len());
            for (field, value) in [
                ("LeadId", lead.into()),
                ("Field", "Owner".into()),
                ("DataType", kind.into()),
                ("OldValue", old),
                ("NewValue", new),
                ("IsDeleted", false.into()),
                ("CreatedDate", self.at().into()),
                ("CreatedById", user.into()),
            ] {
                org.assign(Object::LeadHistory, &mut row, field, value);
            }
            self.put(Object::LeadHistory, row);
        }
    }
}

/// The record, unless it is not there or was deleted.
pub(crate) fn live(org: &Org, object: Object, id: Id) -> Result<&Record, Fault> {
    let record = org.table(object).get(id).ok_or_else(|| Fault::no_record(id.as_str()))?;
    if org.read(object, record, "IsDeleted").is_true() { Err(Fault::deleted()) } else { Ok(record) }
}

/// What the org itself fills in on creation.
fn defaults(org: &Org, object: Object, record: &mut Record, user: Id, at: Stamp) {
    let fields = org.schema().of(object);
    for (place, field) in fields.iter().enumerate() {
        if !record.at(place).is_null() {
            continue;
        }
        let value = match (object, field.name.as_str()) {
            (_, "OwnerId" | "CreatedById" | "LastModifiedById") => user.into(),
            (_, "CreatedDate" | "LastModifiedDate" | "SystemModstamp") => at.into(),
            (Object::Lead, "Status") => "Open - Not Contacted".into(),
            (Object::Task, "Status") => "Not Started".into(),
            (Object::Task, "Priority") => "Normal".into(),
            (Object::Event, "ShowAs") => "Busy".into(),
            (Object::Decision, "Name") => format!("RD-{:06}", record.id.serial()).as_str().into(),
            _ if field.kind == super::schema::Kind::Checkbox => false.into(),
            _ => continue,
        };
        record.set(place, value);
    }
}

/// The stamps of a change.
pub(crate) fn touch(org: &Org, object: Object, record: &mut Record, user: Id, at: Stamp) {
    org.assign(object, record, "LastModifiedDate", at);
    org.assign(object, record, "SystemModstamp", at);
    org.assign(object, record, "LastModifiedById", user);
}

/// Fields that follow from others.
fn derived(org: &Org, object: Object, record: &mut Record) {
    let text = |record: &Record, field| org.read(object, record, field).as_text().unwrap_or_default().to_owned();
    match object {
        Object::Lead | Object::Contact => {
            let name = format!("{} {}", text(record, "FirstName"), text(record, "LastName"));
            org.assign(object, record, "Name", name.trim());
        }
        Object::Opportunity => {
            let stage = text(record, "StageName");
            org.assign(object, record, "IsWon", stage == "Closed Won");
            org.assign(object, record, "IsClosed", stage.starts_with("Closed"));
        }
        Object::Task => {
            let closed = text(record, "Status") == "Completed";
            org.assign(object, record, "IsClosed", closed);
            // The moment at which it was completed first, and none once it is open again.
            let before = org.read(object, record, "CompletedDateTime").clone();
            let changed = org.read(object, record, "SystemModstamp").clone();
            let completed = match (closed, before) {
                (false, _) => Value::Null,
                (true, Value::Null) => changed,
                (true, before) => before,
            };
            org.assign(object, record, "CompletedDateTime", completed);
        }
        Object::Event => {
            let day =
                org.read(object, record, "StartDateTime").as_stamp().map_or(Value::Null, |at| Value::Date(at.date()));
            org.assign(object, record, "ActivityDate", day);
        }
        _ => {}
    }
}

fn creation_effect(org: &Org, object: Object, record: &Record, cause: Cause) -> Option<EffectKind> {
    let id_at = |field| org.read(object, record, field).as_id();
    let text_at = |field| org.read(object, record, field).as_text().map(str::to_owned);
    match object {
        Object::Lead if cause == Cause::Api => {
            Some(EffectKind::LeadCreated { lead: record.id, owner: id_at("OwnerId")? })
        }
        Object::Decision => Some(EffectKind::DecisionRecorded {
            record: record.id,
            lead: id_at("Lead__c"),
            key: text_at("Decision_Key__c"),
            trace_id: text_at("Trace_Id__c"),
            owner: text_at("Assigned_Owner_Id__c"),
        }),
        Object::Task => Some(EffectKind::TaskCreated {
            task: record.id,
            lead: id_at("WhoId"),
            owner: id_at("OwnerId")?,
            subject: text_at("Subject"),
        }),
        _ => None,
    }
}
