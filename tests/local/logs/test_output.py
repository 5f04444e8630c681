"""What jobs print becomes events: each line once, in order, whenever it is taken."""

from __future__ import annotations

import tempfile
from itertools import count, pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from stepfunctions.local.database import Database
from stepfunctions.local.logs import output
from stepfunctions.local.logs.output import Output
from stepfunctions.local.logs.records import MIGRATIONS, LogTables

OWNER = "us-east-1:123456789012"


class Followed:
    """A file that belongs to the stream ``s`` of the group ``g``."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "job" / "stdout.log"
        self.path.parent.mkdir()
        self.database = Database(folder / "logs.db", MIGRATIONS)
        self.rows = LogTables(self.database)
        self.output = self.again()
        self.output.follow(self.path, OWNER, "g", "s")

    def again(self) -> Output:
        """As the next server has it."""
        ticks = count(1)
        return Output(self.rows, lambda: next(ticks))

    def write(self, text: bytes) -> None:
        with open(self.path, "ab") as file:
            file.write(text)

    def messages(self) -> list[str]:
        group = self.rows.group(OWNER, "g")
        if group is None:
            return []
        streams = list(self.rows.stream_ids(group).values())
        return [event.message for event in sorted(self.rows.events(streams, None, None, 9999), key=lambda one: one.id)]


lines = st.lists(st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\r\n\x00")), max_size=8)


@given(lines, st.lists(st.integers(0, 60), max_size=6), st.booleans())
def test_each_line_is_taken_once_whenever_it_is_looked_at(texts: list[str], cuts: list[int], ended: bool) -> None:
    whole = "\n".join(texts).encode() + (b"" if ended else b"\n")
    places = [0, *sorted(min(cut, len(whole)) for cut in cuts), len(whole)]
    with tempfile.TemporaryDirectory() as folder:
        followed = Followed(Path(folder))
        for start, end in pairwise(places):
            followed.write(whole[start:end])
            followed.output.take(OWNER, "g")
            followed.output = followed.again()
        followed.output.end(followed.path.parent)
        assert followed.messages() == [text for text in texts if text.strip()]
        assert followed.rows.files() == []
        followed.database.close()


def test_a_line_without_an_end_waits_for_it(tmp_path: Path) -> None:
    followed = Followed(tmp_path)
    followed.output.take(OWNER, "g")  # there is no file yet
    followed.write(b"one\ntwo")
    followed.output.take(OWNER, "other")
    assert followed.messages() == []
    followed.output.take(OWNER, "g")
    assert followed.messages() == ["one"]
    followed.write(b"!\r\n\xff\n")
    followed.output.take(OWNER)
    assert followed.messages() == ["one", "two!", "\ufffd"]
    followed.database.close()


def test_what_is_too_long_for_an_event_becomes_several(tmp_path: Path) -> None:
    followed = Followed(tmp_path)
    longest = output._LONGEST
    followed.write(b"x" * (5 * longest + 1))
    followed.output.take(OWNER, "g")
    followed.write(b"\nend\n")
    followed.output.end(followed.path.parent)
    messages = followed.messages()
    assert "".join(messages) == "x" * (5 * longest + 1) + "end"
    assert all(len(message) <= longest for message in messages)
    followed.database.close()


def test_the_next_server_forgets_files_of_jobs_that_were_removed(tmp_path: Path) -> None:
    followed = Followed(tmp_path)
    followed.path.parent.rmdir()
    followed.output.take(OWNER, "g")
    assert followed.messages() == []
    followed.again()
    assert followed.rows.files() == []
    followed.database.close()
