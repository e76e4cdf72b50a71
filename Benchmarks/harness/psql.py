"""A session of psql, for what takes more than one statement."""

import subprocess

from harness.process import Missing, kill_group


class Client:
    """A session of psql that stays open."""

    def __init__(self, bench, database):
        self.process = subprocess.Popen(
            [bench.cluster.program("psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", bench.cluster.url(database)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip

    def ask(self, sql):
        """The last line that SQL prints."""
        self.process.stdin.write(sql + "\n\\echo .\n")
        self.process.stdin.flush()
        answer = ""
        while (line := self.process.stdout.readline().rstrip("\n")) != ".":
            if not line and self.process.poll() is not None:
                raise Missing("psql ended")
            answer = line
        return answer

    def close(self):
        """Ends the session and what it holds."""
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            pass
        kill_group(self.process)
