//! A certificate for each address that clients connect to: as many hosts as there are addresses, behind one port.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};

use tokio_rustls::rustls::sign::SingleCertAndKey;

use crate::certificate::Authority;

/// The certificates of addresses, by one authority. Each is made when it is first needed, and kept.
#[derive(Debug)]
pub struct AddressCertificates {
    authority: Arc<Authority>,
    made: RwLock<HashMap<IpAddr, Arc<SingleCertAndKey>>>,
}

impl AddressCertificates {
    /// None yet.
    pub fn by(authority: Arc<Authority>) -> Self {
        Self {
            authority,
            made: RwLock::default(),
        }
    }

    /// Makes those of `addresses` now, so that no connection pays for it.
    pub fn prepare(&self, addresses: impl IntoIterator<Item = IpAddr>) {
        for address in addresses {
            self.of(address);
        }
    }

    pub(crate) fn of(&self, address: IpAddr) -> Arc<SingleCertAndKey> {
        let made = self.made.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = made.get(&address) {
            return Arc::clone(known);
        }
        drop(made);
        let fresh = self.authority.certificate([address.to_string()]);
        let mut made = self.made.write().unwrap_or_else(PoisonError::into_inner);
        // Another thread may have been first.
        let entry = made.entry(address);
        Arc::clone(entry.or_insert_with(|| Arc::new(fresh.certified_key().into())))
    }
}
