use super::*;

fn in_rule(when: &str) -> String {
    text(&[rule("r", "hot", when, "")])
}

/// What is wrong with a condition: message and cure of the first problem, and what the carets are under.
fn wrong(when: &str) -> (String, String, String) {
    let problems = Rulebook::parse(&in_rule(when), "routing.toml").expect_err(when);
    let first = &problems[0];
    let (column, width) = (first.place.column as usize - 1, first.excerpt.width as usize);
    let meant = first.excerpt.line.chars().skip(column).take(width).collect();
    (first.message.clone(), first.cure.clone(), meant)
}

#[test]
fn a_list_of_texts_and_numbers_may_be_asked_for_either() {
    for list in ["[\"Web\", 5]", "[5, \"Web\"]", "[5, 5.5, \"Web\"]", "[\"Web\", 5.5]"] {
        for fact in ["lead.source", "lead.score", "lead.amount"] {
            let problems = Rulebook::parse(&in_rule(&format!("{fact} in {list}")), "routing.toml").err();
            assert!(problems.is_none(), "{fact} in {list}: {problems:?}");
        }
    }
    // Numbers alone are numbers, whole or not.
    assert_eq!(wrong("lead.source in [5, 5.5]").0, "a text is compared with a decimal number");
    assert_eq!(wrong("lead.source in [5, 6]").0, "a text is compared with a whole number");
    assert_eq!(wrong("lead.score in [\"Web\", \"Fair\"]").0, "a whole number is compared with a text");
}

#[test]
fn what_can_be_added_and_taken_away_is_known_before_any_lead_comes() {
    for good in [
        "lead.company + lead.source == \"Acme Web\"",
        "lead.score + 5 > 80",
        "lead.score - 5 > 80",
        "lead.amount + 1.5 > lead.amount - 1.5",
        "size([\"a\"] + [\"b\"]) == 2",
        "now + duration(\"1h\") > lead.created_at",
        "duration(\"1h\") + now > lead.created_at",
        "now - duration(\"1h\") > lead.created_at",
        "now - lead.created_at > duration(\"1h\") + duration(\"2h\")",
        "now - lead.created_at > duration(\"2h\") - duration(\"1h\")",
    ] {
        let problems = Rulebook::parse(&in_rule(good), "routing.toml").err();
        assert!(problems.is_none(), "{good}: {problems:?}");
    }
    for (bad, parts) in [
        ("lead.company - lead.source == \"Web\"", "a text and a text"),
        ("lead.company * lead.source == \"Web\"", "a text and a text"),
        ("lead.company + lead.score == \"Web\"", "a text and a whole number"),
        ("size([\"a\"] - [\"b\"]) == 2", "a list and a list"),
        ("now + lead.created_at > now", "a moment and a moment"),
        ("duration(\"1h\") - now > now", "a duration and a moment"),
        ("now * duration(\"1h\") > now", "a moment and a duration"),
        ("duration(\"1h\") * duration(\"1h\") > duration(\"1h\")", "a duration and a duration"),
        ("lead.amount % 2.0 == 1.0", "a decimal number and a decimal number"),
    ] {
        assert_eq!(wrong(bad).0, format!("{parts} cannot be calculated with each other"), "{bad}");
    }
}

#[test]
fn a_mistake_in_a_condition_is_shown_where_it_is() {
    let text = "format = 1\n[[rule]]\nname = \"Webinars\"\nkind = \"hot\"\nowner = \"m\"\nreason = \"r\"\nwhen = \"lead.company == \\\"Café\\\" && lead.sorce == \\\"Webinar\\\"\"\n";
    assert_eq!(
        complaints(text),
        "routing.toml:7:42: lead has no \"sorce\"\n  \
         7 | when = \"lead.company == \\\"Café\\\" && lead.sorce == \\\"Webinar\\\"\"\n    \
         |                                          ^^^^^\n  \
         did you mean lead.source?"
    );
    let many = "format = 1\n[[rule]]\nname = \"n\"\nkind = \"hot\"\nowner = \"m\"\nreason = \"r\"\nwhen = '''\nlead.source == \"a\" &&\n  lead.amuont > 5\n'''\n";
    let problems = Rulebook::parse(many, "f").unwrap_err();
    assert_eq!((problems[0].place.line, problems[0].place.column), (9, 8));
}

