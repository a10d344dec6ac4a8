"""Texts that would run, load or break something wherever they were taken for more than text."""

import tomllib

NAME = "<img src=x onerror=\"window.pwned='name'\">Mira"
DESCRIPTION = "</script><script>window.pwned='description'</script>{{constructor.constructor('window.pwned=1')()}}"
TAG = "\"><svg onload=window.pwned='tag'>"
ANCHOR = "a scar<iframe srcdoc=\"<script>parent.pwned='anchor'</script>\"></iframe>"
PROMPT = "@mira walks <img src=x onerror=window.pwned='prompt'> ${window.pwned='prompt'} `+(window.pwned=1)+` in a cafe"
WORKER = "<img src=x onerror=window.pwned='worker'>"
NEGATIVE = "blur'\"><script>window.pwned='negative'</script>"
ENTRY = r"""
[[model]]
id = "odd"
name = "Odd <svg onload=window.pwned='model'> <a href=javascript:window.pwned=1>model</a>"
engine = "fal"
kinds = ["image"]
aspects = ["1:1"]
seconds = 0
characters = 1
deterministic = true
composites = false
price = "<img src=x onerror=window.pwned='price'>"
licence = "</script><script>window.pwned='licence'</script>"
source = "javascript:window.pwned='source'"
date = 2026-11-22
notes = "{{constructor.constructor('window.pwned=1')()}}<iframe srcdoc='<script>parent.pwned=1</script>'></iframe>"
resource = "fal"
references = 1
mentions = {}

[model.options]
negative = { kind = "text", says = "<img src=x onerror=window.pwned='says'>" }
style = { kind = "choice", says = "Of what kind.", choices = ["<script>window.pwned=1</script>", "plain"] }

[model.setup]
app = "fal-ai/odd"
references = "image_urls"
negative = "negative_prompt"
"""
"""A model of somebody's own, as its file says it is."""
MODEL = tomllib.loads(ENTRY)["model"][0]["name"]

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
