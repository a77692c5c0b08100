"""Its import never ends, in C, where no signal handler and no other thread gets a turn."""

import os
import re

os.write(2, b"importing\n")
re.match(r"(a+)+$", "a" * 60 + "b")
