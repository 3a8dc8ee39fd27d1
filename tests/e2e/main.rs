//! End-to-end tests over the running stack. `cargo x test` starts it and names it in `SLUICE_STACK`.

mod fixture;
mod store;
