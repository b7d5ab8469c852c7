-- Signals are declared in the YAML of account_snapshots: the seed that listed them is read by none.
drop table if exists seeds.signals cascade;
-- Renamed in dbt: what it made under the former names would be read by no model and stay for ever.
drop table if exists marts.source_silences cascade;
drop table if exists seeds.silence_policy cascade;
