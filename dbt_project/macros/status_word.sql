{#- A status as the seed status_words spells it: lower case, words parted by one blank. -#}
{% macro status_word(column) -%}
    trim(regexp_replace(lower({{ column }}), '[[:punct:][:space:]]+', ' ', 'g'))
{%- endmacro %}
