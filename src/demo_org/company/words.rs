//! What people write into a web form, in their own language.

use super::super::chance::Chance;
use super::names;

/// Share of forms in which nothing is written.
const SILENT: f64 = 0.35;
/// Share of the rest in which the product is named.
const NAMED: f64 = 0.55;
/// Share of texts that try something.
const HOSTILE: f64 = 0.012;

/// What can be said in one language. A form is an opening, a wish (with or without the product, which stands for `{}`) and an
/// end.
struct Phrases {
    openings: &'static [&'static str],
    wishes: &'static [&'static str],
    named: &'static [&'static str],
    ends: &'static [&'static str],
}

const ENGLISH: Phrases = Phrases {
    openings: &[
        "Hello, I found you through a colleague who used to work with your team.",
        "Hi there, we are comparing three vendors before the end of the quarter.",
        "Good morning, our current contract runs out in the spring and we are looking around.",
        "We met your people at a trade show last month.",
    ],
    wishes: &[
        "We would like to see a demo with our own data, if that is possible.",
        "What would it cost for about two hundred users in four offices?",
        "We need something that our people can use without weeks of training.",
        "Could somebody explain how you handle data that must stay in our country?",
    ],
    named: &[
        "We are interested in {} and would like to see it at work.",
        "What would {} cost for about two hundred users in four offices?",
        "Does {} work together with the systems that we already have?",
        "Could we try {} for a month before we decide?",
    ],
    ends: &[
        "Please call me in the afternoon.",
        "An e-mail is fine, I am travelling a lot.",
        "Looking forward to hearing from you.",
        "It is rather urgent.",
    ],
};

const GERMAN: Phrases = Phrases {
    openings: &[
        "Guten Tag, ich bin über einen Kollegen auf Sie aufmerksam geworden.",
        "Hallo, wir vergleichen gerade drei Anbieter und wollen bis Jahresende entscheiden.",
        "Sehr geehrte Damen und Herren, unser jetziger Vertrag läuft im Frühjahr aus.",
        "Wir haben Ihre Leute letzten Monat auf der Messe getroffen.",
    ],
    wishes: &[
        "Wir würden gerne eine Vorführung mit unseren eigenen Daten sehen.",
        "Was würde das für etwa zweihundert Mitarbeiter an vier Standorten kosten?",
        "Wir brauchen etwas, das unsere Leute ohne lange Schulung benutzen können.",
        "Können Sie uns erklären, wie Sie mit Daten umgehen, die im Land bleiben müssen?",
    ],
    named: &[
        "Wir interessieren uns für {} und möchten es gerne einmal im Einsatz sehen.",
        "Was würde {} für etwa zweihundert Mitarbeiter an vier Standorten kosten?",
        "Arbeitet {} mit den Systemen zusammen, die wir schon haben?",
        "Können wir {} einen Monat lang ausprobieren, bevor wir uns entscheiden?",
    ],
    ends: &[
        "Bitte rufen Sie mich am Nachmittag an.",
        "Am besten erreichen Sie mich per E-Mail.",
        "Ich freue mich auf Ihre Antwort.",
        "Es ist leider ziemlich dringend.",
    ],
};

const FRENCH: Phrases = Phrases {
    openings: &[
        "Bonjour, un collègue m'a parlé de votre entreprise.",
        "Bonjour, nous comparons trois fournisseurs et nous voulons décider avant la fin de l'année.",
        "Madame, Monsieur, notre contrat actuel se termine au printemps.",
        "Nous avons rencontré votre équipe au salon le mois dernier.",
    ],
    wishes: &[
        "Nous aimerions voir une démonstration avec nos propres données.",
        "Quel serait le prix pour environ deux cents personnes sur quatre sites ?",
        "Il nous faut un outil que nos équipes puissent utiliser sans longue formation.",
        "Pourriez-vous nous expliquer comment vous traitez les données qui doivent rester dans le pays ?",
    ],
    named: &[
        "Nous nous intéressons à {} et nous aimerions le voir en action.",
        "Quel serait le prix de {} pour environ deux cents personnes sur quatre sites ?",
        "Est-ce que {} fonctionne avec les systèmes que nous avons déjà ?",
        "Pouvons-nous essayer {} pendant un mois avant de nous décider ?",
    ],
    ends: &[
        "Merci de me rappeler dans l'après-midi.",
        "Le mieux est de m'écrire, je voyage beaucoup.",
        "Dans l'attente de votre réponse.",
        "C'est assez urgent.",
    ],
};

