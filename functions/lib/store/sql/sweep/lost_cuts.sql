-- Marks the cuts that were lost since the last call as counted. Each is returned once.
update sluice.cut set counted = true where state = 'lost' and not counted returning id
