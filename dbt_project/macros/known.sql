{#-
The rows of a raw table that hold, as known at `known_as_of`: `select * from {{ known(source(…)) }}`.

Raw rows are never overwritten: one that changed or disappeared is superseded. Without a
`known_as_of`, what holds now is read.
-#}
{% macro known(relation) -%}
    {%- set known = known_as_of() -%}
    {{ relation }} where
    {%- if known %} _recorded_at <= {{ known }}
    and (_superseded_at is null or _superseded_at > {{ known }})
    {%- else %} _superseded_at is null
    {%- endif -%}
{%- endmacro %}

{#- The moment as known at which raw rows are read, as a literal; nothing while what holds now is read. -#}
{% macro known_as_of() -%}
    {%- set given = var('known_as_of') or (env_var('TENURE_KNOWN_AS_OF', '') if execute else '') -%}
    {{ return(timestamp_literal(given) if given else '') }}
{%- endmacro %}

{#- The rows of a raw table that were known by `known_as_of`, those included that hold no longer. -#}
{% macro recorded(relation) -%}
    {%- set known = known_as_of() -%}
    (select * from {{ relation }}{{ ' where _recorded_at <= ' ~ known if known }})
{%- endmacro %}

{#- A moment from a variable as a literal; what is no moment is refused before it is SQL. -#}
{% macro timestamp_literal(moment) -%}
    {%- set day = '[0-9]{4}-[0-9]{2}-[0-9]{2}' -%}
    {%- set time = '[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?' -%}
    {%- set zone = '(Z|[+-][0-9]{2}:?[0-9]{2})?' -%}
    {%- if not modules.re.fullmatch(day ~ '(' ~ time ~ zone ~ ')?', moment | string) -%}
        {{ exceptions.raise_compiler_error(
            "known_as_of must be a moment such as 2026-03-01T06:00:00Z, not '" ~ moment ~ "'"
        ) }}
    {%- endif -%}
    cast('{{ moment }}' as timestamptz)
{%- endmacro %}