const SPANISH: Phrases = Phrases {
    openings: &[
        "Buenos días, un compañero me habló de su empresa.",
        "Hola, estamos comparando tres proveedores y queremos decidir antes de fin de año.",
        "Estimados señores, nuestro contrato actual termina en primavera.",
        "Conocimos a su equipo en la feria del mes pasado.",
    ],
    wishes: &[
        "Nos gustaría ver una demostración con nuestros propios datos.",
        "¿Cuánto costaría para unas doscientas personas en cuatro oficinas?",
        "Necesitamos algo que nuestra gente pueda usar sin una formación larga.",
        "¿Podrían explicarnos cómo tratan los datos que deben quedarse en el país?",
    ],
    named: &[
        "Nos interesa {} y nos gustaría verlo funcionando.",
        "¿Cuánto costaría {} para unas doscientas personas en cuatro oficinas?",
        "¿Funciona {} con los sistemas que ya tenemos?",
        "¿Podemos probar {} durante un mes antes de decidir?",
    ],
    ends: &[
        "Por favor, llámenme por la tarde.",
        "Prefiero el correo electrónico, viajo mucho.",
        "Quedo a la espera de su respuesta.",
        "Es bastante urgente.",
    ],
};

/// What somebody from this country writes who wants this product; `None` if they write nothing.
pub(super) fn text(chance: &mut Chance, country: &str, product: Option<&str>) -> Option<String> {
    if chance.happens(SILENT) {
        return None;
    }
    let language = chance.unit();
    let own: &[(f64, &Phrases)] = match country {
        "Germany" | "Austria" => &[(0.7, &GERMAN)],
        "Switzerland" => &[(0.4, &GERMAN), (0.25, &FRENCH)],
        "France" => &[(0.75, &FRENCH)],
        "Belgium" => &[(0.4, &FRENCH)],
        "United States" => &[(0.08, &SPANISH)],
        _ => &[],
    };
    let mut upto = 0.0;
    let spoken = own.iter().find(|(share, _)| {
        upto += share;
        language < upto
    });
    let phrases = spoken.map_or(&ENGLISH, |(_, phrases)| phrases);
    let opening = chance.pick(phrases.openings);
    let wish = match product.filter(|_| chance.happens(NAMED)) {
        Some(product) => chance.pick(phrases.named).replace("{}", product),
        None => chance.pick(phrases.wishes).to_owned(),
    };
    let mut text = format!("{opening} {wish}\n{}", chance.pick(phrases.ends));
    if chance.happens(HOSTILE) {
        text.push('\n');
        text.push_str(names::hostile(chance));
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::super::PRODUCTS;
    use super::*;
    use crate::policy::language;

    fn spoken(text: &str) -> Option<String> {
        language::detect(text).map(|language| language.code)
    }

    #[test]
    fn people_write_in_the_languages_of_their_country_and_name_the_product_now_and_then() {
        let written = |country| -> Vec<String> {
            (0..400).filter_map(|n| text(&mut Chance::new(7, "form", n), country, Some(PRODUCTS[0]))).collect()
        };
        for (country, wanted, least, most) in [
            ("Germany", "de", 0.6, 0.8),
            ("Switzerland", "fr", 0.15, 0.35),
            ("France", "fr", 0.65, 0.85),
            ("United States", "es", 0.03, 0.15),
            ("Sweden", "en", 1.0, 1.0),
        ] {
            let texts = written(country);
            assert!((200..320).contains(&texts.len()), "{}", texts.len());
            let spoken = texts.iter().filter(|text| spoken(text).as_deref() == Some(wanted)).count();
            let spoken = spoken as f64 / texts.len() as f64;
            assert!((least..=most).contains(&spoken), "{country}: {spoken} in {wanted}");
            let named = texts.iter().filter(|text| text.contains(PRODUCTS[0])).count() as f64 / texts.len() as f64;
            assert!((0.45..0.65).contains(&named), "{named}");
            assert_eq!(texts, written(country), "the same every time");
        }
    }
}
