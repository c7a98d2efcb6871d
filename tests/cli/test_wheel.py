"""What a wheel brings, by what decides it; tests/tools/try_wheel.py builds one and uses it."""

import subprocess
import tomllib

from tests.tools.try_wheel import ROOT, expected


def test_a_wheel_brings_every_file_of_the_package_and_every_shipped_column() -> None:
    """The builder leaves out what .gitignore names, tracked or not, and what the build's own rules exclude."""
    names = expected()
    for ending in (".py", ".html", ".css", ".svg", ".txt", ".toml", ".json"):
        assert any(name.endswith(ending) for name in names), ending
    assert {name for name in names if name.startswith("crawler/config/columns/")} == {
        f"crawler/config/columns/{path.name}" for path in (ROOT / "config" / "sources").glob("*.toml")
    }
    target = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert set(target) == {"packages", "force-include"}
    tracked = [name for name in names if (ROOT / name).exists()]
    ignored = subprocess.run(
        ["git", "check-ignore", "--no-index", "--stdin"],
        cwd=ROOT,
        input="\n".join(tracked),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ignored.returncode, ignored.stdout) == (1, "")
