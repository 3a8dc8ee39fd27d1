-- The end of the statement of a page (list.sql, export.sql): the limits of the page, $5, $6 and $8.
where e.id = p.id) x
where p.place <= $5 and (p.place = 1 or p.bytes <= $6 and p.links <= $8)
order by p.place
