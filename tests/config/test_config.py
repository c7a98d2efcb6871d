"""Configuration: what works is read, what does not is named with file, line, column and remedy; all of it at once."""

import json
from pathlib import Path

import jsonschema
import pytest

from crawler.config.load import load
from crawler.config.places import Places
from crawler.errors import ConfigError, UsageError
from crawler.model import Request, Route
from crawler.parsers.notice import read_notice
from crawler.politeness.budget import Budget
from crawler.politeness.hours import Window
from crawler.record.schema import record_schema
from crawler.record.serial import as_json

ROOT = Path(__file__).parent.parent.parent
OPERATOR = '[operator]\nname = "测试"\ncontact = "mailto:a@example.org"\n'
START = 'title = "甲"\nstart = "http://a.example.cn/"\n'


def write(folder: Path, settings: str, **sources: str) -> Path:
    """A configuration in a folder."""
    (folder / "config" / "sources").mkdir(parents=True)
    for name, text in sources.items():
        (folder / "config" / "sources" / f"{name}.toml").write_text(text, "utf-8")
    path = folder / "config" / "gongkai.toml"
    path.write_text(settings, "utf-8")
    return path


def problems(path: Path) -> list[str]:
    """Every problem, without the folder."""
    with pytest.raises(ConfigError) as caught:
        load(path)
    return [problem.replace(f"{path.parent.parent}/", "") for problem in caught.value.problems]


def test_only_the_operator_and_a_source_s_title_and_start_are_required(tmp_path: Path) -> None:
    config = load(write(tmp_path, OPERATOR, a='title = "甲"\nstart = "http://a.example.cn/"\n'))
    assert config.sources["a"].start == (Request("http://a.example.cn/"),)
    assert not config.sources["a"].enabled
    assert (config.network.delay_ms, config.network.deadline_ms, config.network.max_body) == (2000, 60_000, 32 << 20)
    assert config.watch.ladder == tuple(day * 86_400_000 for day in (1, 3, 7, 30, 90))


def test_relative_paths_are_relative_to_the_folder_that_holds_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, OPERATOR)
    config = load(path)
    assert config.storage.archive == tmp_path / "data" / "warc"
    assert config.storage.database == f"sqlite:///{tmp_path}/data/gongkai.db"
    monkeypatch.setenv("GONGKAI_DATABASE", "postgresql://somebody@db/gongkai")
    monkeypatch.setenv("GONGKAI_ARCHIVE", "/srv/warc")
    assert (load(path).storage.database, load(path).storage.archive) == ("postgresql://somebody@db/gongkai", Path("/srv/warc"))


def test_an_api_s_start_has_method_body_and_headers(tmp_path: Path) -> None:
    start = 'start = [{ url = "http://a.example.cn/api", method = "POST", body = "page=1", headers = { "X-A" = "b" } }]\n'
    config = load(write(tmp_path, OPERATOR, a=f'title = "甲"\n{start}'))
    assert config.sources["a"].start == (Request("http://a.example.cn/api", "POST", (("X-A", "b"),), b"page=1"),)


def test_dated_detail_rules_come_newest_first(tmp_path: Path) -> None:
    rules = '[[detail]]\nbody = "#old"\n[[detail]]\nbody = "#new"\nsince = 2024-05-01\n'
    config = load(write(tmp_path, OPERATOR, a=f'title = "甲"\nstart = "http://a.example.cn/"\n{rules}'))
    assert [(rule.body, rule.since) for rule in config.sources["a"].read.details] == [("#new", "2024-05-01"), ("#old", None)]


def test_a_missing_contact_is_named_with_its_place(tmp_path: Path) -> None:
    assert problems(write(tmp_path, '[operator]\nname = "x"\n')) == [
        "config/gongkai.toml:1:1: operator.contact: required key is missing"
    ]
    assert "operator: required key is missing" in problems(write(tmp_path / "b", ""))[0]


