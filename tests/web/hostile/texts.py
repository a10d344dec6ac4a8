"""Texts that would run, load or break something wherever they were taken for more than text."""

NAME = "<img src=x onerror=\"window.pwned='name'\">Mira"
DESCRIPTION = "</script><script>window.pwned='description'</script>{{constructor.constructor('window.pwned=1')()}}"
TAG = "\"><svg onload=window.pwned='tag'>"
ANCHOR = "a scar<iframe srcdoc=\"<script>parent.pwned='anchor'</script>\"></iframe>"
PROMPT = "@mira walks <img src=x onerror=window.pwned='prompt'> ${window.pwned='prompt'} `+(window.pwned=1)+` in a cafe"
NEGATIVE = "blur'\"><script>window.pwned='negative'</script>"

RUNS = (
    "<script>window.pwned=1</script>",
    '"><script>window.pwned=1</script>',
    "</textarea><script>window.pwned=1</script>",
    "<img src=x onerror=window.pwned=1>",
    "<svg/onload=window.pwned=1>",
    "{{constructor.constructor('window.pwned=1')()}}",
    "${window.pwned=1}",
    "`+(window.pwned=1)+`",
    "javascript:window.pwned=1",
    "' onfocus=window.pwned=1 autofocus='",
    "<a href=javascript:window.pwned=1>x</a>",
    "\u2028window.pwned=1\u2029",
    "<!--<script>window.pwned=1//-->",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=x onerror=window.pwned=1&gt;'>",
)

FETCHES = (
    "{trap}/a.png",
    "//{bare}/b.png",
    "file:///etc/passwd",
    "{trap}/c?@mira",
    "\\\\{bare}\\share",
    "@{bare}",
    "data:,x",
)
"""Addresses that somebody may hope the server asks; `{trap}` is one that counts who does."""
