"""Names that are code, markup or an order somewhere: each must arrive everywhere as the name that it is."""

CANARY = "canary_of_nasty_names"  # the file that is there if one of the names was run
RUN = f'__import__("pathlib").Path("{CANARY}").touch()'

# What every target has to write.
PLAIN = [
    f"{{y!r:.1}}, {RUN}, {{y!r:.1}}", f"'); {RUN}; ('", f'"); {RUN}; ("', f"''' + str({RUN}) + '''",
    f'""" + str({RUN}) + """', f"\\'); {RUN} #", f"${{require('fs').writeFileSync('{CANARY}','')}}",
    f"`; require('fs').writeFileSync('{CANARY}',''); `", f"$(touch {CANARY})", f"; touch {CANARY} #",
    "{}", "{", "}", "{0}", "{{}}", "{name!r}", "%s %d %n", "%", "%%", "$", "$5 - $10", r"$\frac{$", "$x$",
    "a\\$b", "a\\",
    "\\", "\\\\", "\\n", r"\x41", r"\N{BULLET}", r"\u0041", r"\input{/etc/passwd}", r"\end{document}", "^_~#&",
    "x_1^2",
    '"', "'", "'''", '"""', "`", "```", "*/", "/*", "*/ int x; /*", "//", "#", "# heading", "- item",
    "1. item", "> quote",
    "??/", "??'", "*??/", "a|b", "[x](javascript:alert(1))", "![x](y)", "**bold**", "https://example.org", "@name",
    "</script><script>alert(1)</script>", "<!--", "-->", "]]>", "<b>bold</b>", '" onmouseover="alert(1)',
    "&lt;", "&#x1b;",
    "[bold red]", "[/]", "[link=https://example.org]x[/link]", "],draw=red", "a=b, c", "{draw=red}", "_hidden",
    "__x__",
    "=1+1", "+1", "-1", "@SUM(1)", ",", ";", "a,b", "", " ", "  two  spaces  ", "nan", "None", "True", "0x10",
    "1e400",
    "naïve", "数据", "🙂", "👩\u200d👩\u200d👧", "e\u0301", "ﷺ", "Ω ≈ ç √ ∫", "שלום", "a" * 10_000,
]  # fmt: skip

# What may be refused, if nothing was written: control characters, separators, turned writing, halves of pairs.
UNSEEN = [
    "nul\0inside", "\x1b[31mred", "\x1b]0;title\x07", "\x9b31m", "\r", "over\rwritten", "two\nlines",
    "two\r\nlines", "tab\tbed",
    "line\u2028separator", "\u2029", "\u202eright to left", "\u2066isolated", "\ufeffbom", "\u200bwide", "\ud800",
    "half \udfff of a pair",
    "\x7f", "\x85", "\uffff", f'x\n{RUN}\n"""\n', "*/\n#error\n/*",
]  # fmt: skip
