-- Counts what is left of tenant $1.
select (select count(*) from sluice.chunk where tenant = $1) as chunks,
       (select count(*) from sluice.export where tenant = $1) as exports,
       (select count(*) from sluice.litter where tenant = $1) as prefixes,
       (select count(*) from sluice.litter where tenant = $1 and again_after is not null) as unswept
