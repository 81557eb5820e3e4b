//! A working week as text: `Mon-Thu 09:00-12:30, 13:30-18:00; Fri 09:00-15:00`.

use chrono::Weekday;

/// Minutes of a day.
const DAY: u32 = 24 * 60;

/// A shift, in minutes after the midnight at which its day begins. It may end on the next day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shift {
    /// First minute.
    pub start: u32,
    /// First minute after it, larger than `start`, at most two days.
    pub end: u32,
}

/// The shifts of each day of the week.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Week {
    /// From Monday, each in order.
    days: [Vec<Shift>; 7],
}

/// What is wrong with a text that should be working hours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeekError {
    /// Nothing is said.
    #[error("no working hours: write for example \"Mon-Fri 09:00-17:30\"")]
    Empty,
    /// A day is none.
    #[error("{0:?} is no day: use Mon, Tue, Wed, Thu, Fri, Sat, Sun, as in \"Mon-Fri 09:00-17:30\"")]
    Day(String),
    /// A time is none.
    #[error("{0:?} is no time from 00:00 to 24:00, as in \"Mon-Fri 09:00-17:30\"")]
    Time(String),
    /// Days without times.
    #[error("{0:?} has no times: write for example \"{0} 09:00-17:30\"")]
    NoTimes(String),
    /// A time without its other end.
    #[error("{0:?} is no span of time: write for example \"09:00-17:30\"")]
    Span(String),
    /// A shift that lasts no time.
    #[error("{0:?} lasts no time; the whole day is \"00:00-24:00\"")]
    NoLength(String),
    /// Two shifts of one day overlap.
    #[error("the shifts of {0} overlap")]
    Overlap(Weekday),
}

impl Week {
    /// Every minute.
    pub fn always() -> Self {
        Self { days: std::array::from_fn(|_| vec![Shift { start: 0, end: DAY }]) }
    }

    /// The shifts that begin on a day, in order.
    pub fn shifts(&self, day: Weekday) -> &[Shift] {
        &self.days[day.num_days_from_monday() as usize]
    }
}

impl std::str::FromStr for Week {
    type Err = WeekError;

    /// Parts are separated by `;`. Each names days (`Mon`, `Mon-Fri`, `Sat-Tue`, `Mon,Wed`) and then one or more spans
    /// separated by `,`. A span that ends before it begins ends on the next day.
    fn from_str(text: &str) -> Result<Self, WeekError> {
        let mut days: [Vec<Shift>; 7] = std::array::from_fn(|_| Vec::new());
        for part in text.split(';').map(str::trim).filter(|p| !p.is_empty()) {
            let times = part.find(|c: char| c.is_ascii_digit()).unwrap_or(part.len());
            let (names, times) = part.split_at(times);
            let names = names.trim();
            if times.is_empty() {
                return Err(WeekError::NoTimes(names.to_owned()));
            }
            let shifts: Vec<Shift> = times.split(',').map(|s| shift(s.trim())).collect::<Result<_, _>>()?;
            for day in days_named(names)? {
                days[day.num_days_from_monday() as usize].extend(&shifts);
            }
        }
        if days.iter().all(Vec::is_empty) {
            return Err(WeekError::Empty);
        }
        let mut day = Weekday::Mon;
        for shifts in &mut days {
            shifts.sort_unstable();
            if shifts.windows(2).any(|w| w[1].start < w[0].end) {
                return Err(WeekError::Overlap(day));
            }
            day = day.succ();
        }
        Ok(Self { days })
    }
}

fn days_named(names: &str) -> Result<Vec<Weekday>, WeekError> {
    let mut days = Vec::new();
    for name in names.split(',').map(str::trim) {
        match name.split_once('-') {
            None => days.push(day(name)?),
            Some((first, last)) => {
                let (mut next, last) = (day(first)?, day(last)?);
                days.push(next);
                while next != last {
                    next = next.succ();
                    days.push(next);
                }
            }
        }
    }
    Ok(days)
}

fn day(name: &str) -> Result<Weekday, WeekError> {
    name.trim().parse().map_err(|_| WeekError::Day(name.trim().to_owned()))
}

fn shift(text: &str) -> Result<Shift, WeekError> {
    let (start, end) = text.split_once('-').ok_or_else(|| WeekError::Span(text.to_owned()))?;
    let (start, end) = (minute(start.trim())?, minute(end.trim())?);
    if start == end || start == DAY {
        return Err(WeekError::NoLength(text.to_owned()));
    }
    Ok(Shift { start, end: if end < start { end + DAY } else { end } })
}

fn minute(text: &str) -> Result<u32, WeekError> {
    let number = |t: &str| (t.len() == 2 && t.bytes().all(|b| b.is_ascii_digit())).then(|| t.parse::<u32>().ok());
    text.split_once(':')
        .and_then(|(hours, minutes)| Some((number(hours)??, number(minutes)??)))
        .filter(|(hours, minutes)| *minutes < 60 && hours * 60 + minutes <= DAY)
        .map(|(hours, minutes)| hours * 60 + minutes)
        .ok_or_else(|| WeekError::Time(text.to_owned()))
}
