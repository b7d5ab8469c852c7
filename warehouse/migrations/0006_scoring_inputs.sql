-- What scores are made of beside raw rows (seeds, coverage of signals, policies), so that a score can
-- be made again as it was known. One row per relation and run that found it changed.
create table tenure.scoring_inputs (
    relation text not null,
    known_as_of timestamptz not null,
    run_id text not null,
    content jsonb not null,
    primary key (relation, known_as_of)
);
