-- True once the loss of a cut is in the metric of the sweeper.
alter table sluice.cut add column counted boolean not null default false;
update sluice.cut set counted = true where state = 'lost';
create index cut_lost on sluice.cut (id) where state = 'lost' and not counted;