#[test]
fn what_people_get_wrong_is_said_in_their_words() {
    for (when, message, cure, meant) in [
        ("lead.source = \"Web\"", "one = does not compare", "write == to compare", "="),
        ("lead.source == \"Web\" and lead.amount > 5", "\"and\" is written &&", "write && instead", "and"),
        ("NOT lead.source == \"Web\"", "\"not\" is written !", "write ! before what must not hold", "NOT"),
        ("lead.amount <> 5", "<> is not known", "write != for \"is not\"", "<>"),
        ("lead.source == “Web”", "this is no quote that can be used", "put texts in straight quotes: \"…\"", "“"),
        ("(lead.amount > 5", "this bracket is never closed", "close it", "("),
        ("lead.amount > 5)", "this bracket closes nothing", "take it away, or open it before", ")"),
        ("lead.sorce == \"Web\"", "lead has no \"sorce\"", "did you mean lead.source?", "sorce"),
        ("source == \"Web\"", "there is no \"source\"", "did you mean lead.source?", "source"),
        (
            "lead.amount > \"5\"",
            "a decimal number is compared with a text",
            "numbers stand without quotes, texts in quotes",
            "lead.amount > \"5\"",
        ),
        (
            "lead.amount * 2 > 5",
            "a whole number and a decimal number are not calculated with each other",
            "write the number with a point: 2.0 instead of 2; or double(…) around a whole fact",
            "lead.amount * 2",
        ),
        (
            "lead.industry == null",
            "nothing is ever null: a fact is known or missing",
            "write has(lead.industry) for \"is known\", !has(lead.industry) for \"is missing\"",
            "lead.industry == null",
        ),
        (
            "account != null",
            "nothing is ever null: a fact is known or missing",
            "write has(account.id) for \"is known\", !has(account.id) for \"is missing\"",
            "account != null",
        ),
        (
            "lead.amount",
            "a condition must be true or false; this is a decimal number",
            "compare it with something, for example with ==",
            "lead.amount",
        ),
        ("lead.tier == \"Hot\"", "it is never \"Hot\"", "did you mean \"hot\"?", "\"Hot\""),
        ("lead.company.contain(\"x\")", "there is no function \"contain\"", "did you mean contains?", "contain"),
        (
            "lead.company.lowerAscii().contains(\"Bank\")",
            "lowerAscii() leaves no capital letters, so this never fits",
            "write \"bank\"",
            "\"Bank\"",
        ),
        (
            "\"A\" == lead.company.lowerAscii()",
            "lowerAscii() leaves no capital letters, so this never fits",
            "write \"a\"",
            "\"A\"",
        ),
        (
            "lead.company.contains(5)",
            "contains is not used this way",
            "write (a text).contains(a text)",
            "lead.company.contains(5)",
        ),
        (
            "now > timestamp(\"2027-01-01\")",
            "\"2027-01-01\" is no timestamp",
            "write it as \"2027-01-31T00:00:00Z\", or with a zone as \"2027-01-31T09:00:00+01:00\"",
            "\"2027-01-01\"",
        ),
        (
            "now.getHours(\"Europe/Berln\") > 5",
            "there is no time zone \"Europe/Berln\"",
            "write a name such as \"Europe/Berlin\" or \"America/New_York\"",
            "\"Europe/Berln\"",
        ),
        (
            "rep.territory == \"North\"",
            "\"when\" is asked before there is a rep",
            "put conditions on reps into rep_when (rules of kind require and partner have it)",
            "rep",
        ),
        (
            "has(account)",
            "has() asks about one fact",
            "write has(lead.industry), or has(account.id) for whether there is an account",
            "account",
        ),
        (
            "lead.source == \"Web",
            "this text in quotes is not understood",
            "close the quote; a backslash is written twice (\\\\), a quote inside as \\\"",
            "\"",
        ),
        (
            "",
            "the condition is empty",
            "write what must hold, for example lead.source == \"Webinar\"; a rule for every lead says \"true\"",
            "'",
        ),
        (
            "lead.source ==",
            "the condition ends too early",
            "something is missing at its end: a value, a closing bracket or a closing quote",
            "'",
        ),
    ] {
        assert_eq!(wrong(when), (message.to_owned(), cure.to_owned(), meant.to_owned()), "{when}");
    }
    assert_eq!(wrong("lead.company.matches(\"(\")").2, "\"(\"");
    // A name lives only inside of the walk that binds it.
    assert_eq!(wrong("[\"a\"].exists(x, true) && x == lead.source").0, "there is no \"x\"");
    // Each list inside another multiplies the work.
    let twice = "[\"a\"].exists(x, [\"b\"].exists(y, x == y || x == lead.source))";
    assert!(Rulebook::parse(&in_rule(twice), "f").is_ok());
    let thrice = format!("[\"c\"].exists(z, {twice})");
    assert_eq!(wrong(&thrice).0, "lists are walked inside each other too often");
    assert!(wrong(&"(".repeat(3000)).0.contains("nested too deeply"));
    assert!(wrong(&vec!["lead.score"; 600].join(" + ")).0.contains("nested too deeply"));
    assert!(wrong(&vec!["lead.score > 1"; 700].join(" && ")).0.contains("longer than"));
}

