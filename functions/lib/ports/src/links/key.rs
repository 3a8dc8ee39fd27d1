//! A private key of one of the two kinds that CloudFront accepts.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;

use super::LinksError;

/// Length of an RSA modulus of 2048 bits in bytes, the only size that CloudFront accepts.
const RSA_BYTES: usize = 256;

const WRONG: LinksError = LinksError::Field(
    "privateKey",
    "not an unencrypted private key in PEM form, RSA of 2048 bits or ECDSA on P-256",
);

pub(super) enum Key {
    Rsa(Box<RsaKeyPair>),
    Ecdsa(Box<EcdsaKeyPair>),
}

impl Key {
    /// Reads the first private key of a PEM text: PKCS#8, PKCS#1 (RSA) or SEC1 (EC). Other content, such as curve
    /// parameters, is skipped.
    pub(super) fn read(pem: &str) -> Result<Self, LinksError> {
        let der = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| WRONG)?;
        let key = match &der {
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()).map(rsa),
            PrivateKeyDer::Sec1(der) => {
                let der = der.secret_sec1_der();
                EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_ASN1_SIGNING, der).map(ecdsa)
            }
            PrivateKeyDer::Pkcs8(der) => {
                let der = der.secret_pkcs8_der();
                RsaKeyPair::from_pkcs8(der)
                    .map(rsa)
                    .or_else(|_| EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, der).map(ecdsa))
            }
            _ => return Err(WRONG),
        };
        match key.map_err(|_| WRONG)? {
            Self::Rsa(key) if key.public_modulus_len() != RSA_BYTES => Err(WRONG),
            key => Ok(key),
        }
    }

    /// Signs the SHA-256 of the message: PKCS#1 v1.5 with RSA, as DER with ECDSA.
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, LinksError> {
        let random = SystemRandom::new();
        match self {
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                let signed = key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature);
                signed.map(|()| signature).map_err(|_| LinksError::Sign)
            }
            Self::Ecdsa(key) => {
                let signature = key.sign(&random, message).map_err(|_| LinksError::Sign)?;
                Ok(signature.as_ref().to_vec())
            }
        }
    }
}

fn rsa(key: RsaKeyPair) -> Key {
    Key::Rsa(Box::new(key))
}

fn ecdsa(key: EcdsaKeyPair) -> Key {
    Key::Ecdsa(Box::new(key))
}
