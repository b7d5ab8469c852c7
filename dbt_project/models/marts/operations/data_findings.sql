-- Grain: one row per contradiction or gap that rows of the sources show.
-- A view: asked for by the report on the data, and seldom.
{{ config(materialized='view') }}

with

findings as (select * from {{ ref('int_findings') }}),

texts as (select * from {{ ref('finding_texts') }}),

worded as (
    select
        texts.source,
        texts.table_name,
        findings.finding,
        findings.rows_found,
        findings.example_key,
        texts.sentence,
        texts.consequence,
        texts.first_step
    from findings
    inner join texts on findings.finding = texts.finding
)

select * from worded
