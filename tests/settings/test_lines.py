from chunkflow.settings.lines import find_key_lines

TEXT = '''\
# size = "a comment"
timeout = 1 # [not.a.header]
include = [
  "size = 3", # ]
  'exclude = ["x"]',
]
exclude = [["a", "b"],
["c"]]
suites = """
fail_on = "error"
[cache]
"""
known = \'\'\'
a = 1\'\'\'
dotted . "quo.ted" = "x"

[cache] # trailing
size = 1
inline = { dir = "x", deep = [1,
2] }
[ processors . "my.module:attr" ]
limit = 3
[[list]]
"=" = 4
[last]'''


def test_each_key_and_header_has_its_line() -> None:
    assert find_key_lines(TEXT) == {
        ("timeout",): 2,
        ("include",): 3,
        ("exclude",): 7,
        ("suites",): 9,
        ("known",): 13,
        ("dotted", "quo.ted"): 15,
        ("cache",): 17,
        ("cache", "size"): 18,
        ("cache", "inline"): 19,
        ("processors", "my.module:attr"): 21,
        ("processors", "my.module:attr", "limit"): 22,
        ("list",): 23,
        ("list", "="): 24,
        ("last",): 25,
    }


def test_key_in_quotes_is_what_it_stands_for() -> None:
    text = '"a\\u0062" = 1\n\'c\\\' = 2\n"d\'" . "" = 3\n'
    assert find_key_lines(text) == {("ab",): 1, ("c\\",): 2, ("d'", ""): 3}


def test_empty_text_has_no_keys() -> None:
    assert find_key_lines("") == {}


def test_last_line_need_not_end() -> None:
    assert find_key_lines("a = [1]\nb = 2") == {("a",): 1, ("b",): 2}
