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
