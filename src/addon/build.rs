//! What a library needs to be loaded by Node on each system, and to stay loaded while its threads live.

fn main() {
    napi_build::setup();
}