def test_every_problem_of_every_file_is_told_at_once_in_its_place(tmp_path: Path) -> None:
    settings = (
        OPERATOR.replace("mailto:a@example.org", "me")
        + '[network]\ndelay = "soon"\nfoo = 1\n[schedule]\nlists = "0 8 * * 1"\ntimezone = "Asia/Peking"\n'
    )
    source = 'title = "甲"\nstart = ["http://a.example.cn/",\n         "ftp://b/"]\n[list]\nrow = "li"\n[expect]\nfill = { published = 7 }\n'
    found = problems(write(tmp_path, settings, demo=source, other="title = 1\nstrat = []\n"))
    places = [problem.split(": ")[0] + " " + problem.split(": ")[1] for problem in found]
    assert places == [
        "config/gongkai.toml:3:11 operator.contact",
        "config/gongkai.toml:5:9 network.delay",
        "config/gongkai.toml:6:1 network.foo",
        "config/gongkai.toml:8:9 schedule.lists",
        "config/gongkai.toml:9:12 schedule.timezone",
        "config/sources/demo.toml:3:10 start",
        "config/sources/demo.toml:5:1 list.row",
        "config/sources/demo.toml:7:22 expect.fill.published",
        "config/sources/other.toml:1:9 title",
        "config/sources/other.toml:2:1 strat",
    ]
    assert 'did you mean "rows"?' in "\n".join(found)
    assert 'did you mean "start"?' in "\n".join(found)
    assert "names such as mon-fri" in "\n".join(found)


def test_broken_toml_and_bytes_that_are_no_text_are_named(tmp_path: Path) -> None:
    assert problems(write(tmp_path, OPERATOR, a='title = "x\n'))[0].startswith("config/sources/a.toml:1:")
    path = write(tmp_path / "b", OPERATOR)
    (path.parent / "sources" / "x.toml").write_bytes(b"title = '\xff'")
    assert "not UTF-8" in problems(path)[0]


def test_a_pause_under_a_second_is_only_for_hosts_of_our_own(tmp_path: Path) -> None:
    hurried = '[network]\ndelay = "0s"\n'
    assert "under 1s only for hosts" in problems(write(tmp_path, OPERATOR + hurried))[0]
    assert load(write(tmp_path / "b", OPERATOR + hurried + 'connect = { "*" = "127.0.0.1:80" }\n')).network.delay_ms == 0
    own = OPERATOR + '[network]\nallow_private = ["127.0.0.0/8"]\n'
    source = 'title = "甲"\nstart = "http://{host}/"\n[politeness]\ndelay = "0s"\n'
    assert load(write(tmp_path / "c", own, a=source.format(host="127.0.0.3"))).sources["a"].politeness.delay_ms == 0
    assert "a.toml:4:9: politeness.delay" in problems(write(tmp_path / "d", own, a=source.format(host="a.example.cn")))[0]


def test_a_host_is_read_as_addresses_are(tmp_path: Path) -> None:
    config = load(write(tmp_path, OPERATOR, a=START + '[tls]\nhosts = ["WWW.示例.cn", "b.cn"]\n'))
    assert config.sources["a"].route.hosts == {"www.xn--fsq092h.cn", "b.cn"}


