"""Every sentence that people are told, as a template: read from the source, so that a test sees which has no Chinese.

    python -m tests.tools.collect_sentences        lines for crawler/cli/sentences.py of what has none yet

Sentences are what is given to `note`, `tell`, `wrapped` and `said` in crawler/cli, what our errors are made of in every room (message and
remedy), and the problems of configuration files. What an argument is made of is followed: names to what the function assigned to them,
calls to what functions of that module return, both arms of a condition. A template has a named hole for each value.
"""

import ast
import functools
import inspect
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from crawler import errors
from crawler.cli.chinese import plural
from crawler.console import problems
from crawler.text import asked

ROOT = Path(errors.__file__).parent
SINKS = {
    "note": 1,
    "tell": 1,
    "wrapped": 1,
    "said": 1,
    "heads": 9,
    "_fact": 2,
    "_part": 2,
    "_line": 2,
    "_sure": 2,
    "_act": 2,
    "Bar": 1,
}
LISTED = {"problems", "faults"}  # lists to which complaints are added
FINDING = "Finding"  # of monitor: what is wrong, how heavy, why
TOLD = {"_why", "_problem"}  # functions that return what people are told
ERROR_CLASSES = {"kind", "passing"}  # names of what is one of our errors
ENGLISH = re.compile(r"[A-Za-z]{2,}")
COMMAND = re.compile(
    r"gongkai [a-z]+( [a-z]+)?|`[^`]*`|<[a-z]+>|\[[a-z.]+\]|https?://\S*|--[a-z-]+|[a-z]+\.[a-z_]{2,}|\b[A-Z][A-Z_-]+\b"
)
SENTENCE = re.compile(r"[a-z]{2,} [a-z]{2,}")
HOLE = re.compile(r"\{([^{}]*)\}")
DEPTH = 14
AS_IT_IS = """pywb wacz bag cdxj kB raw no true false data warc config contact link date profile certificates command sender to url
reindex gongkai.toml {}.toml {}.json"""  # keys, names and words of other programs
COMMANDS = (
    "health {}",
    'sql "{}"',
    "gongkai",
    "frontier list --state dead --source {}",
    "gongkai: {}",
    "{}: {}{} · gongkai {}",
)  # with nothing of their own
MADE_OF: dict[type[ast.expr], tuple[str, ...]] = {
    ast.IfExp: ("body", "orelse"), ast.BoolOp: ("values",), ast.List: ("elts",), ast.Tuple: ("elts",), ast.Set: ("elts",),
    ast.Starred: ("value",), ast.Await: ("value",), ast.Dict: ("values",), ast.GeneratorExp: ("elt",), ast.ListComp: ("elt",),
    ast.BinOp: ("left", "right"), ast.Subscript: ("value",), ast.NamedExpr: ("value",),
}  # fmt: skip
PLACE = re.compile(r"^\{\}:(?:1|\{\}):(?:1|\{\}): (?:[\w.{}]+: )?")  # of a configuration's problem


@dataclass(frozen=True, slots=True)
class Sentence:
    """A template and where it stands."""

    template: str
    place: str


def shape(template: str) -> str:
    """A template without the names of its holes and the space around it: what two must have in common to be the same."""
    return PLACE.sub("", HOLE.sub("{}", template)).strip()


def error_names() -> set[str]:
    """Our errors, by name."""
    found = [item for module in (errors, problems, asked) for _, item in inspect.getmembers(module, inspect.isclass)]
    return {item.__name__ for item in found if issubclass(item, errors.GongkaiError)}


@functools.cache
def collected(root: Path = ROOT) -> Sequence[Sentence]:
    """All of them, in the order of the files."""
    names, found = error_names() | ERROR_CLASSES, []
    modules = {
        file: _Module(ast.parse(file.read_text("utf-8")), file.relative_to(root).as_posix())
        for file in sorted(root.rglob("*.py"))
    }
    siblings = {file.stem: module for file, module in modules.items() if file.parent == root / "cli"}
    for file, module in modules.items():
        room = file.relative_to(root).parts[0]
        if room != "console" or file.stem == "server":  # what the console refuses is read on its pages
            module.siblings = siblings if room == "cli" else {}
            found += list(module.sentences(names, room))
    return found


