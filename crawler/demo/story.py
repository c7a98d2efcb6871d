"""The demo's configuration: an archive of its own, three columns, thresholds that are days in life shortened to seconds."""

from pathlib import Path

from crawler.demo.site import HOSTS, LANWAN, QINGHE, SONGLING

IDS = {LANWAN: "lanwan", QINGHE: "qinghe", SONGLING: "songling"}
TITLES = {LANWAN: "蓝湾区人民政府 政府信息公开", QINGHE: "青河县人民政府 政府信息公开", SONGLING: "松岭市政府信息公开"}
SETTINGS = """# Written by gongkai demo. What is days in life is seconds here.
[operator]
name = "Gongkai demo"
contact = "mailto:demo@lanwan.test"

[network]
delay = "0s"                              # the demo's hosts are this machine; elsewhere at least a second
connect = {{ "*" = "127.0.0.1:{port}" }}    # every name is answered by the demo's own server

[watch]
revisit = ["1s", "1d"]                    # in life: 1, 3, 7, 30, 90 days
gone_misses = 2                           # in life: 3
gone_after = "1s"                         # in life: 14 days
"""
SOURCE = """title = "{title}"
start = ["http://{host}/zwgk/index.html"]
enabled = true

[expect]
rows = 5
"""


def write_config(folder: Path, port: int) -> Path:
    """Write the demo's configuration into a folder; the settings file."""
    sources = folder / "config" / "sources"
    sources.mkdir(parents=True, exist_ok=True)
    for host in HOSTS:
        (sources / f"{IDS[host]}.toml").write_text(SOURCE.format(title=TITLES[host], host=host), "utf-8")
    path = folder / "config" / "gongkai.toml"
    path.write_text(SETTINGS.format(port=port), "utf-8")
    return path
