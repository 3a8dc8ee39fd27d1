-- A selection holds the values of a request's filters: it goes with the last chunk that is read by it, and this finds
-- whether there is one.
create index chunk_fingerprint on sluice.chunk (fingerprint);