class _Module:
    def __init__(self, tree: ast.Module, name: str) -> None:
        self.tree, self.name = tree, name
        self.siblings: dict[str, _Module] = {}
        self.functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
        self.constants = {
            target.id: node.value
            for node in tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }

    def sentences(self, errors_: set[str], room: str) -> Iterator[Sentence]:
        for function, call in _calls(self.tree):
            yield from self._of(_Scope(self, function), self._said(call, errors_, room), call.lineno)
        for name in TOLD & self.functions.keys():
            for scope, given in self.returned(name):
                yield from self._of(scope, [given], self.functions[name].lineno)
        tables = [value for name, value in self.constants.items() if name.startswith("REMEDIES") and isinstance(value, ast.Tuple)]
        remedies = [pair.elts[1] for table in tables for pair in table.elts if isinstance(pair, ast.Tuple)]
        yield from self._of(_Scope(self, None), remedies, 1)

    def returned(self, name: str) -> Iterator[tuple["_Scope", ast.expr]]:
        """What a function gives."""
        inner = self.functions.get(name)
        for item in ast.walk(inner) if inner is not None else ():
            if isinstance(item, ast.Return | ast.Yield) and item.value is not None:
                yield _Scope(self, inner), item.value

    def _said(self, call: ast.Call, errors_: set[str], room: str) -> list[ast.expr]:
        """The arguments of a call that people read."""
        name = _called(call)
        if name in errors_ or (room == "config" and name == "ValueError"):
            return [*call.args[:1], *(word.value for word in call.keywords if word.arg == "remedy")]
        if room == "cli" and name in SINKS:
            return call.args[: SINKS[name]]
        if name == "append" and _called_on(call) in LISTED:
            return call.args[:1]
        return call.args[2:3] if name == FINDING else []

    def _of(self, scope: "_Scope", said: list[ast.expr], line: int) -> Iterator[Sentence]:
        for expression in said:
            for template in scope.templates(expression, DEPTH):
                text = COMMAND.sub("", HOLE.sub("", template))
                if ENGLISH.search(text):
                    yield Sentence(template, f"{self.name}:{line}")


class _Scope:
    """The expressions of one function."""

    def __init__(self, module: _Module, function: ast.AST | None) -> None:
        self.module, self.function = module, function

    def templates(self, node: ast.expr, depth: int) -> Iterator[str]:
        """What an expression may say: its own template first, then those of its pieces."""
        if depth == 0:
            return
        if isinstance(node, ast.Constant):
            if isinstance(node.value, str):
                yield _literal(node.value)
        elif isinstance(node, ast.JoinedStr) or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add)):
            parts = list(_parts(node))
            if any(isinstance(part, str) for part in parts):
                yield self._joined(parts, depth)
            for part in parts:
                if not isinstance(part, str):
                    yield from self.templates(part, depth - 1)
        else:
            for below in self.below(node):
                yield from below[0].templates(below[1], depth - 1)

    def below(self, node: ast.expr) -> Iterator[tuple["_Scope", ast.expr]]:
        """The expressions of which an expression is made, where they may be said."""
        if isinstance(node, ast.Call):
            yield from self._called(node)
        elif isinstance(node, ast.Name):
            yield from ((self, value) for value in self._assigned(node.id))
        elif isinstance(node, ast.Attribute):  # a property
            yield from self.module.returned(node.attr)
        else:
            made_of = next((names for kind, names in MADE_OF.items() if isinstance(node, kind)), ())
            for name in made_of:
                value = getattr(node, name)
                yield from ((self, item) for item in (value if isinstance(value, list) else [value]))

    def _called(self, node: ast.Call) -> Iterator[tuple["_Scope", ast.expr]]:
        """What a call may give of what it is given; for a function of ours what it returns."""
        name, method = _called(node), isinstance(node.func, ast.Attribute)
        beside = self.module.siblings.get(_called_on(node))
        if name == "plural":
            yield from ((self, item) for item in node.args[1:])
        elif name in ("filter", "said", "safe", "str", "next", "suggested") or (method and name == "join"):
            yield from ((self, item) for item in node.args)
        elif isinstance(node.func, ast.Attribute) and name in ("strip", "rstrip", "removesuffix", "removeprefix", "get"):
            yield self, node.func.value
            yield from ((self, item) for item in node.args[1:] if name == "get")
        elif not method:
            yield from self.module.returned(name)
        elif beside is not None:
            yield from beside.returned(name)

    def _assigned(self, name: str) -> Iterator[ast.expr]:
        """Everything that becomes a local name's value, or is added to it; else the module's constant."""
        if self.function is not None:
            found = list(_values(self.function, name))
            yield from found
            if found:
                return
        if name in self.module.constants and not name.startswith("REMEDIES"):  # whose keys nobody is told
            yield self.module.constants[name]

    def _joined(self, parts: list["ast.expr | str"], depth: int) -> str:
        names: dict[str, int] = {}
        written = ""
        for part in parts:
            if isinstance(part, str):
                written += _literal(part)
                continue
            name = _hole(part)
            names[name] = names.get(name, 0) + 1
            said = any(ENGLISH.search(text) for text in self.templates(part, depth - 1))
            written += "{" + name + (str(names[name]) if names[name] > 1 else "") + ("*" if said else "") + "}"
        return written


