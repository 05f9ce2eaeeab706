//! What servers and networks do wrong, and what the caller gets.

mod connections;
mod heads;
mod pool;
mod replies;
