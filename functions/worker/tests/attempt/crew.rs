//! Several workers that handle messages at the same time, each of which can be killed.

use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lambda_runtime::LambdaEvent;
use ports::queue::{Event, MemoryQueue, Message, Record};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::{AbortHandle, LocalSet, spawn_local};
use worker::Context;

use crate::world::World;

type Running = Arc<Mutex<Vec<(String, AbortHandle)>>>;

/// Workers of a test, on a thread of their own. Dropped, they stop as if killed.
pub(crate) struct Crew {
    running: Running,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Crew {
    /// Starts `workers`, whose invocations have `left` each. Due work is dispatched all the time, as by the sweeper.
    pub(crate) fn start(world: &World, workers: usize, left: Duration) -> Self {
        // Connections belong to the runtime that opened them, so a crew has its own.
        let ctx = Arc::new(world.context());
        let queue = world.queue.clone();
        let running: Running = Arc::default();
        let handles = running.clone();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            LocalSet::new().block_on(&runtime, async move {
                tokio::select! {
                    () = receive(ctx, queue, handles, workers, left) => {}
                    _ = stopped => {}
                }
            });
        });
        Self { running, stop: Some(stop), thread: Some(thread) }
    }

    /// Kills the worker that received the message with this id.
    pub(crate) fn kill(&self, id: &str) {
        let running = self.running.lock().unwrap();
        let (_, handler) = running.iter().rev().find(|(of, _)| of == id).expect("a worker has the message");
        handler.abort();
    }
}

impl Crew {
    /// Kills the worker that began as the `n`th of those that have not ended, if there is one.
    pub(crate) fn kill_nth(&self, n: usize) {
        let mut running = self.running.lock().unwrap();
        running.retain(|(_, handler)| !handler.is_finished());
        if let Some((_, handler)) = running.get(n) {
            handler.abort();
        }
    }
}

/// Receives messages; at most `workers` of them are handled at a time.
async fn receive(
    ctx: Arc<Context>,
    queue: Arc<MemoryQueue>,
    handles: Running,
    workers: usize,
    left: Duration,
) {
    let places = Arc::new(Semaphore::new(workers));
    let mut waiting: Vec<Message> = Vec::new();
    loop {
        store::dispatch::run(&ctx.store, &*queue).await.unwrap();
        waiting.extend(queue.take());
        while !waiting.is_empty() {
            let Ok(place) = places.clone().try_acquire_owned() else { break };
            let (message, ctx) = (waiting.remove(0), ctx.clone());
            let handler = spawn_local(async move {
                let _place = place;
                let body = serde_json::to_string(&message).unwrap();
                let mut context = lambda_runtime::Context::default();
                let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
                context.deadline = u64::try_from((now + left).as_millis()).unwrap();
                let event = Event { records: vec![Record { body }] };
                worker::handle(&ctx, LambdaEvent::new(event, context)).await.unwrap();
            });
            handles.lock().unwrap().push((message.chunk.to_string(), handler.abort_handle()));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
