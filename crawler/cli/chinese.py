"""How a finished English sentence is said in Chinese: by the template it was made of.

The rooms below speak English and know of no language; what they say is told by its shape. A key of the tables is a template with a named
hole for each value; its Chinese has the same names, and `{name*}` where the value is itself a sentence, a count or a list of them.
What no template fits stays as it is. Of several that fit, the one that leaves the fewest words without Chinese is taken.
"""

import functools
import re
from collections.abc import Iterator
from typing import NamedTuple

from crawler.cli import complaints, labels, sentences, words

HOLE = re.compile(r"\{(\w+)(\*?)\}")
PLACE = re.compile(r"((?:[^\s:]|:(?=\\))[^:\n]*:\d+:\d+: (?:[\w.-]+: )?)(.+)", re.DOTALL)  # file:line:column: key: what is wrong
COUNT = re.compile(r"(\d[\d,]*) ([A-Za-z][A-Za-z ]*)")
FIGURE = re.compile(r"[^\w]*|[\d.,:%/ -]+(?:B|kB|MB|GB|ms|s)?")
JOINTS = {"; ": "；", ", ": "，", " · ": " · ", " and ": "、"}
WEAK = 8  # letters: a template with fewer of its own fits much that is none
DEEPEST = 6

Template = tuple[int, tuple[str, ...], str, str]  # letters, literal pieces, the English, the Chinese


class Said(NamedTuple):
    """A reading: its text, how many letters of the English it knew, and of how many templates it is made."""

    text: str
    known: int
    templates: int = 1


def chinese(english: str) -> str:
    """A sentence, or several lines of them, in Chinese as far as they are known."""
    return "\n".join(map(_line, english.split("\n")))


def _line(line: str) -> str:
    core = line.strip()
    made = _said(core, 0)
    return line.replace(core, made.text, 1) if made.known else line


def _said(core: str, depth: int) -> Said:
    """The reading that leaves the fewest words of a sentence without one."""
    if depth > DEEPEST or not core:
        return Said(core, 0)
    for table in (words.CHINESE, sentences.SENTENCES, complaints.COMPLAINTS):
        if core in table:
            return Said(table[core], _letters(core))
    if FIGURE.fullmatch(core):
        return Said(core, _letters(core))
    readings = [*_counted(core), *_placed(core, depth), *_filled(core, depth), *(_parts(core, depth) if depth else ())]
    return max(readings, key=lambda said: (said.known, -said.templates), default=Said(core, 0))


def _letters(text: str) -> int:
    return sum(map(str.isalpha, text))


def _counted(core: str) -> Iterator[Said]:
    """`3 rows`, `2 suspect`."""
    if counted := COUNT.fullmatch(core):
        count, noun = counted[1], counted[2]
        if noun in _nouns():
            yield Said(f"{count} {_nouns()[noun]}", _letters(core))
        elif known := words.STATES.get(noun) or words.KINDS.get(noun) or labels.WORDS.get(noun):
            yield Said(f"{known} {count}", _letters(core))


def _placed(core: str, depth: int) -> Iterator[Said]:
    """A problem of a file."""
    if placed := PLACE.fullmatch(core):
        what = _said(placed[2], depth + 1)
        if what.known:
            yield Said(placed[1] + what.text, what.known + _letters(placed[1]), what.templates)


def _parts(core: str, depth: int) -> Iterator[Said]:
    """A list: each part for itself, split by one of the marks that join lists."""
    for mark, joint in JOINTS.items():
        parts = core.split(mark)
        if len(parts) > 1:
            made = [_said(part.strip(), depth + 1) for part in parts]
            yield Said(
                joint.join(said.text for said in made), sum(said.known for said in made), sum(said.templates for said in made)
            )


def _filled(core: str, depth: int) -> Iterator[Said]:
    """Every template that fits, with its first hole as short and as long as it may be."""
    for letters, pieces, english, chinese_ in _templates():
        if not all(piece in core for piece in pieces):
            continue
        for pattern in _patterns(english):
            if (found := pattern.fullmatch(core)) is not None:
                yield from _with(found, letters, chinese_, depth)


def _with(found: re.Match[str], letters: int, template: str, depth: int) -> Iterator[Said]:
    """A template's Chinese with its values; nothing where it has too few words of its own to be sure."""
    inner = {name: _said(found[name].strip(), depth + 1) for name, star in HOLE.findall(template) if star and found[name]}
    known = sum(said.known for said in inner.values())
    if letters >= WEAK or (all(said.known for said in inner.values()) and (inner or depth)):
        text = HOLE.sub(lambda hole: inner[hole[1]].text if hole[1] in inner else found[hole[1]], template)
        yield Said(text, letters + known, 1 + sum(said.templates for said in inner.values()))


@functools.cache
def _templates() -> list[Template]:
    """Those with holes."""
    made = []
    for english, said in {**sentences.SENTENCES, **complaints.COMPLAINTS}.items():
        if HOLE.search(english):
            pieces = tuple(filter(None, HOLE.sub("\0", english).split("\0")))
            made.append((_letters("".join(pieces)), pieces, english, said))
    return made


@functools.cache
def _patterns(template: str) -> list[re.Pattern[str]]:
    """A hole right behind another is empty or begins with a mark: where the first ends is not left to chance."""
    written, behind = "", False
    for number, part in enumerate(HOLE.split(template)):
        if number % 3 == 0:
            written += re.escape(part)
            behind = not part and number > 0
        elif number % 3 == 1:
            written += f"(?P<{part}>|[\\s,;(·].*?)" if behind else f"(?P<{part}>.*?)"
    holes = template.count("{")
    return [re.compile(written), *([re.compile(written.replace(".*?", ".*", 1))] if holes > 1 else [])]


@functools.cache
def _nouns() -> dict[str, str]:
    """Nouns that are counted, singular and plural."""
    return {form: said for noun, said in labels.NOUNS.items() for form in (noun, plural(noun))}


def plural(noun: str) -> str:
    """As `output.plural` makes it of a noun without a plural of its own."""
    return f"{noun}es" if noun.endswith("s") else f"{noun}s"
