-- Returns the estimates of the catalog in force, and whether checks are turned on.
select dataset, body, sluice.micros(taken_at) as taken, sluice.are_checked() as checked
from sluice.estimate
