{#- Numbers as people read them: whole ones without a fraction, others with one digit of it. -#}
{% macro number_words(value) -%}
    case
        when {{ value }} is null then null
        when round(({{ value }})::numeric, 1) = round(({{ value }})::numeric)
            then to_char(({{ value }})::numeric, 'FM999,999,999,999,990')
        else to_char(({{ value }})::numeric, 'FM999,999,999,999,990.0')
    end
{%- endmacro %}


{#- A relative change beside what it is compared with: `27 % below`. -#}
{% macro change_words(ratio) -%}
    case
        when round(abs(100 * ({{ ratio }} - 1))::numeric) = 0 then 'as much as'
        else
            to_char(round(abs(100 * ({{ ratio }} - 1))::numeric), 'FM999,999,990')
            || case when {{ ratio }} < 1 then ' % below' else ' % above' end
    end
{%- endmacro %}


{#- A whole number with its thing: "1 churned account", "2 churned accounts". -#}
{% macro counted(number, thing) -%}
    {{ number }} || case when {{ number }} = 1 then ' {{ thing }}' else ' {{ thing }}s' end
{%- endmacro %}


{#- A unit of which there is one: "ticket", "person". -#}
{% macro singular(unit) -%}
    case
        when {{ unit }} = 'people' then 'person'
        else regexp_replace(regexp_replace({{ unit }}, 'ies$', 'y'), 's$', '')
    end
{%- endmacro %}


{#- A signal's number with its name: "4 urgent tickets in 90 days" and "1 urgent ticket in 90 days", but
"Training attendance: 45". -#}
{% macro signal_words(label, unit, value) -%}
    case
        when {{ unit }} != '' and lower({{ label }}) like '%' || {{ unit }} || '%'
            and {{ number_words(value) }} = '1'
            then
                '1 ' || regexp_replace(
                    {{ first_letter_small(label) }}, '\m' || {{ unit }} || '\M', {{ singular(unit) }}, 'i'
                )
        when {{ unit }} != '' and lower({{ label }}) like '%' || {{ unit }} || '%'
            then {{ number_words(value) }} || ' ' || {{ first_letter_small(label) }}
        else {{ label }} || ': ' || {{ number_words(value) }}
    end
{%- endmacro %}


{#- A label within a sentence; one that begins with an abbreviation stays as it is. -#}
{% macro first_letter_small(label) -%}
    case
        when {{ label }} ~ '^[A-Z]{2}' then {{ label }}
        else lower(left({{ label }}, 1)) || substr({{ label }}, 2)
    end
{%- endmacro %}
