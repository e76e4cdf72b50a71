"""The names of the SQLite store's statements: there they are constants, which this finds in the sources by their texts."""
import glob
import os
import re

SOURCES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "Sources", "SQLiteStore")

# What is put together in the sources: how it begins, and its name.
TOGETHER = [
    (r"UPDATE tasks SET status = 'PROCESSING'", "claim"),
    (r"UPDATE tasks SET lock_place = 0 WHERE id = coalesce\(", "lock_promote"),
    (r"SELECT CAST\(queue AS BLOB\), priority, julianday\(run_at\), id FROM tasks", "next_lane"),
    (r"SELECT id, julianday\(run_at\) FROM tasks", "head_of_lane"),
    (r"BEGIN IMMEDIATE", "begin"), (r"COMMIT", "commit"), (r"ROLLBACK TRANSACTION TO SAVEPOINT|ROLLBACK TO", "undo"),
    (r"ROLLBACK", "rollback"), (r"SAVEPOINT", "mark"), (r"RELEASE SAVEPOINT", "keep"), (r"PRAGMA", "pragma"),
    (r"BEGIN", "begin_read"),
]


def plain(sql):
    """Without comments, and with one space between words."""
    return re.sub(r"\s+", " ", re.sub(r"--[^\n]*", "", sql)).strip()


def constants():
    """(regular expression, name) of each constant that is one text; the name begins with that of its enum."""
    found = []
    for path in glob.glob(os.path.join(SOURCES, "**", "*.swift"), recursive=True):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        for part in re.split(r"(?=^(?:package |private )?enum SQLite\w*Statements)", text, flags=re.MULTILINE):
            enum = re.match(r"(?:package |private )?enum SQLite(\w*)Statements", part)
            if not enum:
                continue
            prefix = enum[1].lower() + "_" if enum[1] else ""
            for name, long, short in re.findall(
                r'^ *static let (\w+) = (?:"""\n(.*?)\n\s*"""|"([^"\n]*)")', part, flags=re.DOTALL | re.MULTILINE
            ):
                words = re.split(r"\\\(.*?\)+(?=[\s,)]|$)", plain(long or short))
                if sum(len(word) for word in words) < 12:
                    continue
                found.append((re.compile(".*".join(re.escape(word) for word in words), re.DOTALL), prefix + name))
    return found


class Names:
    def __init__(self):
        self.constants, self.known = constants(), {}

    def name(self, sql):
        if sql not in self.known:
            self.known[sql] = self._find(plain(sql))
        return self.known[sql]

    def _find(self, sql):
        exact = [name for pattern, name in self.constants if pattern.fullmatch(sql)]
        if exact:
            return exact[0]
        return next((name for start, name in TOGETHER if re.match(start, sql)), sql[:70])
