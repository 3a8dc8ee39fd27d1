//! Migrations, catalog, keys, pause; invoked directly, never public.
