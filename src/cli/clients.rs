//! Who may call the webhook's port, as typed: nobody is asked who it is unless flags say so.
//! Never: the check itself (see `tls::clients`).

use std::path::PathBuf;

use crate::tls::clients::Allowed;

/// Who may call the webhook's port.
#[derive(Debug, clap::Args)]
pub(super) struct ClientArgs {
    /// Authorities (PEM), watched, that sign for those who may call --https-addr: API servers must present a certificate
    /// then. The other ports ask for none.
    #[arg(long, value_name = "FILE")]
    client_ca: Option<PathBuf>,
    /// Names of which that certificate must have one, as its common name or an alternative one; without it any will do.
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', requires = "client_ca")]
    client_name: Vec<String>,
}

impl ClientArgs {
    /// Who may, if not everybody.
    pub(super) fn allowed(self) -> Option<Allowed> {
        let names = self.client_name.into_iter().filter(|name| !name.is_empty()).collect();
        self.client_ca.map(|authorities| Allowed { authorities, names })
    }
}