#[test]
fn every_mistake_of_a_file_comes_at_once_in_its_order() {
    let text = "format = 2\ncapasity = 1\n\n[[rule]]\nnam = \"x\"\nkind = \"strategc\"\nwhen = 'lead.x == 1'\nowner = 5\nfrom = \"soon\"\n\n\
                [[rule]]\nname = \"b\"\nkind = \"exception\"\nwhen = 'true'\nowner = \"m\"\nreason = \" \"\nrep = \"ana\"\n";
    let problems = Rulebook::parse(text, "r").unwrap_err();
    let found: Vec<_> = problems.iter().map(|p| (p.place.line, p.message.as_str())).collect();
    assert_eq!(
        found,
        [
            (1, "this format is not known to this version of the program"),
            (2, "there is no \"capasity\""),
            (4, "this rule has no name"),
            (4, "this rule has no reason"),
            (6, "there is no kind \"strategc\""),
            (7, "lead has no \"x\""),
            (8, "owner is not understood"),
            (9, "from is not understood"),
            (16, "reason is empty"),
            (17, "rules of kind exception have no rep; those of kind strategic do"),
        ]
    );
    assert!(complaints("format = 1\n[[rule]\n").starts_with("routing.toml:2:"));
    assert!(complaints("").contains("the file does not say its format"));
}

#[test]
fn each_kind_needs_its_target_and_only_one() {
    let says = |kind: &str, more: &str| complaints(&text(&[rule("r", kind, "true", more)]));
    assert!(says("strategic", "").contains("a rule of kind strategic must say rep or queue"));
    assert!(says("strategic", "rep = \"a\"\nqueue = \"b\"").contains("a rule says only one of rep, queue"));
    assert!(says("partner", "source = \"x\"").contains("must say rep or queue or rep_when"));
    assert!(says("require", "").contains("must say rep_when"));
    assert!(says("territory", "").contains("must say territory"));
    assert!(says("require", "rep_when = 'rep.skils == 1'").contains("did you mean rep.skills?"));
    assert!(says("require", "rep_when = '\"ISO\" in rep.skills'").contains("write \"iso\""));
    assert!(says("hot", "from = 2027-01-02\nuntil = 2027-01-01").contains("the rule ends before it begins"));
    assert!(says("hot", "from = 2027-01-02T10:00:00").contains("this is no day and no moment with a zone"));
    let twice = complaints(&text(&[rule("R", "hot", "true", ""), rule("r", "hot", "true", "")]));
    assert!(twice.contains("two rules are called \"r\"; the other is in line 4"), "{twice}");
}

#[test]
fn a_version_names_what_is_said_and_not_how_it_is_laid_out() {
    let one = parsed(&text(&[rule("r", "hot", "lead.amount > 5", "")]));
    let same =
        parsed(&format!("# a comment\n{}", text(&[rule("r", "hot", "lead.amount > 5", "")]).replace(" = ", "=")));
    let other = parsed(&text(&[rule("r", "hot", "lead.amount > 6", "")]));
    assert_eq!(one.version(), same.version());
    assert_ne!(one.version(), other.version());
    assert_eq!(one.version().short().len(), 8);
    assert_eq!(parsed(one.canonical()).version(), one.version());
    assert_eq!(parsed(Rulebook::empty().canonical()).version(), Rulebook::empty().version());
    assert_eq!(parsed("format = 1").version(), Rulebook::empty().version());
}
