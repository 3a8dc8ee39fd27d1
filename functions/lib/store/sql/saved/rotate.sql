-- Saved exports of key $1 run with the rights of key $2, which replaces it.
update sluice.saved set key_id = $2 where key_id = $1
