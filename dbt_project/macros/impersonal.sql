{#- A sentence or key without mail addresses: messages of an earlier version quoted them, and a system
may use them as keys. The pattern is that of `warehouse/personal.py`. -#}
{% macro impersonal(text) -%}
    regexp_replace({{ text }}, '[^\s@,;:<>()"=]+@[^\s@,;:<>()"=]+', '(an e-mail-like text)', 'g')
{%- endmacro %}