def test_a_source_names_its_proxy_and_its_tls_profile_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "middle.pem").write_text("x")
    tls = '[tls]\nprofile = "extra-intermediate"\nreason = "leaves one out"\ncertificates = "middle.pem"\n'
    config = load(write(tmp_path, OPERATOR, a=f'{START}[network]\nproxy = "http://proxy.example.org:3128"\n{tls}', b=START))
    assert config.sources["a"].route == Route(
        "http://proxy.example.org:3128",
        "extra-intermediate",
        "leaves one out",
        str(tmp_path / "middle.pem"),
        frozenset({"a.example.cn"}),
    )
    assert config.sources["b"].route == Route(hosts=frozenset({"a.example.cn"}))


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ('[tls]\nprofile = "insecure"\n', '4:11: tls.profile: insecure needs a reason beside it: reason = "…", kept with every capture'),
        ('[tls]\nprofile = "ssl3"\nreason = "x"\n', "4:11: tls.profile: no TLS profile of that name; expected one of modern, extra-intermediate"),
        ('[tls]\nprofile = "extra-intermediate"\nreason = "x"\n', "4:11: tls.profile: extra-intermediate needs certificates"),
        ('[tls]\ncertificates = "x.pem"\n', "4:16: tls.certificates: only the profile extra-intermediate uses them"),
        ('[tls]\nprofile = "extra-intermediate"\nreason = "x"\ncertificates = "no.pem"\n', "6:16: tls.certificates: there is no file"),
        ('[tls]\nhosts = ["https://b.cn"]\n', "4:10: tls.hosts: expected a host name, without scheme, port and path"),
        ('[tls]\nhosts = ["b.cn:8443"]\n', "4:10: tls.hosts: expected a host name, without scheme, port and path"),
        ('[network]\nproxy = "socks5://127.0.0.1:1"\n', '4:9: network.proxy: expected "http://host:port", without user and password'),
        ('[network]\nproxy = "http://user:word@proxy.example:1"\n', '4:9: network.proxy: expected "http://host:port"'),
    ],
)  # fmt: skip
def test_what_a_source_says_of_its_way_is_checked_with_its_place(table: str, told: str, tmp_path: Path) -> None:
    (found,) = problems(write(tmp_path, OPERATOR, a=START + table))
    assert found.startswith(f"config/sources/a.toml:{told}")
    assert "word" not in found.replace("user and password", "")


def test_pictures_are_read_by_the_languages_that_the_settings_name(tmp_path: Path) -> None:
    assert load(write(tmp_path / "a", OPERATOR)).attachments.ocr == ""
    assert load(write(tmp_path / "b", f"{OPERATOR}[attachments]\nocr = 'chi_sim+eng'\n")).attachments.ocr == "chi_sim+eng"
    wrong = problems(write(tmp_path / "c", f"{OPERATOR}[attachments]\nocr = '-l x; rm'\n"))
    assert len(wrong) == 1
    assert "attachments.ocr" in wrong[0]


def test_no_configuration_names_the_command_that_writes_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="gongkai init"):
        load(tmp_path / "config" / "gongkai.toml")


def test_the_shipped_example_and_sources_are_right_and_turned_off(tmp_path: Path) -> None:
    example = (ROOT / "config" / "gongkai.example.toml").read_text("utf-8")
    assert (ROOT / "crawler" / "config" / "example.toml").read_text("utf-8") == example
    shipped = {file.stem: file.read_text("utf-8") for file in (ROOT / "config" / "sources").glob("*.toml")}
    config = load(write(tmp_path, example, **shipped))
    assert len(config.sources) >= 4
    assert not [source.id for source in config.sources.values() if source.enabled]
    assert all(source.verified for source in config.sources.values())


def test_every_value_of_a_nasty_file_is_found_at_its_place() -> None:
    text = '# [x]\ntitle = "a # [b] \\" " # c\nmulti = """\n[no]\nx = "y"\n"""\n"quoted key".\'a.b\'.c = 1_000\n[a]\nlist = [\n  "one", # [\n  { e = \'f,}\' },\n]\n[[s]]\nid = 1\n[[s]]\nid = 2\n'
    places = Places(text)
    assert places.value(("title",)) == (2, 9)
    assert places.key(("quoted key", "a.b", "c")) == (7, 1)
    assert places.value(("a", "list", 1, "e")) == (11, 9)
    assert places.value(("s", 1, "id")) == (16, 6)


def test_the_committed_record_schema_is_today_s_and_records_obey_it() -> None:
    committed = json.loads((ROOT / "docs" / "record.schema.json").read_text("utf-8"))
    assert committed == record_schema()
    from crawler.record.normalize import record

    draft = read_notice((ROOT / "crawler" / "demo" / "sample" / "annotated.txt").read_text("utf-8"))
    made = as_json(record(draft, url="http://a.example.cn/", final_url=None, at=1_700_000_000_000))
    jsonschema.validate(made, committed)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**made, "clicks": "many"}, committed)