def _values(function: ast.AST, name: str) -> Iterator[ast.expr]:
    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                yield from _bound(target, node.value, name)
        elif isinstance(node, ast.AnnAssign | ast.AugAssign | ast.NamedExpr) and node.value is not None:
            yield from _bound(node.target, node.value, name)
        elif isinstance(node, ast.For | ast.comprehension):
            yield from _bound(node.target, node.iter, name)
        elif isinstance(node, ast.Call) and _called(node) == "append" and _called_on(node) == name:
            yield from node.args


def _bound(target: ast.expr, value: ast.expr, name: str) -> Iterator[ast.expr]:
    """The part of a value that is bound to a name."""
    if isinstance(target, ast.Name) and target.id == name:
        yield value
    elif isinstance(target, ast.Tuple):
        if isinstance(value, ast.Tuple) and len(value.elts) == len(target.elts):
            for one, part in zip(target.elts, value.elts, strict=True):
                yield from _bound(one, part, name)
        elif any(isinstance(one, ast.Name) and one.id == name for one in target.elts) and not isinstance(value, ast.Call):
            yield value


def _calls(tree: ast.Module) -> Iterator[tuple[ast.AST | None, ast.Call]]:
    """Every call, with the outermost function it stands in."""

    def walk(node: ast.AST, function: ast.AST | None) -> Iterator[tuple[ast.AST | None, ast.Call]]:
        for child in ast.iter_child_nodes(node):
            inner = child if function is None and isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) else function
            if isinstance(child, ast.Call):
                yield function, child
            yield from walk(child, inner)

    return walk(tree, None)


def _parts(node: ast.expr) -> Iterator["ast.expr | str"]:
    if isinstance(node, ast.JoinedStr):
        for value in node.values:
            if isinstance(value, ast.FormattedValue):
                yield value.value
            else:
                yield from _parts(value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        yield from _parts(node.left)
        yield from _parts(node.right)
    else:
        yield node


def _literal(text: str) -> str:
    return text.replace("{", "(").replace("}", ")") if "{" in text or "}" in text else text


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else call.func.id if isinstance(call.func, ast.Name) else ""


def _called_on(call: ast.Call) -> str:
    """The name whose method is called."""
    return call.func.value.id if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name) else ""


def _hole(node: ast.expr) -> str:
    """A word for a value."""
    if isinstance(node, ast.Name):
        return node.id.strip("_")
    if isinstance(node, ast.Attribute):
        return node.attr.strip("_")
    if isinstance(node, ast.Call):
        if (
            _called(node) in ("plural", "len", "when", "size", "fit", "relpath", "join", "sum", "str", "next", "repr")
            and node.args
        ):
            return _hole(node.args[0])
        return _called(node).strip("_") or "value"
    if isinstance(node, ast.Subscript | ast.Starred | ast.Await):
        return _hole(node.value)
    if isinstance(node, ast.GeneratorExp | ast.ListComp):
        return _hole(node.elt)
    if isinstance(node, ast.IfExp):
        return _hole(node.test)
    if isinstance(node, ast.BinOp):
        return _hole(node.left)
    if isinstance(node, ast.Compare):
        return _hole(node.left)
    if isinstance(node, ast.BoolOp):
        return _hole(node.values[0])
    return "value"


def said_as_they_are(root: Path = ROOT) -> list[Sentence]:
    """Sentences of two words and more that a command prints by `say`, which translates nothing."""
    found = []
    for file in sorted((root / "cli").glob("*.py")):
        module = _Module(ast.parse(file.read_text("utf-8")), file.name)
        for function, call in _calls(module.tree):
            if _called(call) == "say" and call.args:
                templates = _Scope(module, function).templates(call.args[0], 2)
                found += [
                    Sentence(one, f"{file.name}:{call.lineno}") for one in templates if SENTENCE.search(HOLE.sub("{}", one))
                ]
    return found


def missing() -> list[Sentence]:
    """Those without Chinese, each once."""
    from crawler.cli import complaints, labels, sentences, words

    nouns = [form for noun in labels.NOUNS for form in (noun, plural(noun), f"{{}} {noun}", f"{{}} {plural(noun)}")]
    table = (*sentences.SENTENCES, *complaints.COMPLAINTS, *words.CHINESE, *nouns, *AS_IT_IS.split(), *COMMANDS)
    have = {shape(english) for english in table}
    found = {shape(sentence.template): sentence for sentence in reversed(collected())}
    return [sentence for form, sentence in reversed(found.items()) if form not in have and ENGLISH.search(form)]


def main() -> None:
    """Print what has no Chinese yet."""
    for sentence in missing():
        print(f"    {sentence.template!r}: '',  # {sentence.place}")


if __name__ == "__main__":
    main()
