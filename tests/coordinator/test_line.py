"""Whose turn it is: fair by what was done for each, whatever each has to say."""

from __future__ import annotations

from collections.abc import Callable

from devmesh.coordinator.line import DEEPEST, Line, Share


class Talker:
    """Says its name so many times, each of which costs so much, and stands in line again as long as it has more."""

    def __init__(
        self,
        line: Line,
        said: list[str],
        name: str,
        times: int,
        cost: float,
        *,
        share: Share | None = None,
        weight: float = 1.0,
    ) -> None:
        self.share = share or Share(line)
        self.weight = weight
        self._line, self._said, self._name = line, said, name
        self._left, self._cost = times, cost
        line.stand(self)

    def speak(self) -> None:
        """One of them."""
        self._said.append(self._name)
        self._left -= 1
        self.share.charge(self._cost)
        if self._left:
            self._line.stand(self)


def heard(line: Line, times: int, after: Callable[[int], None] = lambda _: None) -> None:
    """Let so many speak."""
    for number in range(times):
        speaker = line.next()
        if speaker is None:
            return
        speaker.speak()
        after(number)


def test_equals_take_turns() -> None:
    """Who came first begins."""
    line, said = Line(), list[str]()
    for name in "abc":
        Talker(line, said, name, 3, 1)
    heard(line, 9)
    assert "".join(said) == "abcabcabc"
    assert line.next() is None


def test_who_says_heavy_things_speaks_less_often() -> None:
    """In the long run both are given the same: one word of ten is as much as ten words of one."""
    line, said = Line(), list[str]()
    Talker(line, said, "h", 100, 10)
    Talker(line, said, "l", 1_000, 1)
    heard(line, 110)
    assert 9 <= said.count("h") <= 11


def test_one_word_does_not_wait_for_a_flood() -> None:
    """Whoever comes beside forty that have much to say is heard after one word of each at most."""
    line, said = Line(), list[str]()
    for _ in range(40):
        Talker(line, said, "f", 100, 5)
    heard(line, 1_000)
    Talker(line, said, "v", 1, 1)
    heard(line, 41)
    assert "v" in said[1_000:]


def test_silence_saves_nothing_up() -> None:
    """Who was silent while another spoke does not keep that one waiting for as long afterwards."""
    line, said = Line(), list[str]()
    Talker(line, said, "a", 2_000, 1)
    heard(line, 1_000)
    Talker(line, said, "b", 1_000, 1)
    heard(line, 20)
    assert 9 <= said[1_000:].count("a") <= 11


def test_connections_of_one_credential_have_one_share() -> None:
    """Five of them are given together what another one is given alone."""
    line, said = Line(), list[str]()
    share = Share(line)
    for _ in range(5):
        Talker(line, said, "m", 100, 1, share=share)
    Talker(line, said, "o", 100, 1)
    heard(line, 60)
    assert 28 <= said.count("o") <= 32


def test_nobody_waits_for_ever_for_what_was_done_for_it_once() -> None:
    """However dear it was, it is forgotten when the others have been given so much."""
    line, said = Line(), list[str]()
    Talker(line, said, "d", 2, 1e9)
    heard(line, 1)
    Talker(line, said, "o", 10_000, 1)
    heard(line, int(DEEPEST) + 3)
    assert said.count("d") == 2


def test_one_word_goes_before_the_speeches_of_those_who_come_at_the_same_time() -> None:
    """Of who was given the same, who says something short is first: it does not wait for forty that begin at length."""
    line, said = Line(), list[str]()
    for _ in range(40):
        Talker(line, said, "f", 100, 17, weight=17.0)
    Talker(line, said, "v", 1, 1)
    heard(line, 1)
    assert said == ["v"]