def test_a_mapping_of_json_is_read_and_its_errors_stand_at_their_keys(tmp_path: Path) -> None:
    good = '[detail.json]\naddress = "/api/{id}"\ntitle = "data.0.title"\ndoc_no = "data.0.no?"\n'
    source = load(write(tmp_path / "good", OPERATOR, a=START + good)).sources["a"]
    assert source.read.details[0].json == (("address", "/api/{id}"), ("title", "data.0.title"), ("doc_no", "data.0.no?"))
    bad = '[detail]\nparts = "div"\n[detail.json]\ntitel = "x"\nbody = "data..html"\n'
    assert problems(write(tmp_path / "bad", OPERATOR, a=START + bad)) == [
        "config/sources/a.toml:5:1: detail.json.title: required key is missing",
        'config/sources/a.toml:6:1: detail.json.titel: unknown key; did you mean "title"?',
        'config/sources/a.toml:7:8: detail.json.body: expected a dotted path such as "data.list" or "items.0.title", with ? behind it where it may be missing (got \'data..html\')',
    ]


PAGERS = {
    'next = { kind = "parameter", name = "pageNo", from = 0 }': None,
    'next = { kind = "numbered", rest = "index_{n}.html" }': None,
    'next = "none"': None,
    'next = { kind = "paramter", name = "p" }': r"demo.toml:4:8: list.next: unknown pager 'paramter'; known: auto, none, parameter",
    'next = { kind = "parameter" }': r"demo.toml:4:8: list.next: pager 'parameter' needs name",
    'next = { kind = "range", begin = "a" }': r"pager 'range' knows no begin; it knows end, start",
    'next = { kind = "numbered", rest = "index.html" }': r"rest must hold \{n\}",
    'next = { kind = "parameter", name = "p", step = 0 }': r"step must be a number",
    'rows = "li[["': r"demo.toml:4:8: list.rows: not a CSS selector",
    'only = "t(\\\\d+"': r"demo.toml:4:8: list.only: not a regular expression",
}


@pytest.mark.parametrize("line", PAGERS)
def test_a_list_s_pager_selectors_and_patterns_are_checked_with_their_place(line: str, tmp_path: Path) -> None:
    path = write(tmp_path, OPERATOR, demo=f'title = "x"\nstart = "http://a.example/"\n[list]\n{line}\n')
    wanted = PAGERS[line]
    if wanted is None:
        assert load(path).sources["demo"].read.list.next in line
        return
    with pytest.raises(ConfigError, match=wanted):
        load(path)


def test_visiting_hours_and_budgets_are_read_and_a_source_s_own_limits_win(tmp_path: Path) -> None:
    settings = OPERATOR + '[storage]\nkeep_free = "2GB"\n[budget]\nrequests = 500\nbytes = "1GB"\n'
    source = START + '[politeness]\nwindow = "08:00-20:00"\n[budget]\nrequests = 50\ntime = "1h"\n'
    config = load(write(tmp_path, settings, a=source, b=START))
    assert config.storage.keep_free == 2 << 30
    assert config.sources["a"].politeness.window == Window(480, 1200, "Asia/Shanghai")
    assert config.sources["a"].budget == Budget(50, 1 << 30, 3_600_000)
    assert config.sources["b"].budget == config.budget == Budget(500, 1 << 30, None)
    assert config.sources["b"].politeness.window is None


@pytest.mark.parametrize("hours", ["8-20", "08:00-08:00", "25:00-26:00", "08:60-09:00", "08:00"])
def test_hours_that_are_none_are_named_with_their_place(hours: str, tmp_path: Path) -> None:
    found = problems(write(tmp_path, OPERATOR, a=START + f'[politeness]\nwindow = "{hours}"\n'))
    assert found == [
        f'config/sources/a.toml:4:10: politeness.window: expected hours of the day such as "08:00-20:00" (got {hours!r})'
    ]
