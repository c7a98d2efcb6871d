"""What a source's file may say of its pager: the kinds there are, and their parameters."""

from collections.abc import Mapping

# kind → the parameters it needs, and those it knows besides
PAGERS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "auto": (frozenset(), frozenset()),
    "none": (frozenset(), frozenset()),
    "parameter": (frozenset({"name"}), frozenset({"from", "step", "size", "pages"})),
    "range": (frozenset(), frozenset({"start", "end"})),
    "numbered": (frozenset({"rest"}), frozenset({"from", "pages"})),
    "link": (frozenset({"selector"}), frozenset()),
}
NUMBERS = frozenset({"from", "step", "size", "pages"})


def pager_complaint(kind: str, params: Mapping[str, str]) -> str | None:
    """What is wrong with the pager of a source's file, None when nothing is."""
    if kind not in PAGERS:
        return f"unknown pager {kind!r}; known: {', '.join(PAGERS)}"
    needed, more = PAGERS[kind]
    missing, strange = sorted(needed - params.keys()), sorted(params.keys() - needed - more)
    if missing:
        return f"pager {kind!r} needs {', '.join(missing)}"
    if strange:
        return f"pager {kind!r} knows no {', '.join(strange)}; it knows {', '.join(sorted(needed | more)) or 'no parameters'}"
    wrong = sorted(
        name for name in params.keys() & NUMBERS if not params[name].isdigit() or (name == "step" and params[name] == "0")
    )
    if wrong:
        return f"pager {kind!r}: {', '.join(wrong)} must be a number"
    return "pager 'numbered': rest must hold {n}" if kind == "numbered" and "{n}" not in params["rest"] else None
