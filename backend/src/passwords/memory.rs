//! Argon2 in memory that is kept: taken anew for each password, 19 MiB cost time, and the allocator kept more
//! and more of them.

use std::sync::{Mutex, PoisonError};

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::{
        CustomizedPasswordHasher, Error, Result,
        phc::{Output, ParamsString, PasswordHash, Salt},
    },
};

/// Hashes as [`Argon2`] does. To verify is the library's, by means of this.
#[derive(Default)]
pub struct Memory(Mutex<Vec<Block>>);

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Memory").finish_non_exhaustive()
    }
}

impl CustomizedPasswordHasher<PasswordHash> for Memory {
    type Params = Params;

    fn hash_password_customized(
        &self,
        password: &[u8],
        salt: &[u8],
        algorithm: Option<&str>,
        version: Option<argon2::password_hash::Version>,
        params: Params,
    ) -> Result<PasswordHash> {
        let algorithm = algorithm.map(Algorithm::try_from).transpose()?.unwrap_or_default();
        let version = version.map(Version::try_from).transpose()?.unwrap_or_default();
        let mut buffer = [0; Output::MAX_LENGTH];
        let length = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
        let out = buffer.get_mut(..length).ok_or(Error::OutputSize)?;
        let mut blocks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = params.block_count();
        if blocks.len() < count {
            blocks.resize(count, Block::default());
        }
        let memory = blocks.get_mut(..count).ok_or(Error::Internal)?;
        let salt = Salt::new(salt)?;
        Argon2::new(algorithm, version, params.clone())
            .hash_password_into_with_memory(password, &salt, out, memory)?;
        Ok(PasswordHash {
            algorithm: algorithm.ident(),
            version: Some(version.into()),
            params: ParamsString::try_from(&params)?,
            salt: Some(salt),
            hash: Some(Output::new(out)?),
        })
    }
}

#[cfg(test)]
mod tests {
    use argon2::{PasswordHasher, PasswordVerifier};

    use super::*;

    #[test]
    fn it_hashes_as_the_library_does_whatever_was_hashed_before() {
        let (memory, salt) = (Memory::default(), b"sixteen bytes ok");
        for (m, t, p) in [(19_456, 2, 1), (8, 1, 1), (64, 3, 4), (19_456, 2, 1)] {
            let params = Params::new(m, t, p, None).unwrap();
            let library = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
            let expected = library.hash_password_with_salt(b"correct horse", salt).unwrap();
            let own = memory.hash_password_customized(b"correct horse", salt, None, None, params).unwrap();
            assert_eq!(own.to_string(), expected.to_string());
            assert_eq!(memory.verify_password(b"correct horse", &expected), Ok(()));
            assert_eq!(memory.verify_password(b"correct house", &expected), Err(Error::PasswordInvalid));
        }
    }
}
