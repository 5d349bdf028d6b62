//! `reload`: has the daemons of this machine read their configuration again. A wrong one is refused here already, with
//! its reason, and no daemon is troubled.

use crate::{clock::Clock, daemon::reload, setup::Setup, store::Store};
use secrecy::ExposeSecret as _;
use std::path::Path;

pub async fn reload(config: &Path) -> anyhow::Result<u8> {
    let setup = match Setup::load(config) {
        Ok(setup) => setup,
        Err(error) => {
            eprintln!("phuluc: the configuration is refused, the old one goes on: {error}");
            return Ok(1);
        }
    };
    let store = Store::open(setup.config.database_url()?.expose_secret()).await?;
    let asked = reload::ask_to_reload(&store, &Clock::System).await;
    store.close().await;
    let mut code = 0;
    for daemon in asked? {
        say!("daemon {} ({}): {}", daemon.id, daemon.place, daemon.came.words());
        code = code.max(u8::from(!daemon.came.is_well()));
    }
    Ok(code)
}
