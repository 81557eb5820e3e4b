//! What the terminal sends, read on a thread of its own, because reading waits.
//!
//! Not crossterm's own stream: it is woken once for what arrives, reads a kilobyte of it, and sleeps on the rest until another
//! key comes. Here the terminal is asked as long as it has something (crossterm's `use-dev-tty`), and keys that came together
//! are handed on together, by which a burst is told from a hand.

use std::io;
use std::time::Duration;

use crossterm::event::{self, Event};
use tokio::sync::mpsc;

/// Events that came together, in their order; the last message is an error if the terminal cannot be read any more.
pub type Events = mpsc::Receiver<io::Result<Vec<Event>>>;

/// Events handed on together at most, so that a flood is seen while it lasts.
const BATCH: usize = 1_024;
/// Batches that may wait for the loop; the thread waits when there are more, and the terminal keeps the rest.
const WAITING: usize = 4;
/// How long more is waited for before a batch is handed on. What was read already is there at once; anything longer would be
/// felt with every key.
const TOGETHER: Duration = Duration::from_micros(100);

/// Begins to read the terminal, in whatever mode it is. From now on no change of its size is missed. Call it once: the thread
/// reads as long as the program runs, also after a time in the background, in which it is stopped like everything else.
pub fn open() -> io::Result<Events> {
    // Listens to the signal of a changed size before the size is asked for.
    event::poll(Duration::ZERO)?;
    let (sender, events) = mpsc::channel(WAITING);
    std::thread::Builder::new().name("keyboard".into()).spawn(move || {
        loop {
            let batch = read();
            let over = batch.is_err();
            if sender.blocking_send(batch).is_err() || over {
                return;
            }
        }
    })?;
    Ok(events)
}

/// Waits for an event, and takes what came with it.
fn read() -> io::Result<Vec<Event>> {
    let mut batch = vec![event::read()?];
    while batch.len() < BATCH && event::poll(TOGETHER)? {
        batch.push(event::read()?);
    }
    Ok(batch)
}
