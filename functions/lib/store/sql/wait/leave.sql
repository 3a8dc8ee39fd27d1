-- Frees place $2 of tenant $1, unless another client has taken it after $3, the end of the time of this one.
delete from sluice.wait where tenant = $1 and place = $2 and until = sluice.from_micros($3)
