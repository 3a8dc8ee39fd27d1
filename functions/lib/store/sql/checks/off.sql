-- Turns checks off. Changes nothing if they are.
insert into sluice.setting as s (name, value) values ('checks', 'off')
on conflict (name) do update set value = excluded.value where s.value <> excluded.value
